#include "wire/arn.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sortie::wire {

namespace {

constexpr std::size_t k_max_arn = 2048;

bool split(std::string_view text, std::array<std::string_view, 6>& parts) {
  for (std::size_t i = 0; i < 5; ++i) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return false;
    parts[i] = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  parts[5] = text;
  return parts[0] == "arn" && !parts[1].empty() && !parts[2].empty() && !parts[5].empty();
}

}  // namespace

Result<Arn> parse_arn(std::string_view text) {
  std::array<std::string_view, 6> parts;
  if (text.size() > k_max_arn || !split(text, parts)) {
    return fail(ErrorKind::usage, fmt::format("not an ARN: '{}'", text.substr(0, 100)));
  }
  return Arn{std::string(parts[1]), std::string(parts[2]), std::string(parts[3]), std::string(parts[4]),
             std::string(parts[5])};
}

bool is_arn(std::string_view text) {
  std::array<std::string_view, 6> parts;
  return text.size() <= k_max_arn && split(text, parts);
}

std::string to_string(const Arn& arn) {
  return fmt::format("arn:{}:{}:{}:{}:{}", arn.partition, arn.service, arn.region, arn.account, arn.resource);
}

std::string_view partition_of(std::string_view region) {
  if (region.starts_with("cn-")) return "aws-cn";
  if (region.starts_with("us-gov-")) return "aws-us-gov";
  return "aws";
}

std::string_view dns_suffix_of(std::string_view region) {
  return region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
}

}  // namespace sortie::wire
