#include <algorithm>

#include "suite/frameworks.h"
#include "suite/go_list.h"
#include "suite/go_reader.h"
#include "suite/namesakes.h"
#include "suite/text.h"
#include "suite/whole_suite.h"

namespace sortie::suite {
namespace {

/// The kernel takes 128 KiB in one argument.
constexpr std::size_t k_pattern_limit = 100UL << 10;

/// Go test binaries, `go test -c`, from Go 1.20 on: what the testing package prints itself is marked, so that a test
/// that prints the same says nothing. Benchmarks are not run.
class Go : public Framework {
 public:
  [[nodiscard]] std::string_view name() const override { return "go"; }
  [[nodiscard]] std::string_view set_up() const override { return "TestMain or an init function"; }

  [[nodiscard]] bool recognises(std::string_view executable_bytes) const override {
    return contains(executable_bytes, "Go buildinf:") && contains(executable_bytes, "testing.(*M).Run") &&
           contains(executable_bytes, "paniconexit0") && contains(executable_bytes, "test2json");
  }

  [[nodiscard]] CommandSpec listing(const std::string& /*scratch_folder*/) const override {
    return {.args = {"-test.list", ".*"}};
  }

  [[nodiscard]] Result<Listed> read_list(const ListOutput& output) const override { return read_go_list(output); }

  [[nodiscard]] CommandSpec selection(const std::vector<TestCase>& tests,
                                      const std::string& scratch_folder) const override {
    // A test that calls os.Exit(0) panics instead of ending the suite as if all were well.
    CommandSpec invocation{.args = {verbose(), "-test.paniconexit0"}};
    if (is_whole_suite(tests)) return {.args = {"-test.v", "-test.paniconexit0"}};
    add_end_proof(invocation, scratch_folder);
    std::string pattern;
    const std::string* before = nullptr;
    for (const TestCase& test : tests) {
      const std::string& name = framework_name(test);
      if (before != nullptr && *before == name) continue;
      before = &name;
      pattern += (pattern.empty() ? "" : "|") + quote_for_go(name);
    }
    invocation.args.insert(invocation.args.end(), {"-test.run", "^(" + pattern + ")$"});
    return invocation;
  }

  [[nodiscard]] std::unique_ptr<ResultReader> reader(const std::vector<TestCase>& tests) const override {
    if (is_whole_suite(tests)) return make_status_reader(tests, {"--- FAIL: ", "_test.go:"});
    return std::make_unique<GoReader>(tests);
  }

  [[nodiscard]] std::size_t selection_limit(const std::vector<TestCase>& tests) const override {
    return count_that_fit(tests, k_pattern_limit);
  }

  /// SIGQUIT: the runtime prints where every goroutine is.
  [[nodiscard]] int stop_signal() const override { return 3; }
  [[nodiscard]] char line_mark() const override { return k_go_mark; }

 protected:
  [[nodiscard]] virtual std::string verbose() const { return "-test.v=test2json"; }
  /// The testing package writes this log out when all tests have run, which shows that it came so far also where a
  /// test has put something else in the place of standard output.
  virtual void add_end_proof(CommandSpec& invocation, const std::string& scratch_folder) const {
    invocation.result_file = scratch_folder + "/testlog";
    invocation.args.push_back("-test.testlogfile=" + invocation.result_file);
  }
};

/// Before Go 1.20 there were no marks.
class UnmarkedGo : public Go {
 public:
  [[nodiscard]] std::string_view name() const override { return "go-before-1.20"; }
  [[nodiscard]] bool recognises(std::string_view executable_bytes) const override {
    return contains(executable_bytes, "Go buildinf:") && contains(executable_bytes, "testing.(*M).Run") &&
           contains(executable_bytes, "paniconexit0");
  }
  [[nodiscard]] char line_mark() const override { return '\0'; }

 protected:
  [[nodiscard]] std::string verbose() const override { return "-test.v"; }
  void add_end_proof(CommandSpec& /*invocation*/, const std::string& /*scratch_folder*/) const override {}
};

/// Before Go 1.16 there was no -test.paniconexit0, and a test binary refuses flags that it does not know.
class OldGo final : public UnmarkedGo {
 public:
  [[nodiscard]] std::string_view name() const override { return "go-before-1.16"; }

  [[nodiscard]] bool recognises(std::string_view executable_bytes) const override {
    return contains(executable_bytes, "Go buildinf:") && contains(executable_bytes, "testing.(*M).Run");
  }

  [[nodiscard]] CommandSpec selection(const std::vector<TestCase>& tests,
                                      const std::string& scratch_folder) const override {
    CommandSpec invocation = UnmarkedGo::selection(tests, scratch_folder);
    std::erase(invocation.args, "-test.paniconexit0");
    return invocation;
  }
};

}  // namespace

const Framework& go() {
  static const Go framework;
  return framework;
}

const Framework& go_before_1_20() {
  static const UnmarkedGo framework;
  return framework;
}

const Framework& go_before_1_16() {
  static const OldGo framework;
  return framework;
}

}  // namespace sortie::suite
