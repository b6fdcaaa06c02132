#include "run/filter.h"

namespace sortie::run {

bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

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

}  // namespace sortie::run
