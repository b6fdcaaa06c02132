#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace sortie {

/// What went wrong, as far as a caller can act on it. Every failure is classified once, where it
/// happens; nobody re-reads message texts.
enum class ErrorKind : std::uint8_t {
  usage,        ///< the command line is wrong
  config,       ///< a file or setting is wrong
  not_found,    ///< the named thing does not exist
  denied,       ///< the caller may not do this
  throttled,    ///< asked to slow down; retry later
  unavailable,  ///< the other side failed; retry may help
  timeout,      ///< a deadline passed
  network,      ///< the connection failed
  protocol,     ///< the other side sent something that makes no sense
  cancelled,    ///< we were asked to stop
  internal,     ///< this machine or this program failed (disk full, no descriptors, a bug)
};

/// An error value. Messages are lower-case fragments without a full stop; context is put in front on
/// the way up with `wrap`. Copyable, immutable after creation, safe to hand between threads.
struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;
  std::string code;        ///< the AWS error code (`AccessDenied`), empty when AWS did not speak
  std::string request_id;  ///< AWS's request id, empty when there is none
  std::string hint;        ///< what the user can do, empty when there is nothing to say
  std::shared_ptr<const Error> cause;
};

template <class T>
using Result = std::expected<T, Error>;

/// `return fail(ErrorKind::config, "no such file: x");`
std::unexpected<Error> fail(ErrorKind kind, std::string message, std::string hint = {});

/// Converts an `errno` value: ENOENT is not_found, EACCES and EPERM are denied, the rest internal.
std::unexpected<Error> fail_errno(int error_number, std::string_view what);

/// Puts context in front of an error; kind, code and request id stay those of the cause.
Error wrap(Error cause, std::string message);

/// True for throttled, unavailable, timeout and network.
bool is_retryable(ErrorKind kind);

/// The process exit status for an error that ended a command: 2 for usage and config, 130 for
/// cancelled, 3 for everything else.
int exit_code(ErrorKind kind);

std::string_view to_string(ErrorKind kind);

/// The whole chain in one line: `deploy failed: create function: access denied`.
std::string describe(const Error& error);

}  // namespace sortie

#define SORTIE_CONCAT_(a, b) a##b
#define SORTIE_CONCAT(a, b) SORTIE_CONCAT_(a, b)

/// `ASSIGN_OR_RETURN(auto x, f());` — the value, or the error goes to the caller.
#define ASSIGN_OR_RETURN(declaration, expression) \
  ASSIGN_OR_RETURN_IMPL_(SORTIE_CONCAT(result_, __COUNTER__), declaration, expression, return)
/// The same inside a coroutine; the expression may contain `co_await`.
#define ASSIGN_OR_CO_RETURN(declaration, expression) \
  ASSIGN_OR_RETURN_IMPL_(SORTIE_CONCAT(result_, __COUNTER__), declaration, expression, co_return)
#define ASSIGN_OR_RETURN_IMPL_(result, declaration, expression, return_) \
  auto result = (expression);                                            \
  if (!result) return_ std::unexpected(std::move(result).error());       \
  declaration = *std::move(result)

#define RETURN_IF_ERROR(expression) \
  if (auto result_ = (expression); !result_) return std::unexpected(std::move(result_).error())
#define CO_RETURN_IF_ERROR(expression) \
  if (auto result_ = (expression); !result_) co_return std::unexpected(std::move(result_).error())
