#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

/// Typed, forgiving-in-nothing access to JSON. Errors are ErrorKind::protocol and name the member.
namespace sortie::wire {

namespace json = boost::json;

/// Strict RFC 8259. Limits: nesting, bytes.
Result<json::value> parse_json(std::string_view text, std::size_t max_depth = 64,
                               std::size_t max_bytes = 128 * 1024 * 1024);
/// The same, and it must be an object.
Result<json::object> parse_json_object(std::string_view text, std::size_t max_depth = 64,
                                       std::size_t max_bytes = 128 * 1024 * 1024);

/// The member; nullptr when it is absent or null.
const json::value* find(const json::object& object, std::string_view name);

/// A required member.
Result<std::string> get_string(const json::object& object, std::string_view name);
Result<std::int64_t> get_int(const json::object& object, std::string_view name);
Result<bool> get_bool(const json::object& object, std::string_view name);

/// An optional member: absent and null are nothing, another type is an error.
Result<std::optional<std::string>> find_string(const json::object& object, std::string_view name);
Result<std::optional<std::int64_t>> find_int(const json::object& object, std::string_view name);
Result<std::optional<bool>> find_bool(const json::object& object, std::string_view name);

/// For reading answers whose members we only show: absent, null and other types give the fallback.
std::string string_or(const json::object& object, std::string_view name, std::string_view fallback = {});
std::int64_t int_or(const json::object& object, std::string_view name, std::int64_t fallback = 0);
bool bool_or(const json::object& object, std::string_view name, bool fallback = false);
/// The object member, or an empty one.
const json::object& object_or_empty(const json::object& object, std::string_view name);
/// The array member, or an empty one.
const json::array& array_or_empty(const json::object& object, std::string_view name);
/// `{"a":"b"}` as a map; members that are not strings are left out.
std::map<std::string, std::string> string_map(const json::object& object);
/// Numbers, `{}`-style values and strings turned into epoch milliseconds as AWS JSON writes timestamps (seconds,
/// possibly fractional).
std::optional<std::int64_t> epoch_millis(const json::value& value);

}  // namespace sortie::wire
