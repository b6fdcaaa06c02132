#include "emulator/lambda/url/response.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "base/number.h"
#include "wire/checksum.h"
#include "wire/json.h"

namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

constexpr std::string_view k_delimiter("\0\0\0\0\0\0\0\0", 8);
constexpr std::size_t k_json_depth = 512;
constexpr std::size_t k_most_headers = 500;
constexpr int k_least_status = 200;
constexpr int k_last_status = 599;
/// What is the front's own to say, or about the connection: a function's value goes out under another name.
constexpr std::array<std::string_view, 16> k_remapped{"connection",
                                                      "content-length",
                                                      "date",
                                                      "expect",
                                                      "keep-alive",
                                                      "proxy-authenticate",
                                                      "server",
                                                      "te",
                                                      "trailer",
                                                      "trailers",
                                                      "upgrade",
                                                      "transfer-encoding",
                                                      "via",
                                                      "www-authenticate",
                                                      "x-amzn-requestid",
                                                      "x-amzn-trace-id"};

bool is_one_of(const auto& names, std::string_view name) {
  return std::ranges::any_of(names, [name](std::string_view each) { return http::iequals(each, name); });
}

/// What a header's name may have besides letters and digits (RFC 9110, 5.6.2).
constexpr std::string_view k_token_signs = "!#$%&'*+-.^_`|~";

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || k_token_signs.contains(c);
  });
}

bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

void append_compact(std::string& out, const json::value& value) {
  if (const auto* array = value.if_array()) {
    out += '[';
    for (const auto& each : *array) {
      if (out.back() != '[') out += ',';
      append_compact(out, each);
    }
    out += ']';
  } else if (const auto* object = value.if_object()) {
    out += '{';
    for (const auto& [name, member] : *object) {
      if (out.back() != '{') out += ',';
      out += json::serialize(json::string(name)) + ':';
      append_compact(out, member);
    }
    out += '}';
  } else if (const auto* number = value.if_double()) {
    out += fmt::format("{}", *number);  // Boost.JSON writes an exponent always
  } else {
    out += json::serialize(value);
  }
}

std::string compact(const json::value& value) {
  std::string out;
  append_compact(out, value);
  return out;
}

/// A number, or digits in a string, as the status of a final answer.
std::optional<int> status_of(const json::value& value) {
  std::int64_t number = 0;
  if (const auto* text = value.if_string()) {
    const auto parsed = parse_number<std::int64_t>(*text);
    if (!parsed) return std::nullopt;
    number = *parsed;
  } else if (const auto* whole = value.if_int64()) {
    number = *whole;
  } else {
    return std::nullopt;
  }
  if (number < k_least_status || number > k_last_status) return std::nullopt;
  return static_cast<int>(number);
}

/// Bounds what an answer's head may have, all in all.
class HeadBudget {
 public:
  bool take(std::string_view name, std::string_view value) {
    bytes_ += name.size() + value.size();
    return ++count_ <= k_most_headers && bytes_ <= k_prelude_limit;
  }

 private:
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

bool add_headers(const json::object& document, http::Response& head, HeadBudget& budget) {
  const auto* headers = wire::find(document, "headers");
  if (headers == nullptr) return true;
  if (!headers->is_object()) return false;
  for (const auto& [key, value] : headers->get_object()) {
    std::string name(key);
    if (value.is_null()) continue;
    if (value.is_array() || value.is_object()) return false;
    auto text = value.is_string() ? std::string(value.get_string()) : compact(value);
    if (!is_token(name) || !is_field_value(text) || !budget.take(name, text)) return false;
    if (is_one_of(k_remapped, name)) {
      head.headers.add("x-amzn-Remapped-" + name, std::move(text));
    } else {
      head.headers.add(std::move(name), std::move(text));
    }
  }
  return true;
}

bool add_cookies(const json::object& document, http::Response& head, HeadBudget& budget) {
  const auto* cookies = wire::find(document, "cookies");
  if (cookies == nullptr) return true;
  if (!cookies->is_array()) return false;
  for (const auto& each : cookies->get_array()) {
    if (!each.is_string()) return false;
    std::string cookie(each.get_string());
    if (!is_field_value(cookie) || !budget.take("Set-Cookie", cookie)) return false;
    head.headers.add("Set-Cookie", std::move(cookie));
  }
  return true;
}

/// Status, headers and cookies of `document`; without a status 200. Nothing: malformed.
std::optional<http::Response> read_head(const json::object& document, std::string_view content_type) {
  http::Response head;
  if (const auto* code = wire::find(document, "statusCode")) {
    const auto status = status_of(*code);
    if (!status) return std::nullopt;
    head.status = *status;
  }
  HeadBudget budget;
  if (!add_headers(document, head, budget) || !add_cookies(document, head, budget)) return std::nullopt;
  if (!head.headers.contains("Content-Type")) head.headers.add("Content-Type", std::string(content_type));
  return head;
}

std::optional<http::Response> read_document(const json::object& document) {
  auto response = read_head(document, "application/json");
  if (!response) return std::nullopt;
  const auto* body = wire::find(document, "body");
  if (body == nullptr) return response;
  auto bytes = body->is_string() ? std::string(body->get_string()) : compact(*body);
  if (wire::bool_or(document, "isBase64Encoded")) {
    auto decoded = wire::base64_decode(bytes);
    if (!decoded) return std::nullopt;
    bytes = *std::move(decoded);
  }
  response->body = std::move(bytes);
  return response;
}

}  // namespace

bool is_http_integration(std::string_view content_type) {
  return http::iequals(content_type.substr(0, content_type.find(';')), k_http_integration);
}

std::string compact_json(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\' && i + 1 < text.size()) {
      out += c;
      out += text[++i];
      continue;
    }
    if (c == '"') in_string = !in_string;
    if (in_string || (c != ' ' && c != '\t' && c != '\n' && c != '\r')) out += c;
  }
  return out;
}

std::optional<http::Response> url_response(std::string payload, std::string_view content_type) {
  if (is_http_integration(content_type)) {
    PreludeReader prelude;
    if (payload.empty()) return http::Response{.headers = {{"Content-Type", "application/octet-stream"}}};
    if (prelude.feed(payload) != PreludeReader::State::complete) return std::nullopt;
    prelude.head().body = std::move(prelude.rest());
    return std::move(prelude.head());
  }
  auto parsed = wire::parse_json(payload, k_json_depth);
  if (!parsed) {
    const std::string type(content_type.empty() ? "application/octet-stream" : content_type);
    if (!is_field_value(type)) return std::nullopt;
    return http::Response{.headers = {{"Content-Type", type}}, .body = std::move(payload)};
  }
  if (const auto* document = parsed->if_object();
      document != nullptr && wire::find(*document, "statusCode") != nullptr) {
    return read_document(*document);
  }
  // A string goes out as what it says, anything else as its JSON.
  const auto* text = parsed->if_string();
  return http::Response{.headers = {{"Content-Type", "application/json"}},
                        .body = text != nullptr ? std::string(*text) : compact_json(payload)};
}

PreludeReader::State PreludeReader::feed(std::string_view bytes) {
  // JSON has no zero byte: the first one begins the delimiter.
  const auto searched = bytes_.size();
  bytes_.append(bytes);
  const auto zero = bytes_.find('\0', searched - std::min(searched, k_delimiter.size()));
  if (zero == std::string::npos) return bytes_.size() > k_prelude_limit ? State::malformed : State::more;
  const auto found = std::string_view(bytes_).substr(zero, k_delimiter.size());
  if (zero > k_prelude_limit || !k_delimiter.starts_with(found)) return State::malformed;
  if (found.size() < k_delimiter.size()) return State::more;
  const auto document = wire::parse_json_object(std::string_view(bytes_).substr(0, zero));
  if (!document) return State::malformed;
  auto head = read_head(*document, "application/octet-stream");
  if (!head) return State::malformed;
  head_ = *std::move(head);
  rest_ = bytes_.substr(zero + k_delimiter.size());
  return State::complete;
}

}  // namespace sortie::emulator::lambda
