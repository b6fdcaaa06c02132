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

/// Go test binaries, `go test -c`. Benchmarks are not run.
class Go : public Framework {
 public:
  [[nodiscard]] std::string_view name() const override { return "go"; }
  [[nodiscard]] std::string_view set_up() const override { return "TestMain or an init function"; }

  [[nodiscard]] bool recognises(std::string_view executable_bytes) const override {
    return contains(executable_bytes, "Go buildinf:") && contains(executable_bytes, "testing.(*M).Run") &&
           contains(executable_bytes, "paniconexit0");
  }

  [[nodiscard]] Invocation listing(const std::string& /*scratch_folder*/) const override {
    return {.args = {"-test.list", ".*"}};
  }

  [[nodiscard]] Result<Listed> read_list(const ListOutput& output) const override { return read_go_list(output); }

  [[nodiscard]] Invocation selection(const std::vector<TestCase>& tests,
                                     const std::string& /*scratch_folder*/) const override {
    // A test that calls os.Exit(0) panics instead of ending the suite as if all were well.
    Invocation invocation{.args = {"-test.v", "-test.paniconexit0"}};
    if (is_whole_suite(tests)) return invocation;
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
};

/// Before Go 1.16 there was no -test.paniconexit0, and a test binary refuses flags that it does not know.
class OldGo final : public Go {
 public:
  [[nodiscard]] std::string_view name() const override { return "go-before-1.16"; }

  [[nodiscard]] bool recognises(std::string_view executable_bytes) const override {
    return contains(executable_bytes, "Go buildinf:") && contains(executable_bytes, "testing.(*M).Run");
  }

  [[nodiscard]] Invocation selection(const std::vector<TestCase>& tests,
                                     const std::string& scratch_folder) const override {
    Invocation invocation = Go::selection(tests, scratch_folder);
    std::erase(invocation.args, "-test.paniconexit0");
    return invocation;
  }
};

}  // namespace

const Framework& go() {
  static const Go framework;
  return framework;
}

const Framework& go_before_1_16() {
  static const OldGo framework;
  return framework;
}

}  // namespace sortie::suite
