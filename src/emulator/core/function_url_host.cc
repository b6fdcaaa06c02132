#include "emulator/core/function_url_host.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/number.h"
#include "http/message.h"

namespace sortie::emulator {
namespace {

constexpr std::size_t k_longest_name = 253;  // RFC 1035
constexpr std::string_view k_aws = ".on.aws";
constexpr std::string_view k_local = ".localhost";
constexpr std::string_view k_label = "lambda-url";

bool ends_with(std::string_view name, std::string_view end) {
  return name.size() > end.size() && http::iequals(name.substr(name.size() - end.size()), end);
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 63 &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

bool is_region(std::string_view text) {
  return text.contains('-') &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

/// The name without its port, which goes to `port`.
std::string_view split_port(std::string_view host, std::uint16_t& port) {
  const auto colon = host.rfind(':');
  if (colon == std::string_view::npos) return host;
  port = parse_number<std::uint16_t>(host.substr(colon + 1)).value_or(0);
  return host.substr(0, colon);
}

}  // namespace

std::optional<FunctionUrlHost> parse_function_url_host(std::string_view host) {
  FunctionUrlHost result;
  const std::string_view name = split_port(host, result.port);
  result.is_aws = ends_with(name, k_aws);
  if ((!result.is_aws && !ends_with(name, k_local)) || name.size() > k_longest_name) return std::nullopt;
  result.name = ascii_lower(name);
  std::string_view rest(result.name);
  rest.remove_suffix((result.is_aws ? k_aws : k_local).size());
  const auto first = rest.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = rest.find('.', first + 1);
  if (second == std::string_view::npos || rest.substr(first + 1, second - first - 1) != k_label) return std::nullopt;
  result.id = rest.substr(0, first);
  result.region = rest.substr(second + 1);
  if (!is_id(result.id) || !is_region(result.region)) return std::nullopt;
  return result;
}

}  // namespace sortie::emulator
