#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aws/client.h"
#include "aws/retry.h"
#include "wire/json.h"
#include "wire/xml.h"

namespace sortie::aws {

namespace {

struct ErrorFields {
  std::string code;
  std::string message;
  std::string request_id;
  std::string region;  ///< the one S3 expects
};

/// `aws.protocoltests#FooError:http://…` is `FooError`.
std::string bare_code(std::string_view code) {
  code = code.substr(0, code.find(':'));
  const auto hash = code.find('#');
  return std::string(hash == std::string_view::npos ? code : code.substr(hash + 1));
}

ErrorFields read_json_error(const http::Headers& headers, std::string_view body) {
  ErrorFields fields;
  fields.code = bare_code(headers.get_or("x-amzn-errortype", ""));
  const auto object = wire::parse_json_object(body);
  if (!object) return fields;
  for (const auto* name : {"__type", "code", "Code"}) {
    if (fields.code.empty()) fields.code = bare_code(wire::string_or(*object, name));
  }
  for (const auto* name : {"message", "Message", "errorMessage"}) {
    if (fields.message.empty()) fields.message = wire::string_or(*object, name);
  }
  return fields;
}

ErrorFields read_xml_error(std::string_view body) {
  ErrorFields fields;
  const auto document = wire::XmlDocument::parse(body);
  if (!document) return fields;
  const auto root = document->root();
  auto error = root.name() == "Error" ? root : root.child("Error");
  if (!error) error = root.child("Errors").child("Error");
  fields.code = error.child_text("Code");
  fields.message = error.child_text("Message");
  fields.region = error.child_text("Region");
  for (const auto& holder : {root, error}) {
    if (fields.request_id.empty()) fields.request_id = holder.child_text("RequestId");
    if (fields.request_id.empty()) fields.request_id = holder.child_text("RequestID");
  }
  return fields;
}

/// For answers without a body: HEAD, and what something between us and AWS said.
std::string code_of_status(int status) {
  switch (status) {
    case 301: return "PermanentRedirect";
    case 304: return "NotModified";
    case 403: return "Forbidden";
    case 404: return "NotFound";
    case 412: return "PreconditionFailed";
    default: return fmt::format("HTTP {}", status);
  }
}

ErrorKind kind_of(int status, std::string_view code) {
  constexpr std::array<std::string_view, 12> denied = {
      "AccessDenied",          "AccessDeniedException", "UnauthorizedOperation",       "InvalidClientTokenId",
      "InvalidAccessKeyId",    "ExpiredToken",          "UnrecognizedClientException", "SignatureDoesNotMatch",
      "ExpiredTokenException", "InvalidToken",          "MissingAuthenticationToken",  "InvalidSignatureException"};
  constexpr std::array<std::string_view, 2> not_found = {"NoSuchEntity", "ResourceNotFoundException"};
  const auto is_one_of = [&](const auto& codes) { return std::find(codes.begin(), codes.end(), code) != codes.end(); };
  if (is_throttling_code(code) || status == 429) return ErrorKind::throttled;
  if (is_one_of(denied) || status == 401 || status == 403) return ErrorKind::denied;
  if (is_one_of(not_found) || status == 404) return ErrorKind::not_found;
  if (status >= 500) return ErrorKind::unavailable;
  if (classify(status, code, ErrorKind::config) == RetryClass::transient) return ErrorKind::timeout;
  return ErrorKind::config;
}

}  // namespace

std::string request_id_of(const http::Headers& headers) {
  for (const auto* name : {"x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"}) {
    if (const auto id = headers.get(name)) return std::string(*id);
  }
  return {};
}

Error read_error(Protocol protocol, std::string_view what, int status, const http::Headers& headers,
                 std::string_view body) {
  const bool is_json = protocol == Protocol::rest_json || protocol == Protocol::json;
  auto fields = is_json ? read_json_error(headers, body) : read_xml_error(body);
  if (fields.code.empty()) fields.code = code_of_status(status);
  Error error;
  error.kind = kind_of(status, fields.code);
  error.code = fields.code;
  error.request_id = request_id_of(headers);
  if (error.request_id.empty()) error.request_id = fields.request_id;
  error.message = fmt::format("{}: {}", what, fields.code);
  if (!fields.message.empty()) error.message += ": " + fields.message;
  if (!error.request_id.empty()) error.message += fmt::format(" (request id {})", error.request_id);
  if (status == 301 || status == 307 || status == 400) {
    const std::string region(headers.get_or("x-amz-bucket-region", fields.region));
    if (!region.empty()) error.hint = fmt::format("the bucket is in region {}", region);
  }
  return error;
}

}  // namespace sortie::aws
