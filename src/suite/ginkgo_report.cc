#include "suite/ginkgo_report.h"

#include <boost/json.hpp>
#include <pugixml.hpp>

#include "suite/text.h"

namespace sortie::suite {
namespace {

namespace json = boost::json;

constexpr std::size_t k_message_limit = 32 * 1024;

bool is_bad(Outcome outcome) {
  return outcome != Outcome::passed && outcome != Outcome::skipped;
}

GinkgoSpec spec_from(const pugi::xml_node& test) {
  GinkgoSpec spec{.text = single_spaced(test.attribute("name").as_string()),
                  .raw_text = test.attribute("name").as_string()};
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
  return spec;
}

std::string text_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t number_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

bool flag_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

const json::object* object_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr ? value->if_object() : nullptr;
}

const json::array* array_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr ? value->if_array() : nullptr;
}

GinkgoPlace place_from(const json::object* object) {
  if (object == nullptr) return {};
  return {text_at(*object, "FileName"), static_cast<int>(number_at(*object, "LineNumber"))};
}

/// The states of types.SpecState as the report spells them.
Outcome outcome_from_state(std::string_view state) {
  if (state == "passed") return Outcome::passed;
  if (state == "skipped" || state == "pending") return Outcome::skipped;
  return state == "timedout" ? Outcome::timed_out : Outcome::failed;
}

std::vector<GinkgoContainer> containers_from(const json::object& spec) {
  std::vector<GinkgoContainer> containers;
  const json::array* texts = array_at(spec, "ContainerHierarchyTexts");
  if (texts == nullptr) return containers;
  const json::array* places = array_at(spec, "ContainerHierarchyLocations");
  for (std::size_t i = 0; i < texts->size(); ++i) {
    GinkgoContainer container;
    if ((*texts)[i].is_string()) container.text = (*texts)[i].get_string();
    if (places != nullptr && i < places->size()) {
      const GinkgoPlace place = place_from((*places)[i].if_object());
      container.place = place.file + ":" + std::to_string(place.line);
    }
    containers.push_back(std::move(container));
  }
  return containers;
}

/// As Spec.Text joins them: empty texts leave no blank.
std::string join_texts(const std::vector<GinkgoContainer>& containers, const std::string& leaf) {
  std::string text;
  for (const GinkgoContainer& container : containers) {
    if (!container.text.empty()) text += container.text + " ";
  }
  if (leaf.empty() && !text.empty()) text.pop_back();
  return text + leaf;
}

GinkgoSpec spec_from(const json::object& object) {
  const std::string state = text_at(object, "State");
  GinkgoSpec spec{.outcome = outcome_from_state(state),
                  .serial = flag_at(object, "IsSerial"),
                  .ordered = flag_at(object, "IsInOrderedContainer"),
                  .containers = containers_from(object),
                  .duration = std::chrono::microseconds(number_at(object, "RunTime") / 1000)};
  spec.raw_text = join_texts(spec.containers, text_at(object, "LeafNodeText"));
  spec.text = single_spaced(spec.raw_text);
  spec.flaky = spec.outcome == Outcome::passed && number_at(object, "MaxFlakeAttempts") > 1 &&
               number_at(object, "NumAttempts") > 1;
  GinkgoPlace place = place_from(object_at(object, "LeafNodeLocation"));
  if (const json::object* failure = object_at(object, "Failure")) {
    spec.message = text_at(*failure, "Message");
    const std::string panic = text_at(*failure, "ForwardedPanic");
    if (!panic.empty()) spec.message += "\n" + panic;
    const GinkgoPlace where = place_from(object_at(*failure, "Location"));
    if (!where.file.empty()) place = where;
  }
  spec.message = abridge(spec.message, k_message_limit);
  spec.pending = state == "pending" || (state == "skipped" && spec.message.empty());
  std::tie(spec.file, spec.line) = std::tuple(place.file, place.line);
  return spec;
}

/// A node that is no spec belongs to the suite.
void add_node(GinkgoReport& report, const std::string& node, const GinkgoSpec& result) {
  const bool set_up = node == "BeforeSuite" || node == "SynchronizedBeforeSuite";
  if (set_up && result.outcome == Outcome::skipped) report.setup_skip = result.message;
  if (!is_bad(result.outcome)) return;
  if (set_up) {
    report.setup_failure = result.message;
  } else {
    report.tear_down.push_back({"[" + node + "]", result.message});
  }
}

void add_suite(GinkgoReport& report, const json::object& suite) {
  const json::array* specs = array_at(suite, "SpecReports");
  if (specs == nullptr) return;
  report.description = text_at(suite, "SuiteDescription");
  if (const json::object* before = object_at(suite, "PreRunStats")) {
    report.total = report.total.value_or(0) + static_cast<std::size_t>(number_at(*before, "TotalSpecs"));
  }
  for (const json::value& entry : *specs) {
    const json::object* object = entry.if_object();
    if (object == nullptr) continue;
    GinkgoSpec spec = spec_from(*object);
    const std::string node = text_at(*object, "LeafNodeType");
    if (node == "It") {
      report.specs.push_back(std::move(spec));
    } else {
      add_node(report, node, spec);
    }
  }
}

}  // namespace

std::optional<GinkgoReport> parse_ginkgo_junit(std::string_view file) {
  pugi::xml_document document;
  if (!document.load_buffer(file.data(), file.size())) return std::nullopt;
  const pugi::xml_node suite = document.child("testsuite");
  if (!suite) return std::nullopt;
  GinkgoReport report{.description = suite.attribute("name").as_string()};
  for (const pugi::xml_node& test : suite.children("testcase")) {
    GinkgoSpec spec = spec_from(test);
    // `BeforeSuite` and `AfterSuite` are here only when they failed.
    const bool first = report.specs.empty();
    const bool last = !test.next_sibling("testcase");
    if (is_bad(spec.outcome) && first && spec.text == "BeforeSuite") {
      report.setup_failure = spec.message;
    } else if (is_bad(spec.outcome) && last && spec.text == "AfterSuite") {
      report.tear_down.push_back({"[AfterSuite]", spec.message});
    } else {
      report.specs.push_back(std::move(spec));
    }
  }
  return report;
}

std::optional<GinkgoReport> parse_ginkgo_json(std::string_view file) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = 64;
  options.allow_invalid_utf8 = true;
  json::monotonic_resource memory;  // a large report is many small values
  const json::value value = json::parse(file, error, &memory, options);
  if (error || !value.is_array()) return std::nullopt;
  GinkgoReport report;
  for (const json::value& suite : value.get_array()) {
    if (const json::object* object = suite.if_object()) add_suite(report, *object);
  }
  return report;
}

std::string single_spaced(std::string_view text) {
  std::string result;
  for (const char c : trim(text)) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank) {
      result += c;
    } else if (!result.ends_with(' ')) {
      result += ' ';
    }
  }
  return result;
}

std::optional<GinkgoPlace> ginkgo_place(std::string_view line) {
  line = trim(line);
  const std::size_t colon = line.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const auto number = parse_number(line.substr(colon + 1));
  if (!number || *number > 100'000'000) return std::nullopt;
  return GinkgoPlace{std::string(line.substr(0, colon)), static_cast<int>(*number)};
}

}  // namespace sortie::suite
