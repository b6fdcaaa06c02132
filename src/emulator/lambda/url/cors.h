#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string_view>

#include "http/message.h"

/// Cross-origin resource sharing as a function URL's configuration asks for it. Pure.
/// https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html#urls-cors
namespace sortie::emulator::lambda {

/// The answer to a browser's preflight request (`OPTIONS` with `Origin` and `Access-Control-Request-Method`), which the
/// function never sees; nothing for any other request, or without a configuration. An origin that is not allowed is
/// answered without CORS headers.
std::optional<http::Response> answer_preflight(const boost::json::object& cors, const http::Request& request);

/// Adds to the response of a request from `origin` (empty: none) what the configuration says. It wins over what the
/// function itself has sent.
void add_cors_headers(const boost::json::object& cors, std::string_view origin, http::Headers& headers);

}  // namespace sortie::emulator::lambda
