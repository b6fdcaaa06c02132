#include "emulator/cloudformation/resources/step.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "wire/uri.h"
#include "wire/xml.h"

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

wire::XmlNode find_element(const wire::XmlNode& node, std::string_view name) {
  for (const wire::XmlNode& child : node.children()) {
    if (child.name() == name) return child;
    if (const wire::XmlNode below = find_element(child, name)) return below;
  }
  return {};
}

std::string text_of(const json::object& object, std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) {
    const json::value* found = object.if_contains(name);
    if (found != nullptr && found->is_string()) return std::string(found->get_string());
  }
  return {};
}

std::string service_title(std::string_view service) {
  if (service == "iam") return "Iam";
  if (service == "s3") return "S3";
  if (service == "lambda") return "Lambda";
  if (service == "logs") return "CloudWatchLogs";
  if (service == "ssm") return "Ssm";
  return std::string(service);
}

/// AWS JSON 1.1.
http::Request json_request(std::string host, std::string target, const json::object& body) {
  http::Request request;
  request.method = "POST";
  request.host = std::move(host);
  request.headers.add("Host", request.host);
  request.headers.add("X-Amz-Target", std::move(target));
  request.headers.add("Content-Type", "application/x-amz-json-1.1");
  request.body = json::serialize(body);
  return request;
}

/// The classes that AWS's resource handlers sort errors into.
std::string_view handler_code(const Reply& reply) {
  const std::string_view code = reply.code;
  const auto has = [code](std::string_view part) { return code.find(part) != std::string_view::npos; };
  if (has("AlreadyExists") || has("AlreadyOwned") || (reply.status == 409 && reply.service == "lambda"))
    return "AlreadyExists";
  if (has("AccessDenied") || reply.status == 403) return "AccessDenied";
  if (has("NotFound") || has("NoSuch") || reply.status == 404) return "NotFound";
  if (has("Limit") || has("TooMany")) return "ServiceLimitExceeded";
  if (has("Throttl")) return "Throttling";
  if (has("Conflict") || has("NotEmpty")) return "GeneralServiceException";
  if (reply.status >= 500) return "ServiceInternalError";
  return "InvalidRequest";
}

}  // namespace

json::object Reply::json() const {
  boost::system::error_code failed;
  json::value value = json::parse(body, failed);
  return !failed && value.is_object() ? std::move(value.get_object()) : json::object();
}

std::string Reply::xml_text(std::string_view element) const {
  const auto document = wire::XmlDocument::parse(body);
  if (!document) return {};
  return find_element(document->root(), element).text();
}

void read_error(Reply& reply) {
  if (reply.ok()) return;
  if (reply.body.find('<') == 0 || reply.body.starts_with("\n<")) {
    reply.code = reply.xml_text("Code");
    reply.message = reply.xml_text("Message");
  } else {
    const json::object body = reply.json();
    if (reply.code.empty()) reply.code = text_of(body, {"__type", "code", "Code"});
    reply.message = text_of(body, {"message", "Message"});
  }
  if (reply.code.empty()) reply.code = fmt::format("HTTP{}", reply.status);
}

std::string failure_text(const Reply& reply) {
  return fmt::format(
      "Resource handler returned message: \"{} (Service: {}, Status Code: {}, Request ID: {})\" (RequestToken: {}, "
      "HandlerErrorCode: {})",
      reply.message, service_title(reply.service), reply.status, reply.request_id, make_request_id(),
      handler_code(reply));
}

http::Request iam_request(wire::QueryForm form) {
  http::Request request;
  request.method = "POST";
  request.host = "iam.amazonaws.com";
  request.headers.add("Host", request.host);
  request.headers.add("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  request.body = std::move(form).finish();
  return request;
}

http::Request lambda_request(std::string method, std::string path, const json::object* body) {
  http::Request request;
  request.method = std::move(method);
  request.host = "lambda.amazonaws.com";
  const auto question = path.find('?');
  if (question != std::string::npos) request.query = path.substr(question + 1);
  request.path = path.substr(0, question);
  request.headers.add("Host", request.host);
  if (body != nullptr) {
    request.headers.add("Content-Type", "application/json");
    request.body = json::serialize(*body);
  }
  return request;
}

http::Request logs_request(std::string_view operation, const json::object& body) {
  return json_request("logs.amazonaws.com", "Logs_20140328." + std::string(operation), body);
}

http::Request ssm_request(std::string_view operation, const json::object& body) {
  return json_request("ssm.amazonaws.com", "AmazonSSM." + std::string(operation), body);
}

http::Request s3_request(std::string method, std::string_view bucket, std::string query, std::string body) {
  http::Request request;
  request.method = std::move(method);
  request.host = "s3.amazonaws.com";
  request.path = "/" + wire::uri_encode(bucket);
  request.query = std::move(query);
  request.headers.add("Host", request.host);
  request.headers.add("Content-Length", std::to_string(body.size()));
  request.body = std::move(body);
  return request;
}

}  // namespace sortie::emulator::cloudformation
