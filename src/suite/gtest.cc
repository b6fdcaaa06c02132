#include <boost/json.hpp>

#include "suite/frameworks.h"
#include "suite/gtest_reader.h"
#include "suite/text.h"

namespace sortie::suite {
namespace {

namespace json = boost::json;

constexpr std::size_t k_list_limit = 64UL << 20;
/// A longer filter goes through a flag file: one argument is limited to 128 KiB by the kernel.
constexpr std::size_t k_filter_argument_limit = 16UL << 10;

/// GoogleTest's own rule, `DISABLED_*` or `*/DISABLED_*` for the suite or the test.
bool is_disabled_name(std::string_view name) {
  return name.starts_with("DISABLED_") || name.find("/DISABLED_") != std::string_view::npos;
}

TestCase make_test(std::string_view suite, std::string_view name) {
  return {.name = std::string(suite) + "." + std::string(name),
          .disabled = is_disabled_name(suite) || is_disabled_name(name)};
}

Result<std::vector<TestCase>> read_json_list(std::string_view text) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = 16;
  options.allow_invalid_utf8 = true;
  const json::value value = json::parse(text, error, {}, options);
  if (error) return fail(ErrorKind::protocol, "the list is not JSON: " + error.message());
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

/// For versions before 1.10, which write no file when they list: `Suite.` and, indented by two, `Test`, both
/// with a comment after `  # `.
std::vector<TestCase> read_text_list(std::string_view text) {
  std::vector<TestCase> tests;
  std::string_view suite;
  for (std::string_view line : split_lines(text)) {
    line = line.substr(0, line.find("  # "));
    if (!line.starts_with("  ") && line.ends_with('.')) {
      suite = line.substr(0, line.size() - 1);
    } else if (line.starts_with("  ") && !suite.empty() && !trim(line).empty()) {
      tests.push_back(make_test(suite, trim(line)));
    }
  }
  return tests;
}

/// The filter that matches `name`. What is special in a filter is matched as any character.
std::string filter_pattern(std::string name) {
  for (char& c : name) {
    if (c == ':' || c == '-' || c == '*') c = '?';
  }
  return name;
}

/// GoogleTest 1.8 and later.
class Gtest final : public Framework {
 public:
  [[nodiscard]] std::string_view name() const override { return "gtest"; }
  [[nodiscard]] std::string_view set_up() const override { return "SetUpTestSuite, a global environment or main"; }

  [[nodiscard]] bool recognises(std::string_view executable_bytes) const override {
    // The flag's name is in a suite that holds the library; the function's in one that is linked to libgtest.so.
    return contains(executable_bytes, "gtest_list_tests") ||
           contains(executable_bytes, "_ZN7testing8internal23MakeAndRegisterTestInfo");
  }

  [[nodiscard]] Invocation listing(const std::string& scratch_folder) const override {
    const std::string file = scratch_folder + "/list.json";
    return {.args = {"--gtest_list_tests", "--gtest_output=json:" + file, "--gtest_color=no"}, .result_file = file};
  }

  [[nodiscard]] Result<Listed> read_list(const ListOutput& output) const override {
    if (output.status.signal != 0 || output.status.code != 0) {
      return fail(ErrorKind::protocol, "the suite failed when it was asked for its tests");
    }
    if (output.result_file.size() > k_list_limit) return fail(ErrorKind::protocol, "the list is larger than 64 MiB");
    ASSIGN_OR_RETURN(std::vector<TestCase> tests, output.result_file.empty() ? read_text_list(output.standard_output)
                                                                             : read_json_list(output.result_file));
    return Listed{std::move(tests)};
  }

  [[nodiscard]] Invocation selection(const std::vector<TestCase>& tests,
                                     const std::string& scratch_folder) const override {
    std::string filter = "--gtest_filter=";
    for (const TestCase& test : tests) {
      if (!filter.ends_with('=')) filter += ':';
      filter += filter_pattern(test.name);
    }
    const std::string result = scratch_folder + "/result.xml";
    Invocation invocation{.args = {"--gtest_color=no", "--gtest_print_time=1", "--gtest_output=xml:" + result},
                          .result_file = result};
    if (filter.size() <= k_filter_argument_limit) {
      invocation.args.push_back(std::move(filter));
    } else {
      const std::string flags = scratch_folder + "/flags";
      invocation.args.push_back("--gtest_flagfile=" + flags);
      invocation.input_files.push_back({flags, filter + "\n"});
    }
    return invocation;
  }

  [[nodiscard]] std::unique_ptr<ResultReader> reader(const std::vector<TestCase>& tests) const override {
    return std::make_unique<GtestReader>(tests);
  }
};

}  // namespace

const Framework& gtest() {
  static const Gtest framework;
  return framework;
}

}  // namespace sortie::suite
