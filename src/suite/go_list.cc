#include "suite/go_list.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "suite/go_functions.h"
#include "suite/namesakes.h"
#include "suite/text.h"
#include "suite/whole_suite.h"

namespace sortie::suite {
namespace {

std::string how_it_ended(const ExitStatus& status) {
  if (status.signal != 0) return describe_signal(status.signal);
  return "exit status " + std::to_string(status.code);
}

bool ended_well(const ExitStatus& status) {
  return status == ExitStatus{};
}

/// What the testing package prints when it has run tests.
bool has_run(const std::vector<std::string_view>& lines) {
  return std::ranges::any_of(lines, [](std::string_view line) { return line == "PASS" || line == "FAIL"; });
}

Result<Listed> cannot_list() {
  return fail(ErrorKind::protocol, "the suite failed when it was asked for its tests");
}

/// For executables that do not tell which names are tests.
Result<Listed> read_names_only(const ListOutput& output) {
  if (!ended_well(output.status)) return cannot_list();
  std::vector<TestCase> tests;
  std::set<std::string_view> seen;
  const std::vector<std::string_view> lines = split_lines(output.standard_output);
  if (has_run(lines)) {
    return list_whole_suite("the suite ran when it was asked for its tests; it runs as one test");
  }
  for (const std::string_view line : lines) {
    if (!is_go_test_name(line)) {
      return fail(ErrorKind::protocol,
                  "the suite printed beside its tests' names, and the executable does not show which names are tests: "
                  "\"" +
                      abridge(line, 256) + "\"");
    }
    if (line.starts_with("Benchmark") || !seen.insert(line).second) continue;
    tests.push_back({.name = std::string(line)});
  }
  if (!output.standard_output.empty() && !output.standard_output.ends_with('\n')) {
    return fail(ErrorKind::protocol, "the list of tests is cut off");
  }
  return Listed{std::move(tests)};
}

/// The printed names of `known` functions, each at its first place. A line counts for the longest name it ends with.
std::vector<std::string> printed_names(const std::vector<std::string_view>& lines,
                                       const std::map<std::string_view, std::vector<const GoTestFunction*>>& known) {
  std::vector<std::string> printed;
  std::set<std::string_view> seen;
  for (const std::string_view line : lines) {
    for (std::size_t at = line.find_first_of("TEF"); at < line.size(); at = line.find_first_of("TEF", at + 1)) {
      const auto found = known.find(line.substr(at));
      if (found == known.end() || (found->first == "TestMain" && at > 0)) continue;
      if (seen.insert(found->first).second) printed.emplace_back(found->first);
      break;
    }
  }
  return printed;
}

}  // namespace

Result<Listed> read_go_list(const ListOutput& output) {
  const std::vector<GoTestFunction> functions = go_test_functions(output.executable);
  if (functions.empty()) return read_names_only(output);

  const std::vector<std::string_view> lines = split_lines(output.standard_output);
  std::map<std::string_view, std::vector<const GoTestFunction*>> known;
  for (const GoTestFunction& function : functions) known[function.name].push_back(&function);
  std::vector<std::string> names = printed_names(lines, known);
  // Examples without an expected output are no tests, and TestMain is none where it takes a *testing.M.
  std::vector<std::string> unprinted;
  for (const auto& [name, twins] : known) {
    if (name == "TestMain" || name.starts_with("Example") || std::ranges::find(names, name) != names.end()) continue;
    unprinted.emplace_back(name);
  }
  const bool all_printed = unprinted.empty();
  if (names.empty() ? !all_printed || has_run(lines) : !all_printed && has_run(lines)) {
    if (!ended_well(output.status) && !has_run(lines)) return cannot_list();
    return list_whole_suite(
        "the suite does not list its tests (its TestMain does not heed -test.list); it runs as one test");
  }
  Listed listed;
  if (!all_printed) {
    std::string text = "the suite did not list all tests that its executable has; these are run too:";
    for (const std::string& name : unprinted) text += " " + name;
    listed.notices.push_back(abridge(text, 1024));
    names.insert(names.end(), unprinted.begin(), unprinted.end());
  }
  if (!ended_well(output.status)) {
    listed.notices.push_back("the suite ended with " + how_it_ended(output.status) +
                             " after it had listed its tests; the list is complete");
  }
  for (const std::string& name : names) {
    for (const GoTestFunction* function : known.find(name)->second) {
      listed.tests.push_back({.name = name, .file = function->file, .line = function->line});
    }
  }
  number_namesakes(listed.tests);
  return listed;
}

}  // namespace sortie::suite
