#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "emulator/core/function_url_host.h"
#include "emulator/lambda/url/response.h"

namespace {

using namespace sortie;

/// What goes out cannot be taken for more than one response.
void check_head(const http::Response& response) {
  if (response.status < 200 || response.status > 599) std::abort();
  std::size_t bytes = 0;
  for (const auto& [name, value] : response.headers) {
    if (name.empty() || name.find_first_of(" :\r\n") != std::string::npos) std::abort();
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) std::abort();
    bytes += name.size() + value.size();
  }
  if (bytes > 2 * emulator::lambda::k_prelude_limit) std::abort();
}

}  // namespace

/// What a function answers at its URL, buffered or in two pieces of a stream, and the names URLs are asked for by. The
/// first byte picks.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sortie::emulator;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 4) {
    case 0:
      if (auto response = lambda::url_response(std::string(text), "application/json")) check_head(*response);
      break;
    case 1:
      if (auto response = lambda::url_response(std::string(text), lambda::k_http_integration)) check_head(*response);
      break;
    case 2: {
      lambda::PreludeReader reader;
      auto state = reader.feed(text.substr(0, text.size() / 2));
      if (state == lambda::PreludeReader::State::more) state = reader.feed(text.substr(text.size() / 2));
      if (state == lambda::PreludeReader::State::complete) check_head(reader.head());
      break;
    }
    default:
      if (auto host = parse_function_url_host(text); host && host->name.size() > 253) std::abort();
  }
  return 0;
}
