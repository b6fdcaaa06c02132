#include "emulator/lambda/catalogue/names.h"

#include <fmt/format.h>

#include <algorithm>

#include "emulator/core/random.h"
#include "emulator/lambda/catalogue/errors.h"
#include "wire/arn.h"

namespace sortie::emulator::lambda {
namespace {

constexpr std::string_view k_create_pattern =
    R"((arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?)";
constexpr std::string_view k_other_pattern =
    R"((arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?)";
constexpr std::string_view k_qualifier_pattern = R"(\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+)";

constexpr std::size_t k_create_limit = 140;
constexpr std::size_t k_other_limit = 256;
constexpr std::size_t k_name_limit = 64;
constexpr std::size_t k_qualifier_limit = 128;

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alnum(char c) {
  return is_lower(c) || (c >= 'A' && c <= 'Z') || is_digit(c);
}

/// `us-east-1`, `us-gov-west-1`, `us-isob-east-1`, `eusc-de-east-1`.
bool is_region(std::string_view text) {
  if (text.starts_with("eusc-")) text.remove_prefix(5);
  if (text.size() < 6 || !is_lower(text[0]) || !is_lower(text[1]) || text[2] != '-') return false;
  text.remove_prefix(3);
  if (text.starts_with("gov-")) {
    text.remove_prefix(4);
  } else if (text.starts_with("iso-")) {
    text.remove_prefix(4);
  } else if (text.size() > 5 && text.starts_with("iso") && is_lower(text[3]) && text[4] == '-') {
    text.remove_prefix(5);
  }
  auto dash = text.find('-');
  return dash != std::string_view::npos && dash > 0 && std::all_of(text.begin(), text.begin() + dash, is_lower) &&
         text.size() == dash + 2 && is_digit(text.back());
}

bool is_account(std::string_view text) {
  return text.size() == 12 && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_name(std::string_view text, NameUse use) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [use](char c) {
    return is_alnum(c) || c == '-' || c == '_' || (use == NameUse::other && c == '.');
  });
}

bool is_suffix(std::string_view text, NameUse use) {
  return text == "$LATEST" || (use == NameUse::other && text == "$LATEST.PUBLISHED") || is_plain_name(text);
}

std::string_view take_part(std::string_view& text) {
  auto colon = text.find(':');
  auto part = text.substr(0, colon);
  text.remove_prefix(colon == std::string_view::npos ? text.size() : colon + 1);
  return part;
}

/// True and consumed when the part before the next colon passes `accepts`.
template <class Accepts>
bool take_if(std::string_view& text, std::string_view& part, Accepts accepts) {
  auto colon = text.find(':');
  if (colon == std::string_view::npos || !accepts(text.substr(0, colon))) return false;
  part = take_part(text);
  return true;
}

struct Parts {
  std::string_view region;
  std::string_view account;
  std::string_view name;
  std::string_view qualifier;
};

std::optional<Parts> split(std::string_view text, NameUse use) {
  Parts parts;
  std::string_view ignored;
  if (text.starts_with("arn:")) {
    text.remove_prefix(4);
    auto partition = take_part(text);
    if (!partition.empty() && !partition.starts_with("aws")) return std::nullopt;
    if (take_part(text) != "lambda") return std::nullopt;
    if (!take_if(text, parts.region, is_region) || !take_if(text, parts.account, is_account)) return std::nullopt;
  } else {
    take_if(text, parts.region, is_region);
    take_if(text, parts.account, is_account);
  }
  take_if(text, ignored, [](std::string_view part) { return part == "function"; });
  parts.name = take_part(text);
  if (!is_name(parts.name, use)) return std::nullopt;
  if (text.empty()) return parts;
  if (!is_suffix(text, use)) return std::nullopt;
  parts.qualifier = text;
  return parts;
}

}  // namespace

std::string FunctionRef::unqualified_arn() const {
  return fmt::format("arn:{}:lambda:{}:{}:function:{}", wire::partition_of(region), region, account, name);
}

std::string FunctionRef::arn() const {
  return qualifier.empty() ? unqualified_arn() : unqualified_arn() + ":" + qualifier;
}

bool is_plain_name(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '-' || c == '_'; });
}

std::string random_name(std::size_t length) {
  constexpr std::string_view k_characters = "abcdefghijklmnopqrstuvwxyz0123456789";
  auto name = random_bytes(length);
  for (auto& c : name) c = k_characters[static_cast<unsigned char>(c) % k_characters.size()];
  return name;
}

bool is_version(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

AwsResult<FunctionRef> parse_function_name(std::string_view text, std::string_view qualifier, const std::string& region,
                                           const std::string& account, NameUse use) {
  std::vector<std::string> details;
  auto too_long = [](std::size_t limit) {
    return fmt::format("Member must have length less than or equal to {}", limit);
  };
  auto matches = [](std::string_view pattern) {
    return fmt::format("Member must satisfy regular expression pattern: {}", pattern);
  };
  if (qualifier.size() > k_qualifier_limit) {
    details.push_back(constraint(qualifier, "qualifier", too_long(k_qualifier_limit)));
  }
  if (!qualifier.empty() &&
      !std::all_of(qualifier.begin(), qualifier.end(),
                   [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '$'; }) &&
      qualifier != "$LATEST.PUBLISHED") {
    details.push_back(constraint(qualifier, "qualifier", matches(k_qualifier_pattern)));
  }
  auto limit = use == NameUse::create ? k_create_limit : k_other_limit;
  if (text.size() > limit) details.push_back(constraint(text, "functionName", too_long(limit)));
  auto parts = split(text, use);
  if (!parts) {
    details.push_back(
        constraint(text, "functionName", matches(use == NameUse::create ? k_create_pattern : k_other_pattern)));
  }
  if (!details.empty()) return std::unexpected(validation_error(details));
  if (use == NameUse::create && parts->name.size() > k_name_limit) {
    return aws_fail(400, "InvalidParameterValueException",
                    "1 validation error detected: " + constraint(parts->name, "functionName", too_long(k_name_limit)));
  }
  if (!parts->region.empty() && parts->region != region) {
    return aws_fail(404, "ResourceNotFoundException",
                    fmt::format("Functions from '{}' are not reachable in this region ('{}')", parts->region, region));
  }
  if (!parts->qualifier.empty() && !qualifier.empty() && parts->qualifier != qualifier) {
    return aws_fail(400, "InvalidParameterValueException",
                    "The derived qualifier from the function name does not match the specified qualifier.");
  }
  FunctionRef ref{.region = region,
                  .account = parts->account.empty() ? account : std::string(parts->account),
                  .name = std::string(parts->name),
                  .qualifier = std::string(parts->qualifier.empty() ? qualifier : parts->qualifier)};
  return ref;
}

}  // namespace sortie::emulator::lambda
