#include "suite/namesakes.h"

#include <algorithm>
#include <utility>

#include "suite/text.h"

namespace sortie::suite {
namespace {

constexpr long k_number_limit = 100'000;

/// 2 for `NAME #2`, 1 for NAME itself.
std::size_t number_of(const TestCase& test) {
  if (test.name.size() <= test.unit.size() + 2 || test.unit.empty()) return 1;
  const auto number = parse_number(std::string_view(test.name).substr(test.unit.size() + 2));
  return number && *number > 0 && *number < k_number_limit ? static_cast<std::size_t>(*number) : 1;
}

}  // namespace

void number_namesakes(std::vector<TestCase>& tests) {
  std::map<std::string, std::size_t, std::less<>> totals;
  for (const TestCase& test : tests) ++totals[test.name];
  std::map<std::string, std::size_t, std::less<>> counts;
  for (TestCase& test : tests) {
    if (totals[test.name] < 2) continue;
    test.unit = test.name;
    const std::size_t number = ++counts[test.unit];
    if (number > 1) test.name += " #" + std::to_string(number);
  }
}

Namesakes::Namesakes(const std::vector<TestCase>& tests) {
  for (const TestCase& test : tests) {
    Turn& turn = turns_[framework_name(test)];
    const std::size_t number = number_of(test);
    turn.tests.resize(std::max(turn.tests.size(), number));
    turn.tests[number - 1] = test.name;
    turn.several = !test.unit.empty();
    origins_[test.name] = {framework_name(test), number - 1};
  }
}

std::string_view Namesakes::nth(const Turn& turn, std::size_t index) {
  if (!turn.several) return turn.tests.front();
  return index < turn.tests.size() ? std::string_view(turn.tests[index]) : std::string_view();
}

std::string_view Namesakes::begin(std::string_view name) {
  const auto found = turns_.find(name);
  return found == turns_.end() ? std::string_view() : nth(found->second, found->second.begun++);
}

std::string_view Namesakes::current(std::string_view name) const {
  const auto found = turns_.find(name);
  if (found == turns_.end()) return {};
  const std::size_t begun = found->second.begun;
  return nth(found->second, begun > 0 ? begun - 1 : 0);
}

}  // namespace sortie::suite
