#include <algorithm>
#include <optional>
#include <set>

#include "suite/frameworks.h"
#include "suite/libtest_reader.h"
#include "suite/text.h"

namespace sortie::suite {
namespace {

/// All arguments together are limited to a quarter of the stack's size (execve(2)), 2 MiB as a rule.
constexpr std::size_t k_names_limit = 512UL << 10;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// `module::function`, as the compiler writes a test's name.
bool is_path(std::string_view name) {
  if (name.empty()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (is_word(name[i])) continue;
    const bool separates = name.substr(i, 2) == "::" && i > 0 && i + 2 < name.size() && is_word(name[i + 2]);
    if (!separates) return false;
    ++i;
  }
  return true;
}

/// The name at the end of `text` that the executable holds: what was printed without a newline before the list stands
/// in front of its first line. Empty when there is none.
std::string_view name_in(std::string_view text, std::string_view executable) {
  for (; !text.empty(); text.remove_prefix(1)) {
    if (is_path(text) && (executable.empty() || contains(executable, text))) return text;
  }
  return {};
}

/// `12 tests, 0 benchmarks`: the number of tests and of benchmarks.
std::optional<std::pair<long, long>> read_count(std::string_view line) {
  const std::size_t comma = line.find(", ");
  if (comma == std::string_view::npos) return std::nullopt;
  const auto number_of = [](std::string_view text, std::string_view what) -> std::optional<long> {
    if (text.ends_with('s')) text.remove_suffix(1);
    if (!text.ends_with(what)) return std::nullopt;
    text.remove_suffix(what.size());
    return parse_number(text);
  };
  const auto tests = number_of(line.substr(0, comma), " test");
  const auto benchmarks = number_of(line.substr(comma + 2), " benchmark");
  if (!tests || !benchmarks) return std::nullopt;
  return std::pair(*tests, *benchmarks);
}

/// The names of one `--list`, as many as it counts at its end: a list whose count is right has all of them, whatever
/// else was printed.
Result<std::vector<std::string>> read_names(const ListOutput& output, std::string_view executable) {
  std::vector<std::string> names;
  long benchmarks = 0;
  std::optional<std::pair<long, long>> count;
  for (std::string_view line : split_lines(output.standard_output)) {
    if (const auto found = read_count(line)) {
      count = found;
    } else if (line.ends_with(": test")) {
      const std::string_view name = name_in(line.substr(0, line.size() - 6), executable);
      if (!name.empty()) names.emplace_back(name);
    } else if (line.ends_with(": benchmark") || line.ends_with(": bench")) {
      ++benchmarks;
    }
  }
  if (!count) {
    return fail(ErrorKind::protocol, "the list has no end (\"N tests, M benchmarks\"); the suite printed: " +
                                         abridge(trim(output.standard_output + output.standard_error), 2000));
  }
  if (count->first != static_cast<long>(names.size()) || count->second != benchmarks) {
    return fail(ErrorKind::protocol, "the list counts " + std::to_string(count->first) + " tests and shows " +
                                         std::to_string(names.size()) + ": " +
                                         abridge(trim(output.standard_output), 2000));
  }
  return names;
}

bool chooses_ignored(const std::vector<std::string>& args) {
  return std::ranges::any_of(
      args, [](const std::string& argument) { return argument == "--ignored" || argument == "--include-ignored"; });
}

/// Rust's own test harness, in what `cargo test` builds.
class Libtest final : public Framework {
 public:
  [[nodiscard]] std::string_view name() const override { return "libtest"; }

  [[nodiscard]] bool recognises(std::string_view executable_bytes) const override {
    return contains(executable_bytes, "RUST_TEST_THREADS") && contains(executable_bytes, "RUST_TEST_NOCAPTURE");
  }

  [[nodiscard]] CommandSpec listing(const std::string& /*scratch_folder*/) const override {
    return {.args = {"--list", "--color=never"}, .cleared = cleared_variables()};
  }

  /// A list does not tell which of its tests are `#[ignore]`d.
  [[nodiscard]] std::optional<CommandSpec> further_listing(const ListOutput& output,
                                                           const std::string& /*scratch_folder*/) const override {
    if (!output.further.empty() || chooses_ignored(output.args)) return std::nullopt;
    return CommandSpec{.args = {"--list", "--color=never", "--ignored"}, .cleared = cleared_variables()};
  }

  [[nodiscard]] Result<Listed> read_list(const ListOutput& output) const override {
    ASSIGN_OR_RETURN(const auto names, read_names(output, output.executable));
    std::set<std::string> ignored;
    if (!output.further.empty()) {
      ASSIGN_OR_RETURN(const auto more, read_names(output.further.front(), output.executable));
      ignored.insert(more.begin(), more.end());
    }
    Listed listed;
    for (const std::string& name : names) listed.tests.push_back({.name = name, .disabled = ignored.contains(name)});
    return listed;
  }

  /// One at a time, so that what is printed has one owner, and nothing captured, so that it is seen at once.
  [[nodiscard]] CommandSpec selection(const std::vector<TestCase>& tests,
                                      const std::string& /*scratch_folder*/) const override {
    CommandSpec invocation{.args = {"--exact", "--test-threads=1", "--nocapture", "--color=never", "--format=pretty"},
                           .cleared = cleared_variables()};
    for (const TestCase& test : tests) invocation.args.push_back(test.name);
    return invocation;
  }

  [[nodiscard]] std::size_t selection_limit(const std::vector<TestCase>& tests) const override {
    return count_that_fit(tests, k_names_limit);
  }

  [[nodiscard]] std::unique_ptr<ResultReader> reader(const std::vector<TestCase>& tests) const override {
    return std::make_unique<LibtestReader>(tests);
  }

 private:
  static const std::vector<std::string>& cleared_variables() {
    static const std::vector<std::string> names{"RUST_TEST_NOCAPTURE", "RUST_TEST_SHUFFLE", "RUST_TEST_SHUFFLE_SEED",
                                                "RUST_TEST_THREADS"};
    return names;
  }
};

}  // namespace

const Framework& libtest() {
  static const Libtest framework;
  return framework;
}

}  // namespace sortie::suite
