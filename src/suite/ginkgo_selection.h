#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "suite/protocol.h"

/// How specs are chosen in a process: by `focus`, a regular expression that Ginkgo matches with the suite's
/// description, a blank and the spec's text. Pure.
namespace sortie::suite {

/// What a spec's TestCase::handle says.
struct GinkgoHandle {
  std::string function;     ///< the Test function that calls RunSpecs; empty when it is not known
  std::string description;  ///< the suite's
  std::string text;         ///< the spec's, without the number that its name may have
  bool exact = true;        ///< `text` is Ginkgo's to the blank; otherwise each blank stands for some
};
std::string encode_handle(const GinkgoHandle& handle, const std::string& name);
/// Of a test without a handle: its name, and no description.
GinkgoHandle decode_handle(const TestCase& test);

/// The handle of a Test function beside the specs.
inline constexpr std::string_view k_plain_handle = "go";
inline bool is_plain_go(const TestCase& test) {
  return test.handle == k_plain_handle;
}

/// Patterns of which one matches a spec exactly when it is among `tests` or has the same text and description as one
/// of them. A trie that shares beginnings and, for numbered specs, ends: small, and fast for Go's matcher.
std::vector<std::string> ginkgo_focus(const std::vector<TestCase>& tests);

}  // namespace sortie::suite
