#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sortie::package {

/// `manifest.json` in the package: what is in it, without a word about the machine it was made on.
struct Manifest {
  struct Suite {
    std::string name;        ///< in test ids
    std::string executable;  ///< path in the package
    std::string sha256;      ///< of the executable as it was built, hexadecimal
    friend bool operator==(const Suite&, const Suite&) = default;
  };
  std::string architecture;  ///< Lambda's name: `x86_64`, `arm64`
  std::vector<Suite> suites;
  std::vector<std::string> libraries;  ///< paths in the package, sorted
  /// `lib/glibc` when the package brings its own C library: its programs' copies name its loader as their interpreter
  /// (docs/decisions/own-glibc.md), so nothing need be done to start them. Empty otherwise.
  std::string own_glibc;
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// The same manifest gives the same bytes.
std::string encode(const Manifest& manifest);
/// ErrorKind::config when it is not a manifest of this version. Limit: 1 MiB.
Result<Manifest> decode_manifest(std::string_view json);

}  // namespace sortie::package
