#include "emulator/lambda/execution/extension_api.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "wire/json.h"

namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

constexpr char k_bad_request[] = "InvalidRequestFormat";
constexpr char k_bad_event[] = "Extension.InvalidEventType";
constexpr std::size_t k_events_limit = 100;
constexpr std::size_t k_registration_limit = 64 * 1024;
constexpr std::size_t k_shown_event = 128;

std::unexpected<ExtensionRefusal> refuse(std::string type, std::string message) {
  return std::unexpected(ExtensionRefusal{std::move(type), std::move(message)});
}

}  // namespace

ExtensionCall parse_extension_call(std::string_view method, std::string_view path) {
  using Kind = ExtensionCall::Kind;
  struct Route {
    std::string_view method;
    std::string_view path;
    Kind kind;
  };
  static constexpr Route k_routes[] = {
      {"POST", "/2020-01-01/extension/register", Kind::registration},
      {"GET", "/2020-01-01/extension/event/next", Kind::next},
      {"POST", "/2020-01-01/extension/init/error", Kind::init_error},
      {"POST", "/2020-01-01/extension/exit/error", Kind::exit_error},
      {"PUT", "/2022-07-01/telemetry", Kind::telemetry},
      {"PUT", "/2020-08-15/logs", Kind::logs},
  };
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  for (const auto& route : k_routes) {
    if (route.path == path) return {route.method == method ? route.kind : Kind::wrong_method};
  }
  return {};
}

std::expected<Registration, ExtensionRefusal> parse_registration(std::string_view body, bool external) {
  auto document = wire::parse_json_object(body, 32, k_registration_limit);
  if (!document) return refuse(k_bad_request, document.error().message);
  if (!wire::array_or_empty(*document, "configurationKeys").empty()) {
    return refuse(k_bad_request, "configurationKeys are deprecated; use environment variables instead");
  }
  const auto* events = document->if_contains("events");
  if (events == nullptr || events->is_null()) return Registration{};
  if (!events->is_array() || events->get_array().size() > k_events_limit) {
    return refuse(k_bad_request, "events is not an array of event types");
  }
  Registration registration;
  for (const auto& event : events->get_array()) {
    if (!event.is_string()) return refuse(k_bad_request, "events is not an array of event types");
    const std::string_view name = event.get_string();
    if (name == "INVOKE") {
      registration.invoke = true;
    } else if (name == "SHUTDOWN" && external) {
      registration.shutdown = true;
    } else if (name == "SHUTDOWN") {
      return refuse(k_bad_event, "SHUTDOWN: ErrorEventNotSupportedForInternalExtension");
    } else {
      return refuse(k_bad_event, fmt::format("{}: ErrorInvalidEventType", name.substr(0, k_shown_event)));
    }
  }
  return registration;
}

bool wants_account_id(std::string_view features) {
  while (!features.empty()) {
    auto comma = features.find(',');
    auto feature = features.substr(0, comma);
    features.remove_prefix(comma == std::string_view::npos ? features.size() : comma + 1);
    while (feature.starts_with(' ')) feature.remove_prefix(1);
    while (feature.ends_with(' ')) feature.remove_suffix(1);
    if (feature == "accountId") return true;
  }
  return false;
}

bool is_extension_id(std::string_view text) {
  constexpr std::string_view k_form = "00000000-0000-0000-0000-000000000000";
  if (text.size() != k_form.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (k_form[i] == '-' ? c != '-' : !digit) return false;
  }
  return true;
}

std::string invoke_event(std::int64_t deadline_ms, const Invocation& invocation) {
  return json::serialize(
      json::object{{"eventType", "INVOKE"},
                   {"deadlineMs", deadline_ms},
                   {"requestId", invocation.request_id},
                   {"invokedFunctionArn", invocation.invoked_arn},
                   {"tracing", json::object{{"type", "X-Amzn-Trace-Id"}, {"value", invocation.trace_id}}}});
}

std::string shutdown_event(std::int64_t deadline_ms, std::string_view reason) {
  return json::serialize(
      json::object{{"eventType", "SHUTDOWN"}, {"deadlineMs", deadline_ms}, {"shutdownReason", reason}});
}

}  // namespace sortie::emulator::lambda
