#include "run/filter.h"

#include <set>

#include "base/glob.h"
#include "base/suggest.h"

namespace sortie::run {

namespace {

bool any_matches(const std::vector<std::string>& patterns, const TestId& id) {
  const std::string text = id.text();
  for (const std::string& pattern : patterns) {
    if (glob_matches(pattern, id.test) || glob_matches(pattern, text)) return true;
  }
  return false;
}

}  // namespace

Filter::Filter(std::vector<std::string> patterns) {
  for (std::string& pattern : patterns) {
    if (pattern.starts_with('!')) {
      unwanted_.push_back(pattern.substr(1));
    } else {
      wanted_.push_back(std::move(pattern));
    }
  }
}

bool Filter::chooses(const TestId& id) const {
  return (wanted_.empty() || any_matches(wanted_, id)) && !any_matches(unwanted_, id);
}

std::string nothing_chosen(const std::vector<std::string>& patterns, const std::vector<TestId>& listed) {
  if (listed.empty()) return "the suites list no tests";
  std::string text = "none of " + std::to_string(listed.size()) + " tests matches --filter";
  for (const std::string& pattern : patterns) text += " '" + pattern + "'";
  std::vector<std::string> candidates;
  for (const TestId& id : listed) {
    candidates.push_back(id.test);
    candidates.push_back(id.text());
    if (const std::size_t dot = id.test.find('.'); dot != std::string::npos) {
      candidates.push_back(id.test.substr(0, dot) + ".*");
    }
  }
  for (const std::string& pattern : patterns) {
    const std::string meant = did_you_mean(pattern, candidates);
    if (!meant.empty() && !pattern.starts_with('!')) return text + "; " + meant;
  }
  return text;
}

std::vector<suite::TestCase> choose(const Filter& filter, const std::string& suite_name,
                                    std::vector<suite::TestCase> listed) {
  std::set<std::string> units;
  for (suite::TestCase& test : listed) {
    test.unasked = !filter.chooses({suite_name, test.name});
    if (!test.unasked) units.insert(test.unit);
  }
  std::erase_if(listed, [&](const suite::TestCase& test) {
    return test.unasked && (test.unit.empty() || !units.contains(test.unit));
  });
  return listed;
}

}  // namespace sortie::run
