#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

/// What a client sees of a function's answer at its URL. Pure.
/// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-response-payload
namespace sortie::emulator::lambda {

/// The content type of an answer that begins with a prelude: JSON with status, headers and cookies, then eight zero
/// bytes, then the body.
inline constexpr std::string_view k_http_integration = "application/vnd.awslambda.http-integration-response";
/// A longer prelude, and headers of more bytes together, are refused.
inline constexpr std::size_t k_prelude_limit = 64 * 1024;

bool is_http_integration(std::string_view content_type);

/// A buffered answer: a prelude where the content type says so; `statusCode` with headers, cookies and body; else the
/// answer itself as `application/json`. What is not JSON is passed on under its own content type. Nothing: the answer
/// is malformed (a status that is none, headers that cannot be sent, a body that is not base64 but says so).
std::optional<http::Response> url_response(std::string payload, std::string_view content_type);

/// Takes the prelude off the front of a streamed answer.
class PreludeReader {
 public:
  enum class State : std::uint8_t { more, complete, malformed };
  /// The next bytes. Once it is complete or malformed nothing more may be given.
  State feed(std::string_view bytes);
  /// Status and headers, without a body. Complete only.
  [[nodiscard]] http::Response& head() { return head_; }
  /// The first bytes of the body. Complete only.
  [[nodiscard]] std::string& rest() { return rest_; }

 private:
  std::string bytes_;
  http::Response head_;
  std::string rest_;
};

/// The JSON text without the white space between its tokens. `text` is valid JSON.
std::string compact_json(std::string_view text);

}  // namespace sortie::emulator::lambda
