#include "emulator/logs/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "emulator/core/validation.h"

namespace sortie::emulator::logs {
namespace {

namespace json = boost::json;

constexpr std::size_t k_name_limit = 512;

const json::value* member(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && !value->is_null() ? value : nullptr;
}

bool is_group_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view(".-_/#").contains(c);
}

}  // namespace

std::optional<std::string> group_name_in_arn(std::string_view arn) {
  if (!arn.starts_with("arn:")) return std::nullopt;
  for (int colon = 0; colon < 5; ++colon) {
    const auto at = arn.find(':');
    if (at == std::string_view::npos) return std::nullopt;
    arn.remove_prefix(at + 1);
  }
  constexpr std::string_view k_kind = "log-group:";
  if (!arn.starts_with(k_kind)) return std::nullopt;
  arn.remove_prefix(k_kind.size());
  return std::string(arn.substr(0, arn.find(':')));
}

void Parameters::complain(std::string message, std::string code) {
  if (!error_) error_ = AwsError{400, std::move(code), std::move(message), {}};
}

void Parameters::violated(std::string_view name, std::string_view value, std::string_view constraint) {
  complain(violation(name, value, constraint));
}

AwsResult<void> Parameters::check() const {
  if (error_) return std::unexpected(*error_);
  return {};
}

bool Parameters::has(std::string_view name) const {
  return member(members_, name) != nullptr;
}

std::string Parameters::text(std::string_view name, bool required, std::size_t limit) {
  const auto* value = member(members_, name);
  if (value == nullptr) {
    if (required) {
      complain(missing_violation(name));
    }
    return {};
  }
  if (!value->is_string()) {
    complain(fmt::format("{} must be a string", name), "SerializationException");
    return {};
  }
  std::string found(value->get_string());
  if (found.empty() && required) violated(name, found, constraint::min_length(1));
  if (found.size() > limit) {
    violated(name, found, constraint::max_length(limit));
  }
  return found;
}

std::string Parameters::optional_text(std::string_view name, std::size_t limit) {
  return text(name, false, limit);
}
std::string Parameters::required_text(std::string_view name, std::size_t limit) {
  return text(name, true, limit);
}

std::string Parameters::group_name(std::string_view name) {
  std::string found = required_text(name, k_name_limit);
  if (!std::ranges::all_of(found, is_group_byte)) {
    violated(name, found, constraint::pattern(R"([\.\-_/#A-Za-z0-9]+)"));
  }
  return found;
}

std::string Parameters::group() {
  const bool by_name = has("logGroupName");
  const bool by_identifier = has("logGroupIdentifier");
  if (by_name && by_identifier) {
    complain("LogGroup name and LogGroup ARN are mutually exclusive parameters.");
  }
  if (!by_identifier) return group_name();
  std::string identifier = required_text("logGroupIdentifier", 2048);
  if (!identifier.starts_with("arn:")) return group_name("logGroupIdentifier");
  return group_of_arn("logGroupIdentifier");
}

std::string Parameters::group_of_arn(std::string_view name) {
  const std::string arn = required_text(name, 2048);
  const auto group = group_name_in_arn(arn);
  if (!group || group->empty()) {
    if (!error_) complain(fmt::format("The specified {} is not the ARN of a log group: {}", name, arn));
    return {};
  }
  return *group;
}

std::string Parameters::stream_name(std::string_view name) {
  std::string found = required_text(name, k_name_limit);
  if (found.find_first_of(":*") != std::string::npos) {
    violated(name, found, constraint::pattern("[^:*]*"));
  }
  return found;
}

std::optional<std::int64_t> Parameters::number(std::string_view name, std::int64_t least, std::int64_t most) {
  const auto* value = member(members_, name);
  if (value == nullptr) return std::nullopt;
  boost::system::error_code wrong;
  const auto found = value->is_number() ? value->to_number<std::int64_t>(wrong) : 0;
  if (!value->is_number() || wrong) {
    complain(fmt::format("{} must be an integer", name), "SerializationException");
    return std::nullopt;
  }
  if (found < least) {
    violated(name, fmt::to_string(found), constraint::min_value(least));
  }
  if (found > most) {
    violated(name, fmt::to_string(found), constraint::max_value(most));
  }
  return found;
}

bool Parameters::flag(std::string_view name) {
  const auto* value = member(members_, name);
  if (value == nullptr) return false;
  if (!value->is_bool()) complain(fmt::format("{} must be a boolean", name), "SerializationException");
  return value->is_bool() && value->get_bool();
}

const boost::json::array* Parameters::array(std::string_view name) {
  const auto* value = member(members_, name);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) complain(fmt::format("{} must be a list", name), "SerializationException");
  return value->if_array();
}

std::vector<std::string> Parameters::texts(std::string_view name, std::size_t most) {
  std::vector<std::string> found;
  const auto* list = array(name);
  if (list == nullptr) return found;
  if (list->empty()) violated(name, "[]", constraint::min_length(1));
  if (list->size() > most) {
    violated(name, "[...]", constraint::max_length(most));
    return found;
  }
  for (const auto& value : *list) {
    if (!value.is_string()) complain(fmt::format("{} must be a list of strings", name), "SerializationException");
    if (value.is_string()) found.emplace_back(value.get_string());
  }
  return found;
}

std::map<std::string, std::string> Parameters::tags(std::string_view name, bool required) {
  std::map<std::string, std::string> found;
  const auto* value = member(members_, name);
  if (value == nullptr) {
    if (required) required_text(name, 0);
    return found;
  }
  if (!value->is_object()) {
    complain(fmt::format("{} must be a map", name), "SerializationException");
    return found;
  }
  for (const auto& [key, content] : value->get_object()) {
    const std::string text = content.is_string() ? std::string(content.get_string()) : std::string();
    if (!content.is_string()) complain(fmt::format("{} must be a map of strings", name), "SerializationException");
    if (key.empty() || key.size() > 128 * 4) violated(name, key, constraint::length_between(1, 128));
    if (text.size() > 256 * 4) violated(name, text, constraint::max_length(256));
    if (key.starts_with("aws:")) complain("Tag keys that begin with aws: are reserved.");
    found.emplace(key, text);
  }
  if (found.size() > 50) violated(name, "{...}", constraint::max_length(50));
  return found;
}

}  // namespace sortie::emulator::logs
