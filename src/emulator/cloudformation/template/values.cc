#include "emulator/cloudformation/template/values.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>

#include "base/number.h"

namespace sortie::emulator::cloudformation {

namespace json = boost::json;

std::optional<std::string> scalar_text(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(*text);
  if (const auto* flag = value.if_bool()) return *flag ? "true" : "false";
  if (const auto* number = value.if_int64()) return std::to_string(*number);
  if (const auto* number = value.if_uint64()) return std::to_string(*number);
  if (const auto* number = value.if_double()) return fmt::format("{}", *number);
  return std::nullopt;
}

std::optional<double> to_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto parsed = parse_number<double>(text);
  if (!parsed || !std::isfinite(*parsed)) return std::nullopt;
  const double number = *parsed;
  return number;
}

bool has_unknown(const json::value& value) {
  if (const auto* text = value.if_string()) return text->find(k_known_after_apply) != json::string::npos;
  if (const auto* list = value.if_array()) {
    for (const auto& item : *list) {
      if (has_unknown(item)) return true;
    }
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object) {
      if (has_unknown(member.value())) return true;
    }
  }
  return false;
}

bool same_value(const json::value& a, const json::value& b) {
  if (const auto* one = a.if_object()) {
    const auto* other = b.if_object();
    if (other == nullptr || one->size() != other->size()) return false;
    for (const auto& member : *one) {
      const json::value* found = other->if_contains(member.key());
      if (found == nullptr || !same_value(member.value(), *found)) return false;
    }
    return true;
  }
  if (const auto* one = a.if_array()) {
    const auto* other = b.if_array();
    if (other == nullptr || one->size() != other->size()) return false;
    for (std::size_t i = 0; i < one->size(); ++i) {
      if (!same_value((*one)[i], (*other)[i])) return false;
    }
    return true;
  }
  return scalar_text(a) == scalar_text(b);
}

std::string_view function_of(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr || object->size() != 1) return {};
  const std::string_view key = object->begin()->key();
  if (key == "Ref" || key.starts_with("Fn::")) return key;
  if (key == "Condition" && object->begin()->value().is_string()) return key;
  return {};
}

const json::value& argument_of(const json::value& call) {
  return call.get_object().begin()->value();
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  if (text.empty()) return items;
  for (;;) {
    const auto comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    items.emplace_back(item);
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace sortie::emulator::cloudformation
