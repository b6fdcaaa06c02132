#include "emulator/s3/bucket/cross_origin.h"

#include <fmt/format.h>

#include "emulator/s3/bucket/cors.h"
#include "emulator/s3/protocol/errors.h"

namespace sortie::emulator::s3 {
namespace {

Failure forbidden(const Request& request, std::string_view why, std::string_view resource) {
  return s3_fail(403, "AccessForbidden", fmt::format("CORSResponse: {}", why),
                 {{"Method", std::string(request.headers().get_or("Access-Control-Request-Method", "OPTIONS"))},
                  {"ResourceType", std::string(resource)}});
}

}  // namespace

Answer preflight(Catalog& catalog, const Request& request) {
  const auto question = read_cors_question(request.call.request);
  if (!question) return s3_fail(400, "BadRequest", "Insufficient information. Origin request header needed.");
  const auto bucket = catalog.find_bucket(request.bucket);
  if (!bucket) return forbidden(request, "Bucket not found", "BUCKET");
  const auto content = catalog.config(*bucket, "cors");
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

http::Headers cross_origin_headers(Catalog& catalog, const std::string& name, const http::Request& request) {
  const auto question = request.method == "OPTIONS" ? std::nullopt : read_cors_question(request);
  if (!question) return {};
  const auto bucket = catalog.find_bucket(name);
  if (!bucket) return {};
  const auto rules = read_cors_rules(catalog.config(*bucket, "cors").value_or(""));
  const CorsRule* rule = find_cors_rule(rules, *question);
  if (rule == nullptr) return {};
  http::Response allowed;
  add_cors_headers(allowed, *rule, *question);
  return std::move(allowed.headers);
}

}  // namespace sortie::emulator::s3
