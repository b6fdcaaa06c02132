#include "emulator/lambda/url/event.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "base/ascii.h"
#include "base/utf8.h"
#include "wire/checksum.h"
#include "wire/uri.h"

namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

/// What ends at AWS's front: the connection's own fields (RFC 9110, 7.6.1).
constexpr std::array<std::string_view, 9> k_of_the_connection{"connection", "keep-alive", "proxy-connection",
                                                              "te",         "trailer",    "transfer-encoding",
                                                              "upgrade",    "expect",     "http2-settings"};
/// What AWS's front adds of a connection to it. Its URLs are reached by https alone.
constexpr std::string_view k_tls_version = "TLSv1.3";
constexpr std::string_view k_tls_cipher = "TLS_AES_128_GCM_SHA256";

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

void append(json::object& members, std::string_view name, std::string_view value) {
  auto text = to_valid_utf8(value);
  const auto [member, fresh] = members.emplace(to_valid_utf8(name), text);
  if (fresh) return;
  auto& already = member->value().as_string();
  already.append(",");
  already.append(text);
}

template <class Use>
void for_each_part(std::string_view text, char separator, Use use) {
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

json::array cookies_of(const http::Headers& headers) {
  json::array cookies;
  for (const auto& [name, value] : headers) {
    if (!http::iequals(name, "Cookie")) continue;
    for_each_part(value, ';', [&cookies](std::string_view cookie) {
      if (cookie = trim(cookie); !cookie.empty()) cookies.emplace_back(to_valid_utf8(cookie));
    });
  }
  return cookies;
}

std::string port_of(const UrlEventSource& source) {
  if (source.host.is_aws) return "443";
  if (source.host.port != 0) return std::to_string(source.host.port);
  return source.request.scheme == "https" ? "443" : "80";
}

json::object headers_of(const UrlEventSource& source) {
  json::object headers;
  for (const auto& [name, value] : source.request.headers) {
    auto key = ascii_lower(name);
    const bool kept = std::ranges::find(k_of_the_connection, key) == k_of_the_connection.end() && key != "cookie" &&
                      (source.caller == nullptr || key != "authorization");
    if (kept) append(headers, key, value);
  }
  append(headers, "x-forwarded-for", source.request.peer_address);
  headers.insert_or_assign("x-forwarded-port", port_of(source));
  headers.insert_or_assign("x-forwarded-proto", source.host.is_aws ? "https" : source.request.scheme);
  headers.insert_or_assign("x-amzn-trace-id", to_valid_utf8(source.trace_id));
  if (source.host.is_aws) {
    headers.insert_or_assign("x-amzn-tls-version", k_tls_version);
    headers.insert_or_assign("x-amzn-tls-cipher-suite", k_tls_cipher);
  }
  return headers;
}

json::object query_of(std::string_view query) {
  json::object parameters;
  for_each_part(query, '&', [&parameters](std::string_view parameter) {
    if (parameter.empty()) return;
    const auto equals = std::min(parameter.find('='), parameter.size());
    const auto decoded = [](std::string_view text) { return wire::uri_decode_lenient(text, wire::Plus::is_space); };
    append(parameters, decoded(parameter.substr(0, equals)),
           decoded(parameter.substr(std::min(equals + 1, parameter.size()))));
  });
  return parameters;
}

json::object authorizer_of(const Principal& caller) {
  return {{"iam", json::object{{"accessKey", caller.access_key_id},
                               {"accountId", caller.account},
                               {"callerId", caller.user_id},
                               {"cognitoIdentity", nullptr},
                               {"principalOrgId", nullptr},
                               {"userArn", caller.arn},
                               {"userId", caller.user_id}}}};
}

json::object context_of(const UrlEventSource& source) {
  const auto& request = source.request;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(source.now);
  json::object context{{"accountId", source.caller != nullptr ? source.caller->account : "anonymous"},
                       {"apiId", source.host.id}};
  if (source.caller != nullptr) context.emplace("authorizer", authorizer_of(*source.caller));
  context.emplace("domainName", source.host.name);
  context.emplace("domainPrefix", source.host.id);
  context.emplace("http", json::object{{"method", to_valid_utf8(request.method)},
                                       {"path", to_valid_utf8(wire::uri_decode_lenient(request.path))},
                                       {"protocol", "HTTP/1.1"},
                                       {"sourceIp", request.peer_address},
                                       {"userAgent", to_valid_utf8(request.headers.get_or("User-Agent", ""))}});
  context.emplace("requestId", source.request_id);
  context.emplace("routeKey", "$default");
  context.emplace("stage", "$default");
  context.emplace("time", fmt::format("{:%d/%b/%Y:%H:%M:%S} +0000", seconds));
  context.emplace("timeEpoch",
                  std::chrono::duration_cast<std::chrono::milliseconds>(source.now.time_since_epoch()).count());
  return context;
}

}  // namespace

bool is_text_type(std::string_view content_type) {
  const auto type = ascii_lower(trim(content_type.substr(0, content_type.find(';'))));
  return type.starts_with("text/") || type == "application/json" || type == "application/xml" ||
         type == "application/javascript";
}

std::string url_event(const UrlEventSource& source) {
  const auto& request = source.request;
  json::object event{{"version", "2.0"},
                     {"routeKey", "$default"},
                     {"rawPath", to_valid_utf8(request.path)},
                     {"rawQueryString", to_valid_utf8(request.query)}};
  if (auto cookies = cookies_of(request.headers); !cookies.empty()) event.emplace("cookies", std::move(cookies));
  event.emplace("headers", headers_of(source));
  if (auto query = query_of(request.query); !query.empty()) event.emplace("queryStringParameters", std::move(query));
  event.emplace("requestContext", context_of(source));
  const bool text =
      source.body.empty() || (is_text_type(request.headers.get_or("Content-Type", "")) && is_valid_utf8(source.body));
  if (!source.body.empty()) event.emplace("body", text ? std::string(source.body) : wire::base64_encode(source.body));
  event.emplace("isBase64Encoded", !text);
  return json::serialize(event);
}

}  // namespace sortie::emulator::lambda
