#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "suite/protocol.h"

/// Tests of one suite that their framework knows under one name: GoogleTest's RegisterTest allows it, and a Go package
/// and its external test package may both have a TestX. They are one unit, because the framework can only choose all of
/// them at once; the second is called `NAME #2`, as it comes in the suite's order, and each has its own result.
namespace sortie::suite {

/// What the framework calls the test.
inline const std::string& framework_name(const TestCase& test) {
  return test.unit.empty() ? test.name : test.unit;
}

/// Gives the later ones of a name their numbers, and all of them their unit.
void number_namesakes(std::vector<TestCase>& tests);

/// While a suite runs: which of the tests of a name is meant.
class Namesakes {
 public:
  explicit Namesakes(const std::vector<TestCase>& tests);

  /// The test of this name whose turn it is now; from the first one again when they are repeated. Empty for one that
  /// was not selected.
  std::string_view begin(std::string_view name);
  /// The test of this name that began last; the first before any has.
  [[nodiscard]] std::string_view current(std::string_view name) const;
  /// Whether any test of this name was selected.
  [[nodiscard]] bool knows(std::string_view name) const { return turns_.contains(name); }
  /// What the framework calls the test, and which of that name it is, from 0 on.
  struct Origin {
    std::string name;
    std::size_t index = 0;
  };
  [[nodiscard]] const Origin& origin(const std::string& test) const { return origins_.at(test); }

 private:
  struct Turn {
    std::vector<std::string> tests;  ///< empty where one was not selected
    bool several = false;
    std::size_t begun = 0;
  };
  static std::string_view nth(const Turn& turn, std::size_t index);

  std::map<std::string, Turn, std::less<>> turns_;
  std::map<std::string, Origin> origins_;
};

}  // namespace sortie::suite
