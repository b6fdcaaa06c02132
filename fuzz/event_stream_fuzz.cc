#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wire/event_stream.h"

/// Frames in two pieces; what decodes must encode to frames that decode to the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sortie::wire;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  EventStreamDecoder decoder;
  for (const auto piece : {bytes.substr(0, size / 2), bytes.substr(size / 2)}) {
    decoder.feed(piece);
    for (;;) {
      const auto message = decoder.next();
      if (!message || !*message) break;
      const auto encoded = encode_event_message(**message);
      if (!encoded) __builtin_trap();
      EventStreamDecoder again;
      again.feed(*encoded);
      const auto same = again.next();
      if (!same || !*same || (*same)->headers != (*message)->headers) __builtin_trap();
    }
  }
  return 0;
}
