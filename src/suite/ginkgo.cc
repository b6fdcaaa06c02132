#include <boost/json.hpp>
#include <pugixml.hpp>

#include "suite/frameworks.h"
#include "suite/ginkgo_reader.h"
#include "suite/text.h"

namespace sortie::suite {
namespace {

namespace json = boost::json;

constexpr std::size_t k_list_limit = 64UL << 20;
/// The kernel takes 128 KiB in one argument; blanks are four times as long in the pattern.
constexpr std::size_t k_focus_limit = 32UL << 10;
constexpr std::size_t k_message_limit = 32 * 1024;
constexpr int k_focused_status = 197;

/// What both versions have in common.
class Ginkgo : public Framework {
 public:
  [[nodiscard]] Result<Listed> read_list(const ListOutput& output) const override {
    if (output.status.signal != 0 || (output.status.code != 0 && output.status.code != k_focused_status)) {
      return fail(ErrorKind::protocol, "the suite failed when it was asked for its tests");
    }
    if (output.result_file.size() > k_list_limit) return fail(ErrorKind::protocol, "the list is larger than 64 MiB");
    const auto report = parser()(output.result_file);
    if (!report) return fail(ErrorKind::protocol, "the suite left no report of its specs");
    return Listed{ginkgo_tests(*report)};
  }
  [[nodiscard]] std::unique_ptr<ResultReader> reader(const std::vector<TestCase>& tests) const override {
    return std::make_unique<GinkgoReader>(tests, parser());
  }
  [[nodiscard]] std::size_t selection_limit(const std::vector<TestCase>& tests) const override {
    return count_that_fit(tests, k_focus_limit);
  }

 protected:
  [[nodiscard]] virtual GinkgoReportParser parser() const = 0;
};

/// Version 1 writes JUnit: a `testcase` for each spec; `BeforeSuite` and `AfterSuite` only when they failed.
std::optional<GinkgoReport> parse_junit(std::string_view file) {
  pugi::xml_document document;
  if (!document.load_buffer(file.data(), file.size())) return std::nullopt;
  const pugi::xml_node suite = document.child("testsuite");
  if (!suite) return std::nullopt;
  GinkgoReport report;
  for (const pugi::xml_node& test : suite.children("testcase")) {
    GinkgoSpec spec{.text = single_spaced(test.attribute("name").as_string())};
    const double seconds = test.attribute("time").as_double();
    if (seconds > 0 && seconds < 1e6) spec.duration = std::chrono::microseconds(static_cast<long>(seconds * 1e6));
    const pugi::xml_node failure = test.child("failure");
    const pugi::xml_node skipped = test.child("skipped");
    if (failure) {
      spec.outcome =
          std::string_view(failure.attribute("type").as_string()) == "Timeout" ? Outcome::timed_out : Outcome::failed;
      spec.message = abridge(failure.child_value(), k_message_limit);
      for (const std::string_view line : split_lines(spec.message)) {
        const auto place = line.starts_with('/') ? ginkgo_place(line) : std::nullopt;
        if (place) std::tie(spec.file, spec.line) = std::tuple(place->file, place->line);
      }
    } else if (skipped) {
      spec.outcome = Outcome::skipped;
      spec.message = abridge(skipped.child_value(), k_message_limit);
      spec.pending = spec.message.empty();
    }
    const bool first = report.specs.empty();
    const bool last = !test.next_sibling("testcase");
    if (failure && first && spec.text == "BeforeSuite") {
      report.setup_failure = spec.message;
    } else if (failure && last && spec.text == "AfterSuite") {
      report.teardown_failure = spec.message;
    } else {
      report.specs.push_back(std::move(spec));
    }
  }
  return report;
}

std::string text_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

GinkgoPlace place_at(const json::object& object, std::string_view key) {
  GinkgoPlace place;
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_object()) return place;
  place.file = text_at(value->get_object(), "FileName");
  if (const json::value* line = value->get_object().if_contains("LineNumber"); line != nullptr && line->is_int64()) {
    place.line = static_cast<int>(line->get_int64());
  }
  return place;
}

/// The states of types.SpecState as the report spells them.
Outcome outcome_from_state(std::string_view state) {
  if (state == "passed") return Outcome::passed;
  if (state == "skipped" || state == "pending") return Outcome::skipped;
  return state == "timedout" ? Outcome::timed_out : Outcome::failed;
}

std::string full_text(const json::object& spec) {
  std::string text;
  if (const json::value* containers = spec.if_contains("ContainerHierarchyTexts");
      containers != nullptr && containers->is_array()) {
    for (const json::value& container : containers->get_array()) {
      if (container.is_string()) text += std::string(container.get_string()) + " ";
    }
  }
  return single_spaced(text + text_at(spec, "LeafNodeText"));
}

GinkgoSpec spec_from(const json::object& object) {
  const std::string state = text_at(object, "State");
  GinkgoSpec spec{.text = full_text(object), .outcome = outcome_from_state(state)};
  GinkgoPlace place = place_at(object, "LeafNodeLocation");
  if (const json::value* time = object.if_contains("RunTime"); time != nullptr && time->is_int64()) {
    spec.duration = std::chrono::microseconds(time->get_int64() / 1000);
  }
  if (const json::value* failure = object.if_contains("Failure"); failure != nullptr && failure->is_object()) {
    spec.message = text_at(failure->get_object(), "Message");
    const std::string panic = text_at(failure->get_object(), "ForwardedPanic");
    if (!panic.empty()) spec.message += "\n" + panic;
    const GinkgoPlace where = place_at(failure->get_object(), "Location");
    if (!where.file.empty()) place = where;
  }
  spec.message = abridge(spec.message, k_message_limit);
  spec.pending = state == "pending" || (state == "skipped" && spec.message.empty());
  std::tie(spec.file, spec.line) = std::tuple(place.file, place.line);
  return spec;
}

/// Version 2 writes JSON: a list of suites with their SpecReports; nodes that are no `It` belong to the suite.
std::optional<GinkgoReport> parse_report(std::string_view file) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = 64;
  options.allow_invalid_utf8 = true;
  const json::value value = json::parse(file, error, {}, options);
  if (error || !value.is_array()) return std::nullopt;
  GinkgoReport report;
  for (const json::value& suite : value.get_array()) {
    const json::value* specs = suite.is_object() ? suite.get_object().if_contains("SpecReports") : nullptr;
    if (specs == nullptr || !specs->is_array()) continue;
    for (const json::value& entry : specs->get_array()) {
      if (!entry.is_object()) continue;
      GinkgoSpec spec = spec_from(entry.get_object());
      const std::string node = text_at(entry.get_object(), "LeafNodeType");
      const bool bad = spec.outcome != Outcome::passed && spec.outcome != Outcome::skipped;
      if (node == "It") {
        report.specs.push_back(std::move(spec));
      } else if (bad && (node == "BeforeSuite" || node == "SynchronizedBeforeSuite")) {
        report.setup_failure = spec.message;
      } else if (bad) {
        report.teardown_failure += "[" + node + "] " + spec.message;
      }
    }
  }
  return report;
}

/// A test binary that calls RunSpecs of this import path; it is in the table of function names, which stripping leaves.
bool calls_run_specs(std::string_view executable_bytes, std::string_view function) {
  return contains(executable_bytes, "Go buildinf:") && contains(executable_bytes, function);
}

/// Ginkgo 1.2 to 1.16.
class Ginkgo1 final : public Ginkgo {
 public:
  [[nodiscard]] std::string_view name() const override { return "ginkgo1"; }
  [[nodiscard]] std::string_view set_up() const override { return "what runs before the specs"; }
  [[nodiscard]] bool recognises(std::string_view executable_bytes) const override {
    return calls_run_specs(executable_bytes, "github.com/onsi/ginkgo.RunSpecs");
  }
  [[nodiscard]] Invocation listing(const std::string& scratch_folder) const override {
    const std::string report = scratch_folder + "/list.xml";
    return {.args = {"-ginkgo.dryRun", "-ginkgo.noColor", "-ginkgo.seed=1", "-ginkgo.reportFile=" + report},
            .result_file = report};
  }
  [[nodiscard]] Invocation selection(const std::vector<TestCase>& tests,
                                     const std::string& scratch_folder) const override {
    const std::string report = scratch_folder + "/result.xml";
    return {.args = {"-ginkgo.v", "-ginkgo.noColor", "-ginkgo.seed=1", "-ginkgo.reportFile=" + report,
                     "-ginkgo.focus=" + ginkgo_focus(tests)},
            .result_file = report};
  }

 protected:
  [[nodiscard]] GinkgoReportParser parser() const override { return parse_junit; }
};

/// Ginkgo 2. Its own time limit for the suite is put out of the way: the harness has one for each test.
class Ginkgo2 final : public Ginkgo {
 public:
  [[nodiscard]] std::string_view name() const override { return "ginkgo2"; }
  [[nodiscard]] std::string_view set_up() const override { return "what runs before the specs"; }
  [[nodiscard]] bool recognises(std::string_view executable_bytes) const override {
    return calls_run_specs(executable_bytes, "github.com/onsi/ginkgo/v2.RunSpecs");
  }
  [[nodiscard]] Invocation listing(const std::string& scratch_folder) const override {
    const std::string report = scratch_folder + "/list.json";
    return {.args = {"--ginkgo.dry-run", "--ginkgo.no-color", "--ginkgo.seed=1", "--ginkgo.json-report=" + report},
            .result_file = report};
  }
  [[nodiscard]] Invocation selection(const std::vector<TestCase>& tests,
                                     const std::string& scratch_folder) const override {
    const std::string report = scratch_folder + "/result.json";
    return {.args = {"--ginkgo.v", "--ginkgo.no-color", "--ginkgo.seed=1", "--ginkgo.timeout=24h",
                     "--ginkgo.json-report=" + report, "--ginkgo.focus=" + ginkgo_focus(tests)},
            .result_file = report};
  }

 protected:
  [[nodiscard]] GinkgoReportParser parser() const override { return parse_report; }
};

}  // namespace

const Framework& ginkgo1() {
  static const Ginkgo1 framework;
  return framework;
}

const Framework& ginkgo2() {
  static const Ginkgo2 framework;
  return framework;
}

}  // namespace sortie::suite
