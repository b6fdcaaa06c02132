#include "wire/json.h"

#include <fmt/format.h>

#include <cmath>

#include "wire/date.h"

namespace sortie::wire {

namespace {

std::unexpected<Error> missing(std::string_view name) {
  return fail(ErrorKind::protocol, fmt::format("JSON member '{}' is missing", name));
}

std::unexpected<Error> wrong_type(std::string_view name, std::string_view expected) {
  return fail(ErrorKind::protocol, fmt::format("JSON member '{}' is not {}", name, expected));
}

template <class T>
Result<T> required(Result<std::optional<T>> found, std::string_view name) {
  if (!found) return std::unexpected(std::move(found).error());
  if (!*found) return missing(name);
  return **std::move(found);
}

/// 2^53: what a double holds exactly; larger ones come as integers anyway.
constexpr double k_max_exact = 9'007'199'254'740'992.0;

std::optional<std::int64_t> integer_of(const json::value& value) {
  if (const auto* number = value.if_int64()) return *number;
  if (const auto* number = value.if_double()) {
    if (std::trunc(*number) == *number && std::fabs(*number) <= k_max_exact) return std::int64_t(*number);
  }
  return std::nullopt;
}

}  // namespace

Result<json::value> parse_json(std::string_view text, std::size_t max_depth, std::size_t max_bytes) {
  if (text.size() > max_bytes) return fail(ErrorKind::protocol, "JSON is too long");
  json::parse_options options;
  options.max_depth = max_depth;
  boost::system::error_code error;
  auto value = json::parse({text.data(), text.size()}, error, {}, options);
  if (error) return fail(ErrorKind::protocol, fmt::format("JSON is not valid: {}", error.message()));
  return value;
}

Result<json::object> parse_json_object(std::string_view text, std::size_t max_depth, std::size_t max_bytes) {
  ASSIGN_OR_RETURN(auto value, parse_json(text, max_depth, max_bytes));
  if (!value.is_object()) return fail(ErrorKind::protocol, "JSON is not an object");
  return std::move(value.as_object());
}

const json::value* find(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains({name.data(), name.size()});
  return found == nullptr || found->is_null() ? nullptr : found;
}

Result<std::optional<std::string>> find_string(const json::object& object, std::string_view name) {
  const auto* value = find(object, name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) return wrong_type(name, "a string");
  return std::string(value->get_string());
}

Result<std::optional<std::int64_t>> find_int(const json::object& object, std::string_view name) {
  const auto* value = find(object, name);
  if (value == nullptr) return std::nullopt;
  const auto number = integer_of(*value);
  if (!number) return wrong_type(name, "an integer");
  return number;
}

Result<std::optional<bool>> find_bool(const json::object& object, std::string_view name) {
  const auto* value = find(object, name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_bool()) return wrong_type(name, "true or false");
  return value->get_bool();
}

Result<std::string> get_string(const json::object& object, std::string_view name) {
  return required(find_string(object, name), name);
}
Result<std::int64_t> get_int(const json::object& object, std::string_view name) {
  return required(find_int(object, name), name);
}
Result<bool> get_bool(const json::object& object, std::string_view name) {
  return required(find_bool(object, name), name);
}

std::string string_or(const json::object& object, std::string_view name, std::string_view fallback) {
  const auto* value = find(object, name);
  return std::string(value != nullptr && value->is_string() ? std::string_view(value->get_string()) : fallback);
}

std::int64_t int_or(const json::object& object, std::string_view name, std::int64_t fallback) {
  const auto* value = find(object, name);
  return value == nullptr ? fallback : integer_of(*value).value_or(fallback);
}

bool bool_or(const json::object& object, std::string_view name, bool fallback) {
  const auto* value = find(object, name);
  return value != nullptr && value->is_bool() ? value->get_bool() : fallback;
}

const json::object& object_or_empty(const json::object& object, std::string_view name) {
  static const json::object empty;
  const auto* value = find(object, name);
  return value != nullptr && value->is_object() ? value->get_object() : empty;
}

const json::array& array_or_empty(const json::object& object, std::string_view name) {
  static const json::array empty;
  const auto* value = find(object, name);
  return value != nullptr && value->is_array() ? value->get_array() : empty;
}

std::map<std::string, std::string> string_map(const json::object& object) {
  std::map<std::string, std::string> out;
  for (const auto& member : object) {
    if (member.value().is_string()) out.emplace(member.key(), member.value().get_string());
  }
  return out;
}

std::optional<std::int64_t> epoch_millis(const json::value& value) {
  constexpr double k_max_seconds = 2.6e11;
  if (const auto number = integer_of(value)) {
    if (std::fabs(double(*number)) > k_max_seconds) return std::nullopt;
    return *number * 1000;
  }
  if (const auto* number = value.if_double()) {
    if (!(std::fabs(*number) <= k_max_seconds)) return std::nullopt;
    return std::llround(*number * 1000);
  }
  if (const auto* text = value.if_string()) {
    if (const auto time = parse_timestamp(*text)) return time->time_since_epoch().count();
  }
  return std::nullopt;
}

}  // namespace sortie::wire
