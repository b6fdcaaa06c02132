#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sortie::emulator {

/// The host name of a Lambda function's URL.
struct FunctionUrlHost {
  std::string name;  ///< the whole name in lower case, without the port
  std::string id;
  std::string region;
  bool is_aws = true;      ///< `….on.aws`; else `….localhost`
  std::uint16_t port = 0;  ///< as the Host header names it; 0: none
};

/// Reads a Host header of the form `ID.lambda-url.REGION.on.aws` or `ID.lambda-url.REGION.localhost`, with or without
/// `:PORT`, whatever its case. Nothing for any other name.
std::optional<FunctionUrlHost> parse_function_url_host(std::string_view host);

}  // namespace sortie::emulator
