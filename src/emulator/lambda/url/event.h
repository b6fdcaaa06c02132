#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "emulator/core/call.h"
#include "emulator/core/function_url_host.h"
#include "http/message.h"

/// What a function is given of a request to its URL: payload format 2.0. Pure.
/// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-request-payload
namespace sortie::emulator::lambda {

struct UrlEventSource {
  const http::Request& request;  ///< its body is not looked at
  std::string_view body;         ///< the bytes that came
  const FunctionUrlHost& host;
  const Principal* caller = nullptr;  ///< null: the URL has AuthType NONE
  std::string_view request_id;
  std::string_view trace_id;  ///< `Root=…`, or what the client sent
  SystemTime now;
};

/// The event as JSON. Always valid UTF-8: bytes that are not become U+FFFD, a body that is not becomes base64.
std::string url_event(const UrlEventSource& source);

/// Whether a body of this content type reaches the function as text: `text/…`, JSON, XML and JavaScript. Everything
/// else comes in base64, forms and bodies without a type among them.
bool is_text_type(std::string_view content_type);

}  // namespace sortie::emulator::lambda
