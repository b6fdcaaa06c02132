#include <cstdint>
#include <cstdlib>

#include "suite/protocol.h"

// What the runner and the harness believe of each other: nothing may crash them, and what decodes must survive another
// round.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sortie::suite;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto event = decode_event(bytes)) {
    const std::string line = encode(*event);
    const auto again = decode_event(line);
    if (!again || encode(*again) != line) std::abort();
  }
  if (const auto request = decode_request(bytes)) {
    const std::string payload = encode(*request);
    const auto again = decode_request(payload);
    if (!again || encode(*again) != payload) std::abort();
  }
  return 0;
}
