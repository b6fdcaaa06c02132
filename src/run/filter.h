#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "run/event.h"

namespace sortie::run {

/// The tests a user chose. Patterns are matched against the test's name and against its id; repeated ones add up;
/// `!GLOB` takes away from what the others chose (from everything, when there are no others).
class Filter {
 public:
  explicit Filter(std::vector<std::string> patterns);
  [[nodiscard]] bool chooses(const TestId& id) const;

 private:
  std::vector<std::string> wanted_;
  std::vector<std::string> unwanted_;
};

/// Why nothing is left of `listed`, and which filter was probably meant.
std::string nothing_chosen(const std::vector<std::string>& patterns, const std::vector<TestId>& listed);
/// What runs of a suite's list: the tests that `filter` chooses and, unasked, the others of their units, which may need
/// them.
std::vector<suite::TestCase> choose(const Filter& filter, const std::string& suite_name,
                                    std::vector<suite::TestCase> listed);

}  // namespace sortie::run
