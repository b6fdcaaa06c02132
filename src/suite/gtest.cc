#include "suite/frameworks.h"
#include "suite/gtest_list.h"
#include "suite/gtest_reader.h"
#include "suite/namesakes.h"
#include "suite/text.h"
#include "suite/whole_suite.h"

namespace sortie::suite {
namespace {

/// A longer filter goes through a flag file: one argument is limited to 128 KiB by the kernel.
constexpr std::size_t k_filter_argument_limit = 16UL << 10;

/// Variables that take tests or results away: shards, filters, files and forms of output, brief output.
const std::vector<std::string>& cleared_variables() {
  static const std::vector<std::string> names{"GTEST_BRIEF",
                                              "GTEST_COLOR",
                                              "GTEST_FILTER",
                                              "GTEST_FLAGFILE",
                                              "GTEST_LIST_TESTS",
                                              "GTEST_OUTPUT",
                                              "GTEST_PRINT_TIME",
                                              "GTEST_SHARD_INDEX",
                                              "GTEST_SHARD_STATUS_FILE",
                                              "GTEST_TOTAL_SHARDS",
                                              "XML_OUTPUT_FILE",
                                              "TESTBRIDGE_TEST_ONLY",
                                              "TEST_PREMATURE_EXIT_FILE"};
  return names;
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

  [[nodiscard]] CommandSpec listing(const std::string& scratch_folder) const override {
    // The filter in the environment is for a suite that does not heed arguments: it runs none of its tests now, and
    // says in its file that it ran.
    const std::string file = scratch_folder + "/list.json";
    const std::string output = "json:" + file;
    return {.args = {"--gtest_list_tests", "--gtest_filter=*", "--gtest_output=" + output, "--gtest_color=no"},
            .env = {{"GTEST_FILTER", "-*"}, {"GTEST_OUTPUT", output}},
            .result_file = file,
            .cleared = cleared_variables()};
  }

  [[nodiscard]] Result<Listed> read_list(const ListOutput& output) const override { return read_gtest_list(output); }

  [[nodiscard]] CommandSpec selection(const std::vector<TestCase>& tests,
                                      const std::string& scratch_folder) const override {
    if (is_whole_suite(tests)) return {.env = {{"GTEST_COLOR", "no"}}, .cleared = cleared_variables()};
    std::string filter = "--gtest_filter=";
    const std::string* before = nullptr;
    for (const TestCase& test : tests) {
      const std::string& name = framework_name(test);
      if (before != nullptr && *before == name) continue;
      if (before != nullptr) filter += ':';
      filter += filter_pattern(name);
      before = &name;
    }
    const std::string result = scratch_folder + "/result.xml";
    CommandSpec invocation{.args = {"--gtest_color=no", "--gtest_print_time=1", "--gtest_output=xml:" + result},
                           .result_file = result,
                           .cleared = cleared_variables()};
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
    if (is_whole_suite(tests)) return make_status_reader(tests, {"[  FAILED  ] ", ": Failure"});
    return std::make_unique<GtestReader>(tests);
  }
};

}  // namespace

const Framework& gtest() {
  static const Gtest framework;
  return framework;
}

}  // namespace sortie::suite
