#include "emulator/cloudformation/template/template_text.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <sstream>
#include <vector>

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

constexpr std::size_t k_max_depth = 64;
constexpr std::size_t k_max_nodes = 50'000;

/// What ends the reading of a document from inside the YAML parser's call-backs.
struct Refused {
  std::string message;
};

constexpr std::array k_functions = {"Base64", "Cidr",    "FindInMap", "GetAtt",     "GetAZs",       "ImportValue",
                                    "Join",   "Select",  "Split",     "Sub",        "Transform",    "And",
                                    "Equals", "If",      "Not",       "Or",         "Length",       "ToJsonString",
                                    "RefAll", "ValueOf", "Contains",  "ValueOfAll", "EachMemberIn", "EachMemberEquals"};

/// The long form of a short tag (`!Sub`), empty when there is none.
std::string long_form(std::string_view tag) {
  if (!tag.starts_with('!')) return {};
  tag.remove_prefix(1);
  if (tag == "Ref" || tag == "Condition") return std::string(tag);
  for (std::string_view name : k_functions) {
    if (tag == name) return "Fn::" + std::string(name);
  }
  return {};
}

bool is_canonical_integer(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || text.size() > 18) return false;
  for (char c : text) {
    if (c < '0' || c > '9') return false;
  }
  return text == "0" || text[0] != '0';
}

/// A plain scalar by YAML 1.1's rules, as far as the text can be had back from the value: `1.10` and `2012-10-17` are
/// text.
json::value plain_scalar(const std::string& text) {
  for (std::string_view word : {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"}) {
    if (text == word) return true;
  }
  for (std::string_view word : {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"}) {
    if (text == word) return false;
  }
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
  if (is_canonical_integer(text)) {
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }
  return json::string(text);
}

/// Builds the value from the parser's events, without yaml-cpp's own node graph.
class Builder final : public YAML::EventHandler {
 public:
  /// Without `short_tags` a tag that stands for a function is refused like an unknown one.
  explicit Builder(bool short_tags) : short_tags_(short_tags) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override { add(nullptr); }
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {
    throw Refused{"Template error: YAML aliases are not allowed in CloudFormation templates"};
  }
  void OnScalar(const YAML::Mark&, const std::string& tag, YAML::anchor_t, const std::string& text) override {
    if (tag == "?" || tag.empty()) return add(plain_scalar(text));
    const std::string function = function_of(tag);
    if (function.empty()) {
      check_tag(tag);
      return add(json::string(text));
    }
    json::value argument = json::string(text);
    if (function == "Fn::GetAtt") argument = split_attribute(text);
    json::object call;
    call[function] = std::move(argument);
    add(std::move(call));
  }
  void OnSequenceStart(const YAML::Mark&, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(json::array(), tag);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark&, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(json::object(), tag);
  }
  void OnMapEnd() override { close(); }

  json::value take() { return std::move(root_); }

 private:
  struct Frame {
    json::value value;
    std::string function;  ///< wraps the value when it is complete
    std::string key;
    bool has_key = false;
  };

  [[nodiscard]] std::string function_of(const std::string& tag) const {
    return short_tags_ ? long_form(tag) : std::string();
  }

  static void check_tag(const std::string& tag) {
    // Standard tags say nothing new; others name a function that CloudFormation does not have.
    if (tag == "!" || tag.starts_with("tag:yaml.org,2002:")) return;
    throw Refused{fmt::format("Template format error: Unknown tag {}", tag)};
  }

  static json::value split_attribute(const std::string& text) {
    const auto dot = text.find('.');
    json::array parts;
    parts.emplace_back(text.substr(0, dot));
    if (dot != std::string::npos) parts.emplace_back(text.substr(dot + 1));
    return parts;
  }

  void open(json::value value, const std::string& tag) {
    if (frames_.size() >= k_max_depth) throw Refused{"Template format error: the template is nested too deeply"};
    Frame frame{std::move(value), {}, {}, false};
    if (!tag.empty() && tag != "?" && tag != "!") {
      frame.function = function_of(tag);
      if (frame.function.empty()) check_tag(tag);
    }
    frames_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (frame.function.empty()) return add(std::move(frame.value));
    json::object call;
    call[frame.function] = std::move(frame.value);
    add(std::move(call));
  }

  void add(json::value value) {
    if (++nodes_ > k_max_nodes) throw Refused{"Template format error: the template has too many values"};
    if (frames_.empty()) {
      root_ = std::move(value);
      return;
    }
    Frame& top = frames_.back();
    if (top.value.is_array()) {
      top.value.get_array().push_back(std::move(value));
    } else if (!top.has_key) {
      top.key = key_text(value);
      top.has_key = true;
    } else {
      top.value.get_object()[top.key] = std::move(value);
      top.has_key = false;
    }
  }

  static std::string key_text(const json::value& key) {
    if (const auto* text = key.if_string()) return std::string(*text);
    if (key.is_structured()) throw Refused{"Template format error: unsupported structure."};
    return key.is_null() ? std::string("null") : json::serialize(key);
  }

  bool short_tags_;
  std::vector<Frame> frames_;
  json::value root_;
  std::size_t nodes_ = 0;
};

AwsResult<json::value> parse_yaml(std::string_view text, bool short_tags) {
  std::istringstream stream{std::string(text)};
  Builder builder(short_tags);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return json::value(nullptr);
  } catch (const Refused& refused) {
    return aws_fail(400, "ValidationError", refused.message);
  } catch (const YAML::Exception& error) {
    return aws_fail(400, "ValidationError",
                    fmt::format("Template format error: YAML not well-formed. (line {}, column {})",
                                error.mark.line + 1, error.mark.column + 1));
  }
  return builder.take();
}

std::size_t count_nodes(const json::value& value) {
  std::size_t count = 1;
  if (const auto* list = value.if_array()) {
    for (const auto& item : *list) count += count_nodes(item);
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object) count += count_nodes(member.value());
  }
  return count;
}

AwsResult<json::value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = k_max_depth;
  json::stream_parser parser({}, options);
  boost::system::error_code failed;
  const std::size_t read = parser.write(text.data(), text.size(), failed);
  if (!failed) parser.finish(failed);
  if (failed) {
    std::size_t line = 1;
    std::size_t column = 1;
    for (char c : text.substr(0, read)) {
      column = c == '\n' ? 1 : column + 1;
      line += c == '\n' ? 1 : 0;
    }
    return aws_fail(400, "ValidationError",
                    fmt::format("Template format error: JSON not well-formed. (line {}, column {})", line, column));
  }
  return parser.release();
}

std::unexpected<AwsError> unsupported_structure() {
  return aws_fail(400, "ValidationError", "Template format error: unsupported structure.");
}

AwsResult<json::value> parse_text(std::string_view text, bool short_tags) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return unsupported_structure();
  // YAML's flow style is not taken for YAML, as on AWS.
  AwsResult<json::value> value = text[begin] == '{' ? parse_json(text) : parse_yaml(text, short_tags);
  if (value && count_nodes(*value) > k_max_nodes) return unsupported_structure();
  return value;
}

}  // namespace

AwsResult<json::object> parse_template_text(std::string_view text) {
  ASSIGN_OR_RETURN(json::value value, parse_text(text, true));
  if (!value.is_object()) return unsupported_structure();
  return std::move(value.get_object());
}

AwsResult<json::value> parse_snippet_text(std::string_view text) {
  ASSIGN_OR_RETURN(json::value value, parse_text(text, false));
  if (!value.is_structured()) return unsupported_structure();
  return value;
}

}  // namespace sortie::emulator::cloudformation
