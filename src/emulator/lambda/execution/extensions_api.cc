#include "emulator/lambda/execution/extensions_api.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "emulator/lambda/execution/runtime_api.h"

namespace sortie::emulator::lambda {
namespace {

constexpr std::size_t k_body_limit = 256 * 1024;
constexpr std::size_t k_name_limit = 128;
constexpr std::size_t k_error_type_limit = 256;
constexpr char k_identifier[] = "Lambda-Extension-Identifier";
constexpr char k_error_type[] = "Lambda-Extension-Function-Error-Type";
constexpr char k_invalid_state[] = "Extension.InvalidExtensionState";

http::Response forbidden(std::string_view type, std::string_view message) {
  return runtime_error(403, type, message);
}

http::Response wrong_state(const Extension& extension, ExtensionState wanted, std::string_view name) {
  return forbidden(k_invalid_state, fmt::format("State transition from {} to {} failed for extension {}. Error: State "
                                                "transition is not allowed",
                                                to_string(extension.state), to_string(wanted), name));
}

}  // namespace

Task<Result<http::Response>> ExtensionsApi::handle(ExtensionCall call, http::Request request,
                                                   TelemetryStream::OpenSocket open_socket) {
  using Kind = ExtensionCall::Kind;
  if (call.kind == Kind::wrong_method) co_return runtime_error(405, "MethodNotAllowed", "Method not allowed");
  if (call.kind == Kind::logs) {
    co_return runtime_error(501, "Extension.NotImplemented",
                            "The embedded AWS does not have " + request.path + ". AWS has it.");
  }
  const auto body = co_await request.body.read_all(k_body_limit);
  if (!body) co_return runtime_error(413, "RequestEntityTooLarge", "The request is too large, or was cut short");
  if (call.kind == Kind::registration) co_return register_extension(request.headers, *body);

  const std::string id(request.headers.get_or(k_identifier, ""));
  if (id.empty()) {
    co_return forbidden("Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header");
  }
  if (!is_extension_id(id)) {
    co_return forbidden("Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier");
  }
  auto extension = extensions_.find_by_id(id);
  if (!extension) co_return forbidden("Extension.UnknownExtensionIdentifier", "Unknown extension " + id);
  if (call.kind == Kind::telemetry) co_return telemetry_.subscribe(*extension, *body, std::move(open_socket));
  if (call.kind == Kind::next) co_return co_await on_extension_next(std::move(extension));
  co_return on_extension_error(
      *extension,
      call.kind == Kind::init_error ? ExtensionEvent::reports_init_error : ExtensionEvent::reports_exit_error,
      request.headers.get_or(k_error_type, ""));
}

http::Response ExtensionsApi::register_extension(const http::Headers& headers, const std::string& body) {
  const std::string name(headers.get_or("Lambda-Extension-Name", ""));
  if (name.empty()) return forbidden("Extension.InvalidExtensionName", "Empty extension name");
  if (name.size() > k_name_limit) return forbidden("Extension.InvalidExtensionName", "Extension name is too long");
  auto extension = extensions_.find_by_name(name);
  const bool external = extension && extension->external;
  auto registration = parse_registration(body, external);
  if (!registration) return forbidden(registration.error().type, registration.error().message);
  if (!external) {
    if (lifecycle_.state() != State::initializing) {
      return forbidden("Extension.RegistrationClosed", "Extension registration closed already");
    }
    if (extension) return forbidden(k_invalid_state, "Extension with this name already registered");
    if (extensions_.size() >= k_extension_limit) {
      return forbidden("Extension.TooManyExtensions", fmt::format("Extension limit ({}) reached", k_extension_limit));
    }
    extension = extensions_.add(executor_, name, false);
  }
  if (!extension->apply(ExtensionEvent::registers)) return wrong_state(*extension, ExtensionState::registered, name);
  extension->id = make_request_id();
  extension->wants_invoke = registration->invoke;
  extension->wants_shutdown = registration->shutdown;
  changed_.notify();
  boost::json::object document{{"functionName", deployment_.name},
                               {"functionVersion", deployment_.version.version},
                               {"handler", deployment_.version.handler}};
  if (wants_account_id(headers.get_or("Lambda-Extension-Accept-Feature", ""))) {
    document.emplace("accountId", deployment_.account);
  }
  return {.status = 200,
          .headers = {{"Content-Type", "application/json"}, {k_identifier, extension->id}},
          .body = boost::json::serialize(document)};
}

/// The long poll: an answer comes with the next event.
Task<Result<http::Response>> ExtensionsApi::on_extension_next(std::shared_ptr<Extension> extension) {
  // An event that was not fetched, as the poll before broke or there was none, is fetched now.
  if (!extension->event && !extension->apply(ExtensionEvent::asks)) {
    co_return wrong_state(*extension, ExtensionState::ready, extension->id);
  }
  const auto poll = ++extension->poll;
  extension->work.notify();  // a poll that this one replaces ends
  changed_.notify();
  while (!extension->event) {
    co_await extension->work.wait();
    if (poll != extension->poll || extension->gone) {
      co_return forbidden(k_invalid_state, "The extension asked again on another connection, or its time is over");
    }
  }
  http::Response response{.status = 200,
                          .headers = {{"Content-Type", "application/json"},
                                      {"Lambda-Extension-Event-Identifier", make_request_id()},
                                      {k_identifier, extension->id}},
                          .body = *std::exchange(extension->event, std::nullopt)};
  co_return response;
}

/// The environment fails when the extension's process has ended, with what it has said here.
http::Response ExtensionsApi::on_extension_error(Extension& extension, ExtensionEvent event,
                                                 std::string_view error_type) {
  if (error_type.empty()) return forbidden("Extension.MissingHeader", fmt::format("{} not found", k_error_type));
  if (!extension.apply(event)) {
    const auto wanted =
        event == ExtensionEvent::reports_init_error ? ExtensionState::init_error : ExtensionState::exit_error;
    return wrong_state(extension, wanted, extension.id);
  }
  extension.error_type = error_type.substr(0, k_error_type_limit);
  changed_.notify();
  return runtime_accepted();
}

}  // namespace sortie::emulator::lambda
