#include "suite/gtest_list.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <utility>

#include "suite/namesakes.h"
#include "suite/text.h"
#include "suite/whole_suite.h"

namespace sortie::suite {
namespace {

namespace json = boost::json;

constexpr std::size_t k_list_limit = 64UL << 20;

/// GoogleTest's own rule, `DISABLED_*` or `*/DISABLED_*` for the suite or the test.
bool is_disabled_name(std::string_view name) {
  return name.starts_with("DISABLED_") || name.find("/DISABLED_") != std::string_view::npos;
}

TestCase make_test(std::string_view suite, std::string_view name) {
  return {.name = std::string(suite) + "." + std::string(name),
          .disabled = is_disabled_name(suite) || is_disabled_name(name)};
}

Result<json::value> parse_file(std::string_view text) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = 16;
  options.allow_invalid_utf8 = true;
  json::value value = json::parse(decode_byte_escapes(text), error, {}, options);
  if (error) return fail(ErrorKind::protocol, "the list is not JSON: " + error.message());
  return value;
}

/// What a run leaves has counts that a list has not.
bool is_of_a_run(const json::value& value) {
  return value.is_object() && value.as_object().contains("failures");
}

Result<std::vector<TestCase>> tests_of(const json::value& value) {
  std::vector<TestCase> tests;
  try {
    for (const json::value& suite : value.at("testsuites").as_array()) {
      const std::string_view suite_name = suite.at("name").as_string();
      for (const json::value& test : suite.at("testsuite").as_array()) {
        TestCase listed = make_test(suite_name, std::string_view(test.at("name").as_string()));
        if (const json::value* file = test.as_object().if_contains("file")) listed.file = file->as_string();
        if (const json::value* line = test.as_object().if_contains("line")) listed.line = line->to_number<int>();
        tests.push_back(std::move(listed));
      }
    }
  } catch (const std::exception&) {
    return fail(ErrorKind::protocol, "the list does not have GoogleTest's form");
  }
  return tests;
}

bool has_blank(std::string_view text) {
  return text.find_first_of(" \t") != std::string_view::npos;
}

/// `Suite.` without a dot or a blank in the name.
bool is_suite_line(std::string_view line) {
  return line.size() > 1 && line.ends_with('.') && line.find('.') == line.size() - 1 && !has_blank(line);
}

bool is_test_line(std::string_view line) {
  return line.starts_with("  ") && line.size() > 2 && !has_blank(line.substr(2));
}

/// `Suite.` and, indented by two, `Test`, both with a comment after `  # `. Other lines are the suite's own words, as
/// long as none stands where it may hold the name of a suite: in front of a test.
Result<std::vector<TestCase>> read_text_list(std::string_view text) {
  std::vector<TestCase> tests;
  std::string_view suite;
  std::string_view other;
  for (const std::string_view whole : split_lines(text)) {
    const std::string_view line = whole.substr(0, whole.find("  # "));
    if (is_suite_line(line)) {
      suite = line.substr(0, line.size() - 1);
    } else if (!is_test_line(line)) {
      suite = {};
      other = whole;
    } else if (suite.empty()) {
      return fail(ErrorKind::protocol, "what the suite printed cannot be told from the names of its tests: \"" +
                                           abridge(other, 256) + "\" before \"" + abridge(trim(line), 256) + "\"");
    } else {
      tests.push_back(make_test(suite, trim(line)));
    }
  }
  if (!tests.empty() && !text.ends_with('\n')) return fail(ErrorKind::protocol, "the list of tests is cut off");
  return tests;
}

/// Linked in statically, from before 1.10: those write no file when they list.
bool is_old(std::string_view executable) {
  return executable.empty() || (contains(executable, "gtest_list_tests") && !contains(executable, "[  SKIPPED ] "));
}

Result<Listed> read_without_file(const ListOutput& output) {
  if (output.status != ExitStatus{}) {
    return fail(ErrorKind::protocol, "the suite failed when it was asked for its tests");
  }
  auto tests = read_text_list(output.standard_output);
  if (tests && (!tests->empty() || is_old(output.executable))) return Listed{*std::move(tests)};
  if (!tests && is_old(output.executable)) return std::unexpected(std::move(tests).error());
  return list_whole_suite(
      "the suite does not list its tests (its main does not heed --gtest_list_tests); it runs as one test");
}

bool runs_disabled_tests(const std::vector<std::string>& args) {
  return std::ranges::any_of(args, [](std::string_view arg) {
    constexpr std::string_view k_flag = "--gtest_also_run_disabled_tests";
    if (!arg.starts_with(k_flag)) return false;
    const std::string_view value = arg.substr(k_flag.size());
    return value.empty() ||
           (value.size() > 1 && value[0] == '=' && std::string_view("0fF").find(value[1]) == std::string_view::npos);
  });
}

}  // namespace

std::string decode_byte_escapes(std::string_view json) {
  std::string decoded;
  decoded.reserve(json.size());
  while (!json.empty()) {
    const std::size_t backslash = json.find('\\');
    decoded += json.substr(0, backslash);
    if (backslash == std::string_view::npos) break;
    json.remove_prefix(backslash);
    unsigned code = 0;
    const bool is_code = json.size() >= 6 && json.starts_with("\\u00") &&
                         std::from_chars(json.data() + 4, json.data() + 6, code, 16).ptr == json.data() + 6;
    if (is_code && code >= 0x80) {
      decoded += static_cast<char>(code);
      json.remove_prefix(6);
    } else {
      decoded += json.substr(0, 2);
      json.remove_prefix(std::min<std::size_t>(2, json.size()));
    }
  }
  return decoded;
}

Result<Listed> read_gtest_list(const ListOutput& output) {
  if (output.result_file.size() > k_list_limit) return fail(ErrorKind::protocol, "the list is larger than 64 MiB");
  if (output.result_file.empty()) return read_without_file(output);
  ASSIGN_OR_RETURN(const json::value value, parse_file(output.result_file));
  if (is_of_a_run(value)) {
    return list_whole_suite(
        "the suite runs its tests whatever its arguments are (its main does not give them to InitGoogleTest); it runs "
        "as one test");
  }
  ASSIGN_OR_RETURN(std::vector<TestCase> tests, tests_of(value));
  if (runs_disabled_tests(output.args)) {
    for (TestCase& test : tests) test.disabled = false;
  }
  number_namesakes(tests);
  Listed listed{std::move(tests)};
  if (output.status != ExitStatus{}) {
    // The file is written in one go and is whole.
    listed.notices.push_back("the suite ended with " +
                             (output.status.signal != 0 ? describe_signal(output.status.signal)
                                                        : "exit status " + std::to_string(output.status.code)) +
                             " after it had listed its tests; the list is complete");
  }
  return listed;
}

}  // namespace sortie::suite
