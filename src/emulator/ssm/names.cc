#include "emulator/ssm/names.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/number.h"
#include "wire/arn.h"

namespace sortie::emulator::ssm {
namespace {

constexpr std::size_t k_max_arn = 1011;
constexpr std::ptrdiff_t k_max_levels = 15;

constexpr char k_bad_name[] =
    "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of "
    "sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 "
    "symbols .-_";
constexpr char k_bad_path[] =
    "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash "
    "\"/\". It can't be prefixed with \\\"aws\\\" or \\\"ssm\\\" (case-insensitive). It must use only letters, "
    "numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. "
    "All sub-paths, if specified, must use the forward slash symbol \"/\". Valid example: "
    "/get/parameters2-/by1./path0_.";

bool is_name_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '_';
}

std::unexpected<AwsError> refuse(std::string message) {
  return aws_fail(400, "ValidationException", std::move(message));
}

/// Letters, digits, `.-_`, and slashes with something between them.
bool is_name(std::string_view name) {
  if (name.empty() || name.back() == '/' || name.contains("//")) return false;
  return std::ranges::all_of(name, [](char c) { return is_name_byte(c) || c == '/'; });
}

bool begins_without_case(std::string_view name, std::string_view prefix) {
  return name.size() >= prefix.size() && http::iequals(name.substr(0, prefix.size()), prefix);
}

}  // namespace

std::string parameter_arn(const Call& call, std::string_view name) {
  return fmt::format("arn:{}:ssm:{}:{}:parameter{}{}", wire::partition_of(call.region), call.region, call.account,
                     name.starts_with('/') ? "" : "/", name);
}

AwsResult<ParameterName> parse_name(const Call& call, std::string_view text) {
  std::string name(text);
  if (text.starts_with("arn:")) {
    const auto arn = wire::parse_arn(text);
    constexpr std::string_view k_kind = "parameter/";
    if (!arn || arn->service != "ssm" || !arn->resource.starts_with(k_kind)) return refuse(k_bad_name);
    if (arn->account != call.account || arn->region != call.region) {
      return aws_fail(400, "ParameterNotFound", fmt::format("Parameter {} not found.", text));
    }
    // Whether the name itself begins with a slash, its ARN does not say: one in a hierarchy does.
    name = arn->resource.substr(k_kind.size());
    if (name.contains('/')) name.insert(0, "/");
  }
  ParameterName parsed{.name = name.substr(0, name.find(':')), .selector = {}};
  if (parsed.name.size() < name.size()) parsed.selector = name.substr(parsed.name.size() + 1);
  const bool selects = parsed.name.size() == name.size() || parse_version(parsed.selector) || is_label(parsed.selector);
  if (!is_name(parsed.name) || !selects) return refuse(k_bad_name);
  return parsed;
}

AwsResult<void> check_new_name(const Call& call, std::string_view name) {
  if (!is_name(name)) return refuse(k_bad_name);
  const auto first = name.substr(name.starts_with('/') ? 1 : 0);
  if (name.contains('/') && !name.starts_with('/')) return refuse("Parameter name must be a fully qualified name.");
  if (begins_without_case(name, "/aws/") || http::iequals(name, "/aws")) {
    return aws_fail(400, "AccessDeniedException", fmt::format("No access to reserved parameter name: {}.", name));
  }
  if (begins_without_case(first, "ssm")) return refuse(k_bad_name);
  if (begins_without_case(first, "aws")) {
    return refuse("Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).");
  }
  if (std::ranges::count(name, '/') > k_max_levels) {
    return aws_fail(400, "HierarchyLevelLimitExceededException",
                    "Hierarchies can't exceed 15 levels. Shorten the hierarchy and try again.");
  }
  if (parameter_arn(call, name).size() > k_max_arn) {
    return refuse(
        fmt::format("The name of a parameter, with the ARN before it, has at most {} characters.", k_max_arn));
  }
  return {};
}

AwsResult<std::string> parse_path(std::string_view text) {
  if (text == "/") return std::string(text);
  if (text.ends_with('/')) text.remove_suffix(1);
  if (!text.starts_with('/') || !is_name(text)) return refuse(k_bad_path);
  return std::string(text);
}

bool is_label(std::string_view text) {
  constexpr std::size_t k_most = 100;
  if (text.empty() || text.size() > k_most || !std::ranges::all_of(text, is_name_byte)) return false;
  const bool number = text[0] >= '0' && text[0] <= '9';
  return !number && !begins_without_case(text, "aws") && !begins_without_case(text, "ssm");
}

std::optional<std::int64_t> parse_version(std::string_view text) {
  return parse_number_between<std::int64_t>(text, 1, INT64_MAX);
}

}  // namespace sortie::emulator::ssm
