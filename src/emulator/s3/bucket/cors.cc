#include "emulator/s3/bucket/cors.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/number.h"
#include "emulator/s3/bucket/documents.h"
#include "emulator/s3/protocol/errors.h"
#include "emulator/s3/protocol/metadata.h"

namespace sortie::emulator::s3 {
namespace {

constexpr std::size_t k_max_rules = 100;

std::vector<std::string> texts_of(const wire::XmlNode& rule, std::string_view name) {
  std::vector<std::string> texts;
  for (const auto& node : rule.children(name)) texts.push_back(node.text());
  return texts;
}

/// `pattern` has one `*` at most, which stands for any text.
bool matches(std::string_view pattern, std::string_view text) {
  const auto star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  const auto tail = pattern.substr(star + 1);
  return text.size() + 1 >= pattern.size() && text.starts_with(pattern.substr(0, star)) && text.ends_with(tail);
}

const std::string* find_origin(const CorsRule& rule, std::string_view origin) {
  const auto found = std::ranges::find_if(rule.origins, [&](const auto& pattern) { return matches(pattern, origin); });
  return found == rule.origins.end() ? nullptr : &*found;
}

bool allows(const CorsRule& rule, const CorsQuestion& question) {
  if (find_origin(rule, question.origin) == nullptr) return false;
  if (std::ranges::find(rule.methods, question.method) == rule.methods.end()) return false;
  return std::ranges::all_of(question.headers, [&](const std::string& header) {
    return std::ranges::any_of(rule.headers,
                               [&](const auto& pattern) { return matches(ascii_lower(pattern), header); });
  });
}

std::string join(const std::vector<std::string>& texts) {
  std::string joined;
  for (const auto& text : texts) joined += (joined.empty() ? "" : ", ") + text;
  return joined;
}

bool is_whole_number(const std::string& text) {
  return parse_number<std::int32_t>(text).value_or(-1) >= 0;
}

bool is_method(std::string_view text) {
  return text == "GET" || text == "PUT" || text == "HEAD" || text == "POST" || text == "DELETE";
}

AwsResult<void> check_rule(const wire::XmlNode& rule) {
  const auto methods = rule.children("AllowedMethod");
  const auto origins = rule.children("AllowedOrigin");
  if (methods.empty() || origins.empty()) return malformed_xml();
  for (const auto& method : methods) {
    if (is_method(method.text())) continue;
    return invalid_request(
        fmt::format("Found unsupported HTTP method in CORS config. Unsupported method is {}", method.text()));
  }
  if (const auto age = rule.child("MaxAgeSeconds"); age && !is_whole_number(age.text())) return malformed_xml();
  for (const auto& node : rule.children("ExposeHeader")) {
    if (node.text().contains('*')) {
      return invalid_request(
          fmt::format("ExposeHeader \"{}\" contains wildcard. We currently do not support wildcard for ExposeHeader.",
                      node.text()));
    }
    if (!is_header_text(node.text())) return malformed_xml();
  }
  for (const auto* part : {"AllowedOrigin", "AllowedHeader"}) {
    for (const auto& node : rule.children(part)) {
      if (std::ranges::count(node.text(), '*') <= 1) continue;
      return invalid_request(fmt::format("{} \"{}\" can not have more than one wildcard.", part, node.text()));
    }
  }
  return {};
}

}  // namespace

std::vector<CorsRule> read_cors_rules(std::string_view content) {
  std::vector<CorsRule> rules;
  const auto document = wire::XmlDocument::parse(fmt::format("<Rules>{}</Rules>", content));
  if (!document) return rules;
  for (const auto& rule : document->root().children("CORSRule")) {
    rules.push_back({texts_of(rule, "AllowedOrigin"), texts_of(rule, "AllowedMethod"), texts_of(rule, "AllowedHeader"),
                     texts_of(rule, "ExposeHeader"), rule.child_text("MaxAgeSeconds")});
  }
  return rules;
}

std::optional<CorsQuestion> read_cors_question(const http::Request& request) {
  const auto origin = request.headers.get("Origin");
  if (!origin) return std::nullopt;
  const std::string_view method =
      request.method == "OPTIONS" ? request.headers.get_or("Access-Control-Request-Method", "") : request.method;
  CorsQuestion question{std::string(*origin), std::string(method), {}};
  std::string_view names = request.headers.get_or("Access-Control-Request-Headers", "");
  while (!names.empty()) {
    std::string_view name = names.substr(0, std::min(names.find(','), names.size()));
    names.remove_prefix(std::min(name.size() + 1, names.size()));
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (!name.empty()) question.headers.push_back(ascii_lower(name));
  }
  return question;
}

const CorsRule* find_cors_rule(const std::vector<CorsRule>& rules, const CorsQuestion& question) {
  const auto found = std::ranges::find_if(rules, [&](const auto& rule) { return allows(rule, question); });
  return found == rules.end() ? nullptr : &*found;
}

void add_cors_headers(http::Response& response, const CorsRule& rule, const CorsQuestion& question) {
  const std::string* origin = find_origin(rule, question.origin);
  const bool everyone = origin != nullptr && *origin == "*";
  response.headers.add("Access-Control-Allow-Origin", everyone ? "*" : question.origin);
  response.headers.add("Access-Control-Allow-Methods", join(rule.methods));
  if (!question.headers.empty()) response.headers.add("Access-Control-Allow-Headers", join(question.headers));
  if (!rule.exposed.empty()) response.headers.add("Access-Control-Expose-Headers", join(rule.exposed));
  if (!rule.max_age.empty()) response.headers.add("Access-Control-Max-Age", rule.max_age);
  if (!everyone) response.headers.add("Access-Control-Allow-Credentials", "true");
  response.headers.add("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
}

AwsResult<std::string> read_cors(const wire::XmlNode& root) {
  ASSIGN_OR_RETURN(const auto rules, rules_of(root, "CORSRule", k_max_rules));
  for (const auto& rule : rules) RETURN_IF_ERROR(check_rule(rule));
  return content_of(root);
}

}  // namespace sortie::emulator::s3
