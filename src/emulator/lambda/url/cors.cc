#include "emulator/lambda/url/cors.h"

#include <string>

#include "wire/json.h"

namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

std::string joined(const json::object& cors, std::string_view member) {
  std::string text;
  for (const auto& each : wire::array_or_empty(cors, member)) {
    if (!each.is_string()) continue;
    if (!text.empty()) text += ",";
    text += each.get_string();
  }
  return text;
}

/// `https://*` allows every origin of that scheme.
bool matches(std::string_view pattern, std::string_view origin) {
  if (pattern.ends_with("://*")) {
    pattern.remove_suffix(1);
    return http::iequals(pattern, origin.substr(0, pattern.size()));
  }
  return http::iequals(pattern, origin);
}

/// The value of Access-Control-Allow-Origin; empty when `origin` is not allowed. A browser takes no `*` with
/// credentials.
std::string allowed_origin(const json::object& cors, std::string_view origin) {
  if (origin.empty()) return {};
  for (const auto& each : wire::array_or_empty(cors, "AllowOrigins")) {
    if (!each.is_string()) continue;
    const std::string_view pattern(each.get_string());
    if (pattern == "*") return wire::bool_or(cors, "AllowCredentials") ? std::string(origin) : "*";
    if (matches(pattern, origin)) return std::string(origin);
  }
  return {};
}

void set_if(http::Headers& headers, std::string_view name, std::string value) {
  if (!value.empty()) headers.set(name, std::move(value));
}

void allow_origin(const json::object& cors, std::string allowed, http::Headers& headers) {
  if (allowed != "*") headers.add("Vary", "Origin");
  headers.set("Access-Control-Allow-Origin", std::move(allowed));
  if (wire::bool_or(cors, "AllowCredentials")) headers.set("Access-Control-Allow-Credentials", "true");
}

}  // namespace

std::optional<http::Response> answer_preflight(const json::object& cors, const http::Request& request) {
  const auto origin = request.headers.get_or("Origin", "");
  if (cors.empty() || request.method != "OPTIONS" || origin.empty() ||
      !request.headers.contains("Access-Control-Request-Method")) {
    return std::nullopt;
  }
  http::Response response;
  auto& headers = response.headers;
  auto allowed = allowed_origin(cors, origin);
  if (allowed.empty()) return response;
  allow_origin(cors, std::move(allowed), headers);
  set_if(headers, "Access-Control-Allow-Methods", joined(cors, "AllowMethods"));
  set_if(headers, "Access-Control-Allow-Headers", joined(cors, "AllowHeaders"));
  if (wire::find(cors, "MaxAge") != nullptr) {
    headers.set("Access-Control-Max-Age", std::to_string(wire::int_or(cors, "MaxAge")));
  }
  return response;
}

void add_cors_headers(const json::object& cors, std::string_view origin, http::Headers& headers) {
  auto allowed = allowed_origin(cors, origin);
  if (allowed.empty()) return;
  allow_origin(cors, std::move(allowed), headers);
  set_if(headers, "Access-Control-Expose-Headers", joined(cors, "ExposeHeaders"));
}

}  // namespace sortie::emulator::lambda
