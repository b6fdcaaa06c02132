#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "emulator/lambda/execution/invocation.h"

/// The paths, requests and documents of Lambda's Extensions API
/// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html). Pure.
namespace sortie::emulator::lambda {

struct ExtensionCall {
  enum class Kind : std::uint8_t {
    registration,
    next,
    init_error,
    exit_error,
    telemetry,     ///< PUT /2022-07-01/telemetry
    logs,          ///< PUT /2020-08-15/logs
    wrong_method,  ///< a path of these APIs with another method: 405
    unknown,
  };
  Kind kind = Kind::unknown;
};

ExtensionCall parse_extension_call(std::string_view method, std::string_view path);

/// What an extension registers for.
struct Registration {
  bool invoke = false;
  bool shutdown = false;
};

/// An error of the API: 403 with these.
struct ExtensionRefusal {
  std::string type;
  std::string message;
};

/// The body of a registration. An internal extension may not register for SHUTDOWN.
std::expected<Registration, ExtensionRefusal> parse_registration(std::string_view body, bool external);
/// Whether the value of `Lambda-Extension-Accept-Feature` names the account id.
bool wants_account_id(std::string_view features);
/// True for the form of a UUID, in which identifiers are.
bool is_extension_id(std::string_view text);

/// `{"eventType":"INVOKE",…}`; the deadline in milliseconds since 1970.
std::string invoke_event(std::int64_t deadline_ms, const Invocation& invocation);
/// `reason` is `spindown`, `timeout` or `failure`.
std::string shutdown_event(std::int64_t deadline_ms, std::string_view reason);

}  // namespace sortie::emulator::lambda
