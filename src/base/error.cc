#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace sortie {

std::unexpected<Error> fail(ErrorKind kind, std::string message, std::string hint) {
  Error error;
  error.kind = kind;
  error.message = std::move(message);
  error.hint = std::move(hint);
  return std::unexpected(std::move(error));
}

std::unexpected<Error> fail_errno(int error_number, std::string_view what) {
  ErrorKind kind = ErrorKind::internal;
  if (error_number == ENOENT || error_number == ENOTDIR) kind = ErrorKind::not_found;
  if (error_number == EACCES || error_number == EPERM) kind = ErrorKind::denied;
  return fail(kind, std::string(what) + ": " + std::generic_category().message(error_number));
}

Error wrap(Error cause, std::string message) {
  Error outer;
  outer.kind = cause.kind;
  outer.code = cause.code;
  outer.request_id = cause.request_id;
  outer.hint = cause.hint;
  outer.message = std::move(message);
  outer.cause = std::make_shared<const Error>(std::move(cause));
  return outer;
}

bool is_retryable(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::throttled:
    case ErrorKind::unavailable:
    case ErrorKind::timeout:
    case ErrorKind::network: return true;
    default: return false;
  }
}

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
    case ErrorKind::config: return 2;
    case ErrorKind::cancelled: return 130;
    default: return 3;
  }
}

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage: return "usage";
    case ErrorKind::config: return "config";
    case ErrorKind::not_found: return "not_found";
    case ErrorKind::denied: return "denied";
    case ErrorKind::throttled: return "throttled";
    case ErrorKind::unavailable: return "unavailable";
    case ErrorKind::timeout: return "timeout";
    case ErrorKind::network: return "network";
    case ErrorKind::protocol: return "protocol";
    case ErrorKind::cancelled: return "cancelled";
    case ErrorKind::internal: return "internal";
  }
  return "internal";
}

std::string describe(const Error& error) {
  std::string text = error.message;
  for (auto cause = error.cause; cause; cause = cause->cause) text += ": " + cause->message;
  return text;
}

}  // namespace sortie
