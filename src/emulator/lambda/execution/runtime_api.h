#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

/// The paths and answers of Lambda's Runtime API (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
/// Pure.
namespace sortie::emulator::lambda {

struct RuntimeCall {
  enum class Kind : std::uint8_t {
    next,
    response,
    error,
    init_error,
    wrong_method,  ///< a path of the API with another method: 405
    unknown,       ///< 404
  };
  Kind kind = Kind::unknown;
  std::string request_id;  ///< of response and error
};

/// What `method` and `path` ask for. A request id longer than 128 bytes is unknown.
RuntimeCall parse_runtime_call(std::string_view method, std::string_view path);

/// 202 `{"status":"OK"}`
http::Response runtime_accepted();
/// `{"errorMessage":…,"errorType":…}`
http::Response runtime_error(int status, std::string_view type, std::string_view message);

/// The `errorType` that an error document names, at most 256 bytes; empty when there is none.
std::string error_type_of(std::string_view document);
/// The `errorMessage` of an error document; empty when there is none.
std::string error_message_of(std::string_view document);
/// `{"errorType":TYPE,"errorMessage":MESSAGE}` as Lambda itself reports failures.
std::string error_document(std::string_view type, std::string_view message);

/// `killed` for 9: signals as Lambda's error messages name them.
std::string signal_name(int number);

}  // namespace sortie::emulator::lambda
