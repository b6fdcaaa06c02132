#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "emulator/core/router.h"

/// Host, Authorization and query of a request, one a line: whom it is for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sortie;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto line = [&] {
    const auto out = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(out.size() + 1, rest.size()));
    return std::string(out);
  };
  http::Request request;
  request.headers.add("Host", line());
  request.headers.add("Authorization", line());
  request.query = line();
  (void)emulator::find_destination(request);
  return 0;
}
