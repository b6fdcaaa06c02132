#include <fmt/format.h>

#include "emulator/s3/cors.h"
#include "emulator/s3/operations.h"

/// What browsers are told: preflight requests, and the headers of all other answers.
namespace sortie::emulator::s3 {
namespace {

Failure forbidden(const Request& request, std::string_view why, std::string_view resource) {
  return s3_fail(403, "AccessForbidden", fmt::format("CORSResponse: {}", why),
                 {{"Method", std::string(request.headers().get_or("Access-Control-Request-Method", "OPTIONS"))},
                  {"ResourceType", std::string(resource)}});
}

}  // namespace

Operations::Answer Operations::preflight(const Request& request) {
  const auto question = read_cors_question(request.call.request);
  if (!question) return s3_fail(400, "BadRequest", "Insufficient information. Origin request header needed.");
  const auto bucket = catalog_.find_bucket(request.bucket);
  if (!bucket) return forbidden(request, "Bucket not found", "BUCKET");
  const auto content = catalog_.config(*bucket, "cors");
  if (!content) return forbidden(request, "CORS is not enabled for this bucket.", "BUCKET");
  if (question->method.empty()) return s3_fail(400, "BadRequest", "Invalid Access-Control-Request-Method: null");
  const auto rules = read_cors_rules(*content);
  const CorsRule* rule = find_cors_rule(rules, *question);
  if (rule == nullptr) {
    return forbidden(
        request,
        "This CORS request is not allowed. This is usually because the evalution of Origin, request method "
        "/ Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the "
        "resource's CORS spec.",
        request.key.empty() ? "BUCKET" : "OBJECT");
  }
  auto response = empty_answer(200);
  add_cors_headers(response, *rule, *question);
  return response;
}

http::Headers Operations::cross_origin(const std::string& name, const http::Request& request) {
  const auto question = request.method == "OPTIONS" ? std::nullopt : read_cors_question(request);
  if (!question) return {};
  const auto bucket = catalog_.find_bucket(name);
  if (!bucket) return {};
  const auto rules = read_cors_rules(catalog_.config(*bucket, "cors").value_or(""));
  const CorsRule* rule = find_cors_rule(rules, *question);
  if (rule == nullptr) return {};
  http::Response allowed;
  add_cors_headers(allowed, *rule, *question);
  return std::move(allowed.headers);
}

}  // namespace sortie::emulator::s3
