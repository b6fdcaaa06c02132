#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/utf8.h"
#include "emulator/core/validation.h"
#include "emulator/ssm/operation.h"

/// Reading requests.
namespace sortie::emulator::ssm {
namespace {

namespace json = boost::json;

constexpr std::size_t k_max_tag_key = 128;
constexpr std::size_t k_max_tag_value = 256;
constexpr std::size_t k_max_tags_in_request = 1000;

/// `maxResults` of `MaxResults`: as validation names members.
std::string camel(std::string_view name) {
  std::string text(name);
  if (!text.empty()) text[0] = ascii_lower(text[0]);
  return text;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

}  // namespace

const json::value* Arguments::member(std::string_view name) const {
  const auto* value = input_.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

bool Arguments::has(std::string_view name) const {
  return member(name) != nullptr;
}

void Arguments::complain(std::string message, std::string code) {
  if (!error_) error_ = AwsError{400, std::move(code), std::move(message), {}};
}

void Arguments::violated(std::string_view name, std::string_view value, std::string_view constraint) {
  complain(violation(camel(name), value, constraint));
}

AwsResult<void> Arguments::check() const {
  if (error_) return std::unexpected(*error_);
  return {};
}

std::string Arguments::text(std::string_view name, std::size_t least, std::size_t most) {
  if (member(name) == nullptr) complain(missing_violation(camel(name)));
  auto found = optional_text(name, most);
  if (characters(found) < least) {
    violated(name, found, constraint::min_length(least));
  }
  return found;
}

std::string Arguments::optional_text(std::string_view name, std::size_t most) {
  const auto* value = member(name);
  if (value == nullptr) return {};
  if (!value->is_string()) {
    complain(fmt::format("{} must be a string", name), "SerializationException");
    return {};
  }
  std::string found(value->get_string());
  if (characters(found) > most) {
    violated(name, found, constraint::max_length(most));
  }
  return found;
}

std::string Arguments::choice(std::string_view name, std::span<const std::string_view> values) {
  auto found = optional_text(name, 1024);
  if (has(name) && std::ranges::find(values, found) == values.end()) {
    violated(name, found, constraint::one_of(values));
  }
  return found;
}

bool Arguments::flag(std::string_view name) {
  const auto* value = member(name);
  if (value != nullptr && !value->is_bool()) {
    complain(fmt::format("{} must be true or false", name), "SerializationException");
  }
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::optional<std::int64_t> Arguments::number(std::string_view name, std::int64_t least, std::int64_t most) {
  const auto* value = member(name);
  if (value == nullptr) return std::nullopt;
  boost::system::error_code inexact;
  const auto number = value->is_number() ? value->to_number<std::int64_t>(inexact) : 0;
  if (!value->is_number() || inexact) {
    complain(fmt::format("{} must be a whole number", name), "SerializationException");
    return std::nullopt;
  }
  if (number < least) {
    violated(name, std::to_string(number), constraint::min_value(least));
  }
  if (number > most) {
    violated(name, std::to_string(number), constraint::max_value(most));
  }
  return number;
}

std::vector<std::string> Arguments::texts(std::string_view name, std::size_t most, bool required) {
  const auto* value = member(name);
  std::vector<std::string> found;
  if (value == nullptr) {
    if (required) complain(missing_violation(camel(name)));
    return found;
  }
  const auto* list = value->if_array();
  if (list == nullptr || !std::ranges::all_of(*list, [](const json::value& item) { return item.is_string(); })) {
    complain(fmt::format("{} must be a list of strings", name), "SerializationException");
    return found;
  }
  for (const auto& item : *list) found.emplace_back(item.get_string());
  if (found.empty() && required) {
    violated(name, "[]", constraint::min_length(1));
  }
  if (found.size() > most) {
    violated(name, fmt::format("[{}]", fmt::join(found, ", ")), constraint::max_length(most));
  }
  return found;
}

std::vector<json::object> Arguments::objects(std::string_view name, std::size_t most) {
  const auto* value = member(name);
  std::vector<json::object> found;
  if (value == nullptr) return found;
  const auto* list = value->if_array();
  if (list == nullptr || !std::ranges::all_of(*list, [](const json::value& item) { return item.is_object(); })) {
    complain(fmt::format("{} must be a list of structures", name), "SerializationException");
    return found;
  }
  if (list->size() > most) violated(name, "[…]", constraint::max_length(most));
  for (const auto& item : *list) found.push_back(item.get_object());
  return found;
}

std::optional<Tags> Arguments::tags(std::string_view name) {
  if (!has(name)) return std::nullopt;
  Tags found;
  for (const auto& object : objects(name, k_max_tags_in_request)) {
    Arguments tag(object);
    auto key = tag.text("Key", 1, k_max_tag_key);
    auto value = tag.text("Value", 0, k_max_tag_value);
    if (auto sound = tag.check(); !sound) complain(sound.error().message, sound.error().code);
    found.insert_or_assign(std::move(key), std::move(value));
  }
  return found;
}

}  // namespace sortie::emulator::ssm
