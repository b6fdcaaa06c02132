#include <algorithm>
#include <set>

#include "suite/frameworks.h"
#include "suite/ginkgo_listing.h"
#include "suite/ginkgo_reader.h"
#include "suite/ginkgo_report.h"
#include "suite/ginkgo_selection.h"
#include "suite/ginkgo_units.h"
#include "suite/text.h"

namespace sortie::suite {
namespace {

constexpr std::size_t k_list_limit = 64UL << 20;
/// The kernel takes 128 KiB in one argument, and some 2 MiB in all.
constexpr std::size_t k_argument_limit = 100UL << 10;
constexpr std::size_t k_arguments_limit = 1000UL << 10;
constexpr int k_focused_status = 197;
/// A list in another order tells containers apart unless they happen to keep theirs: rarely, when there are many specs.
constexpr std::size_t k_shuffles = 4;
constexpr std::size_t k_shuffles_of_many = 1;
constexpr std::size_t k_many_specs = 200;

std::vector<std::string> names_of(const std::vector<TestCase>& tests) {
  std::vector<std::string> names;
  names.reserve(tests.size());
  for (const TestCase& test : tests) names.push_back(test.name);
  return names;
}

std::string how_it_ended(const ExitStatus& status) {
  return status.signal != 0 ? describe_signal(status.signal) : "exit status " + std::to_string(status.code);
}

/// Only the Test function that runs the specs, when there are others.
void add_function(std::vector<std::string>& args, const std::string& function) {
  if (!function.empty()) args.push_back("-test.run=^" + quote_for_go(function) + "$");
}

/// What all versions have in common. Test functions beside the specs are Go's: processes are given to one kind alone.
class Ginkgo : public Framework {
 public:
  [[nodiscard]] CommandSpec listing(const std::string& scratch_folder) const override {
    return dry_run(scratch_folder, "list", {"-test.v"}, 1);
  }

  [[nodiscard]] std::optional<CommandSpec> further_listing(const ListOutput& output,
                                                           const std::string& scratch_folder) const override {
    if (output.further.empty()) return go().listing(scratch_folder);
    return std::nullopt;
  }

  [[nodiscard]] Result<Listed> read_list(const ListOutput& output) const override {
    if (output.result_file.size() > k_list_limit) return fail(ErrorKind::protocol, "the list is larger than 64 MiB");
    ASSIGN_OR_RETURN(const GinkgoReport report, read_dry_run(output));
    // Where Go's list cannot be read its functions run with every process, and their failures are the process's.
    const Result<Listed> go_list = output.further.empty() ? Listed{} : go().read_list(output.further[0]);
    const GinkgoFunctions functions =
        ginkgo_functions(go_list ? names_of(go_list->tests) : std::vector<std::string>(), output.standard_output);
    Listed listed{tests_of(report, functions, units(report, output))};
    add_notices(listed, report, functions, output);
    if (!go_list) {
      listed.notices.push_back("Test functions beside the specs run with each process, because Go's list is unclear: " +
                               describe(go_list.error()));
    }
    return listed;
  }

  [[nodiscard]] CommandSpec selection(const std::vector<TestCase>& tests,
                                      const std::string& scratch_folder) const override {
    if (is_plain_go(tests.front())) return go_before_1_20().selection(tests, scratch_folder);
    CommandSpec invocation = verbose_run(scratch_folder);
    add_function(invocation.args, decode_handle(tests.front()).function);
    for (std::string& focus : focus_arguments(tests)) invocation.args.push_back(std::move(focus));
    return invocation;
  }

  [[nodiscard]] std::unique_ptr<ResultReader> reader(const std::vector<TestCase>& tests) const override {
    if (!tests.empty() && is_plain_go(tests.front())) return go().reader(tests);
    return std::make_unique<GinkgoReader>(tests, parser());
  }

  [[nodiscard]] std::size_t selection_limit(const std::vector<TestCase>& tests) const override {
    const auto other = std::ranges::find_if(
        tests, [&](const TestCase& test) { return is_plain_go(test) != is_plain_go(tests.front()); });
    std::vector<TestCase> fitting(tests.begin(), other);
    if (!fitting.empty() && is_plain_go(fitting.front())) return go().selection_limit(fitting);
    while (fitting.size() > 1 && !fits(focus_arguments(fitting))) fitting.resize(fitting.size() / 2);
    return fitting.size();
  }

 protected:
  [[nodiscard]] virtual GinkgoReportParser parser() const = 0;
  [[nodiscard]] virtual CommandSpec dry_run(const std::string& scratch_folder, const std::string& file,
                                            std::vector<std::string> args, std::size_t seed) const = 0;
  [[nodiscard]] virtual CommandSpec verbose_run(const std::string& scratch_folder) const = 0;
  [[nodiscard]] virtual std::vector<std::string> focus_arguments(const std::vector<TestCase>& tests) const {
    std::string pattern;
    for (const std::string& focus : ginkgo_focus(tests)) pattern += (pattern.empty() ? "" : "|") + focus;
    return {"-ginkgo.focus=" + pattern};
  }
  /// Whole, or an error: a report file is written at once when the dry run is over.
  [[nodiscard]] virtual Result<GinkgoReport> read_dry_run(const ListOutput& output) const {
    auto report = parser()(output.result_file);
    if (!report) return fail(ErrorKind::protocol, "the suite left no report of its specs");
    if (report->total && *report->total != report->specs.size()) {
      return fail(ErrorKind::protocol, "the suite counts " + std::to_string(*report->total) +
                                           " specs, and its report has " + std::to_string(report->specs.size()));
    }
    return *std::move(report);
  }
  [[nodiscard]] virtual std::vector<std::string> units(const GinkgoReport& report, const ListOutput& /*output*/) const {
    return std::vector<std::string>(report.specs.size());
  }

 private:
  static bool fits(const std::vector<std::string>& arguments) {
    std::size_t size = 0;
    for (const std::string& argument : arguments) {
      size += argument.size();
      if (argument.size() > k_argument_limit) return false;
    }
    return size <= k_arguments_limit;
  }

  [[nodiscard]] std::vector<TestCase> tests_of(const GinkgoReport& report, const GinkgoFunctions& functions,
                                               const std::vector<std::string>& units) const {
    GinkgoNames names;
    std::set<std::string> taken;
    std::vector<TestCase> tests;
    for (std::size_t i = 0; i < report.specs.size(); ++i) {
      const GinkgoSpec& spec = report.specs[i];
      TestCase test{.name = names.next(spec.text),
                    .file = spec.file,
                    .line = spec.line,
                    .disabled = spec.pending,
                    .unit = units[i],
                    .serial = spec.serial};
      const bool exact = !spec.raw_text.empty();
      test.handle = encode_handle({.function = functions.plain.empty() ? "" : functions.runs_specs,
                                   .description = report.description,
                                   .text = exact ? spec.raw_text : spec.text,
                                   .exact = exact},
                                  test.name);
      taken.insert(test.name);
      tests.push_back(std::move(test));
    }
    for (const std::string& name : functions.plain) {
      if (!taken.contains(name)) tests.push_back({.name = name, .handle = std::string(k_plain_handle)});
    }
    return tests;
  }

  static void add_notices(Listed& listed, const GinkgoReport& report, const GinkgoFunctions& functions,
                          const ListOutput& output) {
    const bool well = output.status.signal == 0 && (output.status.code == 0 || output.status.code == k_focused_status);
    // The other Test functions run for real when the specs are listed; their own run tells of them.
    const bool others_failed =
        output.status.code == 1 && !functions.plain.empty() &&
        output.standard_output.find("--- FAIL: " + functions.runs_specs + " ") == std::string::npos;
    if (!well && !others_failed) {
      listed.notices.push_back("the suite ended with " + how_it_ended(output.status) +
                               " when it listed its tests; the list is whole and is used");
    }
    if (report.total && *report.total > report.specs.size()) {
      listed.notices.push_back(std::to_string(*report.total - report.specs.size()) +
                               " specs are left out by a focus in the source and not named");
    }
  }
};

/// Ginkgo 1.11 to 1.16: with a report file.
class Ginkgo1 : public Ginkgo {
 public:
  [[nodiscard]] std::string_view name() const override { return "ginkgo1"; }
  [[nodiscard]] std::string_view set_up() const override { return "what runs before the specs"; }
  [[nodiscard]] bool recognises(std::string_view executable_bytes) const override {
    return calls_run_specs(executable_bytes) && writes_reports(executable_bytes);
  }

 protected:
  /// A test binary that calls RunSpecs of this import path; it is in the table of function names, which stripping
  /// leaves.
  static bool calls_run_specs(std::string_view executable_bytes) {
    return contains(executable_bytes, "Go buildinf:") && contains(executable_bytes, "github.com/onsi/ginkgo.RunSpecs");
  }
  /// The explanation of `-ginkgo.reportFile`.
  static bool writes_reports(std::string_view executable_bytes) {
    return contains(executable_bytes, "Override the default reporter output file path");
  }
  [[nodiscard]] GinkgoReportParser parser() const override { return parse_ginkgo_junit; }
  [[nodiscard]] CommandSpec dry_run(const std::string& scratch_folder, const std::string& file,
                                    std::vector<std::string> args, std::size_t seed) const override {
    const std::string report = scratch_folder + "/" + file + ".xml";
    args.insert(args.end(), {"-ginkgo.dryRun", "-ginkgo.noColor", "-ginkgo.seed=" + std::to_string(seed),
                             "-ginkgo.reportFile=" + report});
    return {.args = std::move(args), .result_file = report};
  }
  [[nodiscard]] CommandSpec verbose_run(const std::string& scratch_folder) const override {
    const std::string report = scratch_folder + "/result.xml";
    return {.args = {"-ginkgo.v", "-ginkgo.noColor", "-ginkgo.seed=1", "-ginkgo.reportFile=" + report},
            .result_file = report};
  }
};

/// Ginkgo 1.2 to 1.10, which write no report: the output says everything.
class EarlyGinkgo final : public Ginkgo1 {
 public:
  [[nodiscard]] std::string_view name() const override { return "ginkgo1-early"; }
  [[nodiscard]] bool recognises(std::string_view executable_bytes) const override {
    return calls_run_specs(executable_bytes) && !writes_reports(executable_bytes);
  }

 protected:
  [[nodiscard]] GinkgoReportParser parser() const override { return nullptr; }
  [[nodiscard]] CommandSpec dry_run(const std::string& /*scratch_folder*/, const std::string& /*file*/,
                                    std::vector<std::string> args, std::size_t seed) const override {
    args.insert(args.end(), {"-ginkgo.dryRun", "-ginkgo.v", "-ginkgo.noColor", "-ginkgo.noisyPendings",
                             "-ginkgo.seed=" + std::to_string(seed)});
    return {.args = std::move(args)};
  }
  [[nodiscard]] CommandSpec verbose_run(const std::string& /*scratch_folder*/) const override {
    return {.args = {"-ginkgo.v", "-ginkgo.noColor", "-ginkgo.seed=1"}};
  }
  [[nodiscard]] Result<GinkgoReport> read_dry_run(const ListOutput& output) const override {
    return read_ginkgo_dry_run(output.standard_output);
  }
};

/// Ginkgo 2. Its own time limit for the suite is put out of the way: the harness has one for each test.
class Ginkgo2 final : public Ginkgo {
 public:
  [[nodiscard]] std::string_view name() const override { return "ginkgo2"; }
  [[nodiscard]] std::string_view set_up() const override { return "what runs before the specs"; }
  [[nodiscard]] bool recognises(std::string_view executable_bytes) const override {
    return contains(executable_bytes, "Go buildinf:") &&
           contains(executable_bytes, "github.com/onsi/ginkgo/v2.RunSpecs");
  }
  /// First Go's own list; then, when the report leaves open which containers are Ordered, the specs in other orders.
  [[nodiscard]] std::optional<CommandSpec> further_listing(const ListOutput& output,
                                                           const std::string& scratch_folder) const override {
    if (auto first = Ginkgo::further_listing(output, scratch_folder)) return first;
    const auto report = parser()(output.result_file);
    if (!report || !units_are_ambiguous(*report)) return std::nullopt;
    const std::size_t shuffles = report->specs.size() > k_many_specs ? k_shuffles_of_many : k_shuffles;
    const std::size_t count = output.further.size();
    if (count > shuffles) return std::nullopt;
    return dry_run(scratch_folder, "list" + std::to_string(count), {"--ginkgo.randomize-all"}, count + 1);
  }

 protected:
  [[nodiscard]] GinkgoReportParser parser() const override { return parse_ginkgo_json; }
  [[nodiscard]] CommandSpec dry_run(const std::string& scratch_folder, const std::string& file,
                                    std::vector<std::string> args, std::size_t seed) const override {
    const std::string report = scratch_folder + "/" + file + ".json";
    args.insert(args.end(), {"--ginkgo.dry-run", "--ginkgo.no-color", "--ginkgo.seed=" + std::to_string(seed),
                             "--ginkgo.json-report=" + report});
    return {.args = std::move(args), .result_file = report};
  }
  [[nodiscard]] CommandSpec verbose_run(const std::string& scratch_folder) const override {
    const std::string report = scratch_folder + "/result.json";
    return {.args = {"--ginkgo.v", "--ginkgo.no-color", "--ginkgo.seed=1", "--ginkgo.timeout=24h",
                     "--ginkgo.json-report=" + report},
            .result_file = report};
  }
  /// Several are one or the other.
  [[nodiscard]] std::vector<std::string> focus_arguments(const std::vector<TestCase>& tests) const override {
    std::vector<std::string> arguments;
    for (const std::string& focus : ginkgo_focus(tests)) arguments.push_back("--ginkgo.focus=" + focus);
    return arguments;
  }
  [[nodiscard]] std::vector<std::string> units(const GinkgoReport& report, const ListOutput& output) const override {
    std::vector<GinkgoReport> shuffled;
    for (std::size_t i = 1; i < output.further.size(); ++i) {
      if (auto other = parser()(output.further[i].result_file)) shuffled.push_back(*std::move(other));
    }
    return ginkgo_units(report, shuffled);
  }
};

}  // namespace

const Framework& ginkgo1() {
  static const Ginkgo1 framework;
  return framework;
}

const Framework& early_ginkgo() {
  static const EarlyGinkgo framework;
  return framework;
}

const Framework& ginkgo2() {
  static const Ginkgo2 framework;
  return framework;
}

}  // namespace sortie::suite
