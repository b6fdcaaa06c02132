#include "harness/units.h"

#include <map>
#include <set>
#include <string>

namespace sortie::harness {

using suite::TestCase;

std::vector<std::vector<TestCase>> split_units(const std::vector<TestCase>& tests) {
  std::vector<std::vector<TestCase>> units;
  std::map<std::string, std::size_t> known;
  for (const TestCase& test : tests) {
    const auto [entry, added] = known.try_emplace(test.unit, units.size());
    if (test.unit.empty() || added) {
      units.push_back({test});
    } else {
      units[entry->second].push_back(test);
    }
  }
  return units;
}

std::vector<TestCase> with_needed(const std::vector<TestCase>& tests, const std::vector<TestCase>& all) {
  std::set<std::string> wanted;
  std::map<std::string, std::size_t> left;  // by unit, how many of `tests` are still to come
  for (const TestCase& test : tests) {
    wanted.insert(test.name);
    if (!test.unit.empty()) ++left[test.unit];
  }
  if (left.empty()) return tests;
  std::vector<TestCase> complete;
  for (const TestCase& test : all) {
    const auto unit = left.find(test.unit);
    const bool needed = unit != left.end() && unit->second > 0 && !test.disabled;
    if (!needed && !wanted.contains(test.name)) continue;
    complete.push_back(test);
    complete.back().unasked = !wanted.contains(test.name);
    if (needed && !complete.back().unasked) --unit->second;
  }
  return complete;
}

}  // namespace sortie::harness
