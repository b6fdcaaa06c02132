#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "emulator/lambda/environment.h"
#include "wire/json.h"

/// As much of the Extensions API as an internal extension needs that wants SIGTERM before the end: registering without
/// events, and the wait that follows. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
namespace sortie::emulator::lambda {
namespace {

constexpr std::size_t k_register_limit = 64 * 1024;
constexpr std::size_t k_name_limit = 128;

}  // namespace

bool Environment::is_extension_call(std::string_view path) {
  return path.starts_with("/2020-01-01/extension/") || path.starts_with("/2022-07-01/telemetry");
}

Task<Result<http::Response>> Environment::on_extension(http::Request request) {
  auto self = shared_from_this();
  if (request.method == "POST" && request.path == "/2020-01-01/extension/register") {
    auto body = co_await request.body.read_all(k_register_limit);
    if (!body) co_return std::unexpected(body.error());
    co_return register_extension(request.headers, *body);
  }
  const auto id = request.headers.get_or("Lambda-Extension-Identifier", "");
  if (request.method == "GET" && request.path == "/2020-01-01/extension/event/next") {
    if (extension_id_.empty() || id != extension_id_) {
      co_return runtime_error(403, "Extension.InvalidExtensionIdentifier", "Invalid extension identifier");
    }
    while (instance_.occupied() && state() != State::stopping) co_await changed_.wait();  // no event is on its way
    co_return runtime_error(410, "Extension.Shutdown", "The environment is shutting down");
  }
  co_return runtime_error(501, "Extension.NotImplemented",
                          "The embedded AWS does not have " + request.path +
                              ": of Lambda's extensions it has internal ones without events. AWS has it.");
}

http::Response Environment::register_extension(const http::Headers& headers, const std::string& body) {
  const auto name = headers.get_or("Lambda-Extension-Name", "");
  if (name.empty() || name.size() > k_name_limit) {
    return runtime_error(400, "Extension.InvalidExtensionName", "Lambda-Extension-Name is not valid");
  }
  auto document = wire::parse_json_object(body);
  if (!document) return runtime_error(400, "InvalidRequestFormat", "The request is not a JSON object");
  if (!wire::array_or_empty(*document, "events").empty()) {
    return runtime_error(501, "Extension.NotImplemented",
                         "The embedded AWS sends no events to extensions: register without. AWS does.");
  }
  if (state() != State::initializing) return denied();
  extension_id_ = make_request_id();
  auto response = json_response(200,
                                boost::json::object{{"functionName", deployment_->name},
                                                    {"functionVersion", deployment_->version.version},
                                                    {"handler", deployment_->version.handler}},
                                extension_id_);
  response.headers.add("Lambda-Extension-Identifier", extension_id_);
  return response;
}

}  // namespace sortie::emulator::lambda
