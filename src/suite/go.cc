#include <algorithm>

#include "suite/frameworks.h"
#include "suite/go_reader.h"
#include "suite/text.h"

namespace sortie::suite {
namespace {

/// The kernel takes 128 KiB in one argument.
constexpr std::size_t k_pattern_limit = 100UL << 10;

/// A line of the list is a name by Go's rule: `Test`, `Example` or `Fuzz`, and then nothing or no lower-case letter.
bool is_test_name(std::string_view line) {
  for (const std::string_view prefix : {"Test", "Example", "Fuzz"}) {
    if (!line.starts_with(prefix)) continue;
    const std::string_view rest = line.substr(prefix.size());
    if (!rest.empty() && rest[0] >= 'a' && rest[0] <= 'z') return false;
    return std::ranges::all_of(rest, [](char c) {
      return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
             static_cast<unsigned char>(c) >= 0x80;
    });
  }
  return false;
}

/// Go test binaries, `go test -c`. Benchmarks are not run.
class Go final : public Framework {
 public:
  [[nodiscard]] std::string_view name() const override { return "go"; }
  [[nodiscard]] std::string_view set_up() const override { return "TestMain or an init function"; }

  [[nodiscard]] bool recognises(std::string_view executable_bytes) const override {
    return contains(executable_bytes, "Go buildinf:") && contains(executable_bytes, "testing.(*M).Run");
  }

  [[nodiscard]] Invocation listing(const std::string& /*scratch_folder*/) const override {
    return {.args = {"-test.list", ".*"}};
  }

  [[nodiscard]] Result<Listed> read_list(const ListOutput& output) const override {
    if (output.status.signal != 0 || output.status.code != 0) {
      return fail(ErrorKind::protocol, "the suite failed when it was asked for its tests");
    }
    std::vector<TestCase> tests;
    for (const std::string_view line : split_lines(output.standard_output)) {
      if (is_test_name(line)) tests.push_back({.name = std::string(line)});
    }
    return Listed{std::move(tests)};
  }

  [[nodiscard]] Invocation selection(const std::vector<TestCase>& tests,
                                     const std::string& /*scratch_folder*/) const override {
    std::string pattern;
    for (const TestCase& test : tests) pattern += (pattern.empty() ? "" : "|") + quote_for_go(test.name);
    return {.args = {"-test.v", "-test.run", "^(" + pattern + ")$"}};
  }

  [[nodiscard]] std::unique_ptr<ResultReader> reader(const std::vector<TestCase>& tests) const override {
    return std::make_unique<GoReader>(tests);
  }

  [[nodiscard]] std::size_t selection_limit(const std::vector<TestCase>& tests) const override {
    return count_that_fit(tests, k_pattern_limit);
  }

  /// SIGQUIT: the runtime prints where every goroutine is.
  [[nodiscard]] int stop_signal() const override { return 3; }
};

}  // namespace

const Framework& go() {
  static const Go framework;
  return framework;
}

}  // namespace sortie::suite
