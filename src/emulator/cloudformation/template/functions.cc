#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "base/base64.h"
#include "base/number.h"
#include "emulator/cloudformation/template/evaluate.h"
#include "emulator/cloudformation/template/values.h"

/// The functions on lists, maps, truths and addresses.
namespace sortie::emulator::cloudformation {

namespace json = boost::json;

namespace {

constexpr int k_max_blocks = 256;
constexpr std::size_t k_max_split = 10'000;

std::optional<int> to_int(const std::string& text) {
  return parse_number<int>(text);
}

std::unexpected<AwsError> needs_extensions(std::string_view function) {
  return invalid(
      fmt::format("Template format error: Encountered unsupported function: {}: it needs the transform "
                  "AWS::LanguageExtensions",
                  function));
}

}  // namespace

Evaluator::Evaluated Evaluator::select(const json::value& argument) {
  constexpr std::string_view k_refusal =
      "Template error: Fn::Select requires a list argument with two elements: an integer index and a list";
  const auto* pair = argument.if_array();
  if (pair == nullptr || pair->size() != 2) return invalid(std::string(k_refusal));
  ASSIGN_OR_RETURN(const std::string text, text_of((*pair)[0], k_refusal));
  const auto index = to_int(text);
  if (!index) return invalid(std::string(k_refusal));
  ASSIGN_OR_RETURN(json::array list, list_of((*pair)[1], k_refusal));
  if (has_unknown(list) && list.size() == 1) return std::move(list[0]);
  if (*index < 0 || static_cast<std::size_t>(*index) >= list.size()) {
    return invalid(fmt::format("Template error: Fn::Select cannot select nonexistent value at index {}", *index));
  }
  return std::move(list[static_cast<std::size_t>(*index)]);
}

Evaluator::Evaluated Evaluator::split(const json::value& argument) {
  constexpr std::string_view k_refusal =
      "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be "
      "split or "
      "a function that returns a string to be split.";
  const auto* pair = argument.if_array();
  if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() || (*pair)[0].get_string().empty()) {
    return invalid(std::string(k_refusal));
  }
  const std::string_view delimiter = (*pair)[0].get_string();
  ASSIGN_OR_RETURN(const std::string text, text_of((*pair)[1], k_refusal));
  if (text.find(k_known_after_apply) != std::string::npos) return json::array{json::string(k_known_after_apply)};
  RETURN_IF_ERROR(spend(text.size()));
  json::array parts;
  for (std::size_t at = 0;;) {
    const auto end = text.find(delimiter, at);
    parts.emplace_back(text.substr(at, end == std::string::npos ? end : end - at));
    if (end == std::string::npos) return parts;
    if (parts.size() > k_max_split) return invalid("Template error: Fn::Split makes more than 10000 values");
    at = end + delimiter.size();
  }
}

Evaluator::Evaluated Evaluator::find_in_map(const json::value& argument) {
  constexpr std::string_view k_refusal =
      "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute "
      "for "
      "return value";
  const auto* list = argument.if_array();
  const bool with_default = list != nullptr && list->size() == 4 && (*list)[3].is_object() &&
                            (*list)[3].get_object().contains("DefaultValue") && template_.has_language_extensions();
  if (list == nullptr || (list->size() != 3 && !with_default)) return invalid(std::string(k_refusal));
  ASSIGN_OR_RETURN(const std::string map, text_of((*list)[0], k_refusal));
  ASSIGN_OR_RETURN(const std::string key, text_of((*list)[1], k_refusal));
  ASSIGN_OR_RETURN(const std::string attribute, text_of((*list)[2], k_refusal));
  const json::value* found = template_.mappings.if_contains(map);
  if (found == nullptr && !with_default) {
    return invalid(
        fmt::format("Template error: Mapping named '{}' is not present in the 'Mappings' section of template.", map));
  }
  if (found != nullptr) found = found->get_object().if_contains(key);
  if (found != nullptr) found = found->get_object().if_contains(attribute);
  if (found != nullptr) return visit(*found);
  if (with_default) return visit((*list)[3].get_object().at("DefaultValue"));
  return invalid(fmt::format("Template error: Unable to get mapping for {}::{}::{}", map, key, attribute));
}

AwsResult<std::vector<bool>> Evaluator::truths(const json::value& argument, std::string_view refusal) {
  const auto* list = argument.if_array();
  if (list == nullptr || list->size() < 2 || list->size() > 10) return invalid(std::string(refusal));
  std::vector<bool> result;
  for (const json::value& item : *list) {
    ASSIGN_OR_RETURN(const bool truth, truth_of(item, refusal));
    result.push_back(truth);
  }
  return result;
}

Evaluator::Evaluated Evaluator::all_of(const json::value& argument) {
  ASSIGN_OR_RETURN(const auto list, truths(argument,
                                           "Template error: every Fn::And object requires a list of at least 2 and "
                                           "at most 10 boolean parameters."));
  return json::value(std::ranges::find(list, false) == list.end());
}

Evaluator::Evaluated Evaluator::any_of(const json::value& argument) {
  ASSIGN_OR_RETURN(const auto list, truths(argument,
                                           "Template error: every Fn::Or object requires a list of at least 2 and "
                                           "at most 10 boolean parameters."));
  return json::value(std::ranges::find(list, true) != list.end());
}

Evaluator::Evaluated Evaluator::negate(const json::value& argument) {
  constexpr std::string_view k_refusal = "Template error: every Fn::Not object requires one boolean parameter.";
  const auto* list = argument.if_array();
  if (list == nullptr || list->size() != 1) return invalid(std::string(k_refusal));
  ASSIGN_OR_RETURN(const bool truth, truth_of((*list)[0], k_refusal));
  return json::value(!truth);
}

Evaluator::Evaluated Evaluator::equals(const json::value& argument) {
  const auto* list = argument.if_array();
  if (list == nullptr || list->size() != 2) {
    return invalid("Template error: every Fn::Equals object requires a list of 2 string parameters.");
  }
  ASSIGN_OR_RETURN(const json::value left, evaluate((*list)[0]));
  ASSIGN_OR_RETURN(const json::value right, evaluate((*list)[1]));
  return json::value(same_value(left, right));
}

Evaluator::Evaluated Evaluator::base64(const json::value& argument) {
  ASSIGN_OR_RETURN(const std::string text,
                   text_of(argument, "Template error: every Fn::Base64 object must have a String-typed value."));
  if (text.find(k_known_after_apply) != std::string::npos) return json::string(k_known_after_apply);
  return json::string(base64_encode(text));
}

Evaluator::Evaluated Evaluator::cidr(const json::value& argument) {
  constexpr std::string_view k_refusal =
      "Template error: every Fn::Cidr object requires two parameters, (1) a CIDR block and (2) the number of blocks, "
      "and "
      "optionally (3) the number of subnet bits.";
  const auto* list = argument.if_array();
  if (list == nullptr || list->size() < 2 || list->size() > 3) return invalid(std::string(k_refusal));
  ASSIGN_OR_RETURN(const std::string block, text_of((*list)[0], k_refusal));
  if (block.find(k_known_after_apply) != std::string::npos) return json::array{json::string(k_known_after_apply)};
  ASSIGN_OR_RETURN(const std::string count, text_of((*list)[1], k_refusal));
  std::string bits = block.find(':') == std::string::npos ? "8" : "64";
  if (list->size() == 3) {
    ASSIGN_OR_RETURN(bits, text_of((*list)[2], k_refusal));
  }
  const auto number = to_int(count);
  const auto width = to_int(bits);
  if (!number || !width) return invalid(std::string(k_refusal));
  ASSIGN_OR_RETURN(const auto blocks, cidr_blocks(block, *number, *width));
  json::array result;
  for (const std::string& one : blocks) result.emplace_back(one);
  return result;
}

Evaluator::Evaluated Evaluator::get_azs(const json::value& argument) {
  ASSIGN_OR_RETURN(std::string region, text_of(argument, "Template error: Fn::GetAZs requires a string value"));
  if (region.empty()) region = facts_.region;
  json::array zones;
  for (const std::string& zone : availability_zones(region)) zones.emplace_back(zone);
  return zones;
}

Evaluator::Evaluated Evaluator::import_value(const json::value& argument) {
  ASSIGN_OR_RETURN(const std::string name,
                   text_of(argument,
                           "Template error: the attribute in Fn::ImportValue must not depend on any resources, "
                           "imported values, or Fn::GetAZs"));
  ASSIGN_OR_RETURN(const std::string value, sources_.import(name));
  return json::string(value);
}

Evaluator::Evaluated Evaluator::length(const json::value& argument) {
  if (!template_.has_language_extensions()) return needs_extensions("Fn::Length");
  ASSIGN_OR_RETURN(const json::array list, list_of(argument, "Template error: Fn::Length requires a list"));
  return json::value(static_cast<std::int64_t>(list.size()));
}

Evaluator::Evaluated Evaluator::to_json_string(const json::value& argument) {
  if (!template_.has_language_extensions()) return needs_extensions("Fn::ToJsonString");
  if (!argument.is_structured()) return invalid("Template error: Fn::ToJsonString requires an object or an array");
  ASSIGN_OR_RETURN(const json::value value, evaluate(argument));
  const std::string text = json::serialize(value);
  RETURN_IF_ERROR(spend(text.size()));
  return json::string(text);
}

Evaluator::Evaluated Evaluator::contains(const json::value& argument) {
  constexpr std::string_view k_refusal = "Template error: Fn::Contains requires a list and a string";
  const auto* pair = argument.if_array();
  if (pair == nullptr || pair->size() != 2) return invalid(std::string(k_refusal));
  ASSIGN_OR_RETURN(const json::array list, list_of((*pair)[0], k_refusal));
  ASSIGN_OR_RETURN(const std::string text, text_of((*pair)[1], k_refusal));
  return json::value(std::ranges::any_of(list, [&](const json::value& item) { return scalar_text(item) == text; }));
}

Evaluator::Evaluated Evaluator::each_member_in(const json::value& argument) {
  constexpr std::string_view k_refusal = "Template error: Fn::EachMemberIn requires two lists";
  const auto* pair = argument.if_array();
  if (pair == nullptr || pair->size() != 2) return invalid(std::string(k_refusal));
  ASSIGN_OR_RETURN(const json::array inner, list_of((*pair)[0], k_refusal));
  ASSIGN_OR_RETURN(const json::array outer, list_of((*pair)[1], k_refusal));
  return json::value(std::ranges::all_of(inner, [&](const json::value& one) {
    return std::ranges::any_of(outer, [&](const json::value& other) { return same_value(one, other); });
  }));
}

Evaluator::Evaluated Evaluator::each_member_equals(const json::value& argument) {
  constexpr std::string_view k_refusal = "Template error: Fn::EachMemberEquals requires a list and a string";
  const auto* pair = argument.if_array();
  if (pair == nullptr || pair->size() != 2) return invalid(std::string(k_refusal));
  ASSIGN_OR_RETURN(const json::array list, list_of((*pair)[0], k_refusal));
  ASSIGN_OR_RETURN(const std::string text, text_of((*pair)[1], k_refusal));
  return json::value(std::ranges::all_of(list, [&](const json::value& item) { return scalar_text(item) == text; }));
}

AwsResult<std::vector<std::string>> cidr_blocks(std::string_view block, int count, int host_bits) {
  const auto slash = block.find('/');
  const std::string address(block.substr(0, slash));
  const auto prefix = slash == std::string_view::npos ? std::nullopt : to_int(std::string(block.substr(slash + 1)));
  std::array<unsigned char, 16> bytes{};
  const bool six = address.find(':') != std::string::npos;
  const int family = six ? AF_INET6 : AF_INET;
  const int width = six ? 128 : 32;
  if (!prefix || *prefix < 0 || *prefix > width || inet_pton(family, address.c_str(), bytes.data()) != 1) {
    return invalid(fmt::format("Template error: {} is not a valid CIDR block", block));
  }
  if (count < 1 || count > k_max_blocks) return invalid("Template error: Fn::Cidr makes 1 to 256 blocks");
  const int room = width - *prefix - host_bits;  // bits that number the blocks
  if (host_bits < 1 || room < 0 || (room < 9 && count > (1 << room))) {
    return invalid(
        fmt::format("Template error: Fn::Cidr cannot make {} blocks of {} bits in {}", count, host_bits, block));
  }
  // The network's own address: what is behind the prefix does not count.
  for (int bit = *prefix; bit < width; ++bit) {
    bytes[static_cast<std::size_t>(bit / 8)] &= static_cast<unsigned char>(~(0x80U >> (bit % 8)));
  }
  std::vector<std::string> blocks;
  for (int i = 0; i < count; ++i) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(family, bytes.data(), text.data(), text.size());
    blocks.push_back(fmt::format("{}/{}", text.data(), width - host_bits));
    // Adds one at the bit position of the blocks' number.
    unsigned carry = 1U << (host_bits % 8);
    for (int at = (width - 1 - host_bits) / 8; at >= 0 && carry != 0; --at) {
      carry += bytes[static_cast<std::size_t>(at)];
      bytes[static_cast<std::size_t>(at)] = static_cast<unsigned char>(carry & 0xff);
      carry >>= 8;
    }
  }
  return blocks;
}

std::vector<std::string> availability_zones(std::string_view region) {
  const std::string_view letters = region == "us-east-1" ? "abcdef" : region == "us-west-2" ? "abcd" : "abc";
  std::vector<std::string> zones;
  for (char letter : letters) zones.push_back(fmt::format("{}{}", region, letter));
  return zones;
}

}  // namespace sortie::emulator::cloudformation
