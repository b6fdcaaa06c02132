#include "emulator/cloudformation/resources/custom_responses.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "emulator/core/random.h"
#include "wire/arn.h"
#include "wire/checksum.h"
#include "wire/uri.h"
#include "wire/xml.h"

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

constexpr std::size_t k_secret_bytes = 16;
constexpr std::string_view k_separator = "%7C";
constexpr std::size_t k_most_read = 1024 * 1024;

http::Response refusal(int status, std::string_view code, std::string_view message) {
  wire::XmlWriter xml;
  xml.open("Error").element("Code", code).element("Message", message);
  http::Response response{.status = status, .headers = {{"Content-Type", "application/xml"}}, .body = xml.finish()};
  return response;
}

std::string_view text(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string_view(found->get_string()) : std::string_view();
}

}  // namespace

CustomResponses::ResponseUrl CustomResponses::open(const std::string& region, std::string_view name) {
  std::string plain = region;
  std::erase(plain, '-');
  const std::string domain =
      region == "us-east-1" ? "s3.amazonaws.com" : fmt::format("s3.{}.{}", region, wire::dns_suffix_of(region));
  ResponseUrl url{wire::hex_encode(random_bytes(k_secret_bytes)), {}};
  url.url = fmt::format("https://{}{}.{}/{}{}{}", k_bucket_prefix, plain, domain, wire::uri_encode(name), k_separator,
                        url.secret);
  answers_.emplace(url.secret, std::nullopt);
  return url;
}

std::optional<std::string> CustomResponses::find(const std::string& secret) const {
  const auto found = answers_.find(secret);
  return found == answers_.end() ? std::nullopt : found->second;
}

void CustomResponses::close(const std::string& secret) {
  answers_.erase(secret);
}

Task<http::Response> CustomResponses::receive(Call call) {
  const std::string_view path = call.request.path;
  const auto at = path.rfind(k_separator);
  const std::string secret(at == std::string_view::npos ? std::string_view() : path.substr(at + k_separator.size()));
  if (call.request.method != "PUT" || !answers_.contains(secret))
    co_return refusal(403, "AccessDenied", "Access Denied");
  auto body = co_await call.request.body.read_all(k_most_read);
  if (!body) co_return refusal(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size");
  // The URL may have been closed while the body was read.
  const auto answer = answers_.find(secret);
  if (answer == answers_.end()) co_return refusal(403, "AccessDenied", "Request has expired");
  body->resize(std::min(body->size(), k_longest + 1));
  answer->second = *std::move(body);
  http::Response response;
  response.headers.add("x-amz-request-id", call.request_id);
  co_return response;
}

CustomAnswer read_custom_answer(std::string_view body, const json::object& message) {
  if (body.size() > CustomResponses::k_longest) return {.failure = "Response object is too long."};
  boost::system::error_code wrong;
  const json::value value = json::parse(body, wrong);
  if (wrong || !value.is_object()) return {.failure = "Invalid response object: it is not a JSON object."};
  const json::object& answer = value.get_object();
  for (const auto* name : {"RequestId", "StackId", "LogicalResourceId"}) {
    if (text(answer, name) == text(message, name)) continue;
    return {.failure =
                fmt::format("Invalid response object: Value of property {} does not match that of the request.", name)};
  }
  CustomAnswer result{.physical_id = std::string(text(answer, "PhysicalResourceId"))};
  if (const json::value* data = answer.if_contains("Data"); data != nullptr && data->is_object()) {
    result.data = data->get_object();
  }
  const std::string_view status = text(answer, "Status");
  if (status == "FAILED") {
    result.failure =
        fmt::format("Received response status [FAILED] from custom resource. Message returned: {} (RequestId: {})",
                    text(answer, "Reason"), text(message, "RequestId"));
  } else if (status != "SUCCESS") {
    result.failure = "Invalid response object: Value of property Status must be SUCCESS or FAILED.";
  } else if (result.physical_id.empty() && text(message, "RequestType") != "Delete") {
    result.failure = "Invalid PhysicalResourceId";
  }
  return result;
}

}  // namespace sortie::emulator::cloudformation
