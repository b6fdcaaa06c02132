#include "suite/frameworks.h"
#include "suite/whole_suite.h"

namespace sortie::suite {
namespace {

/// Any executable: one test, exit status 0 is the only pass. Its environment follows the Bazel test contract
/// (https://bazel.build/reference/test-encyclopedia): a private TEST_TMPDIR; an XML_OUTPUT_FILE, which is not read,
/// because a test that says "passed" there and exits with 1 has failed.
class Plain final : public Framework {
 public:
  [[nodiscard]] std::string_view name() const override { return "plain"; }
  [[nodiscard]] bool recognises(std::string_view /*executable_bytes*/) const override { return true; }
  [[nodiscard]] CommandSpec listing(const std::string& /*scratch_folder*/) const override { return {}; }
  [[nodiscard]] Result<Listed> read_list(const ListOutput& /*output*/) const override {
    return fail(ErrorKind::internal, "a plain executable has nothing to list");
  }

  [[nodiscard]] CommandSpec selection(const std::vector<TestCase>& /*tests*/,
                                      const std::string& scratch_folder) const override {
    const std::string tmp = scratch_folder + "/tmp";
    const std::string outputs = scratch_folder + "/outputs";
    return {.env = {{"TEST_TMPDIR", tmp},
                    {"TEST_UNDECLARED_OUTPUTS_DIR", outputs},
                    {"XML_OUTPUT_FILE", scratch_folder + "/result.xml"},
                    {"TEST_TOTAL_SHARDS", "1"},
                    {"TEST_SHARD_INDEX", "0"}},
            .folders = {tmp, outputs},
            .cleared = {"TEST_TOTAL_SHARDS", "TEST_SHARD_INDEX", "TEST_SHARD_STATUS_FILE"}};
  }

  [[nodiscard]] std::unique_ptr<ResultReader> reader(const std::vector<TestCase>& tests) const override {
    return make_status_reader(tests);
  }
  [[nodiscard]] std::size_t selection_limit(const std::vector<TestCase>& /*tests*/) const override { return 1; }

  [[nodiscard]] std::optional<std::vector<TestCase>> fixed_list(const std::string& executable) const override {
    return std::vector<TestCase>{{.name = executable.substr(executable.rfind('/') + 1)}};
  }
};

}  // namespace

const Framework& plain() {
  static const Plain framework;
  return framework;
}

}  // namespace sortie::suite
