#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "wire/chunked_signing.h"

/// A coded body, whole and byte by byte: both ways end the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sortie::wire;
  if (size == 0) return 0;
  ChunkedDecoderOptions options;
  options.mode = static_cast<ChunkMode>(data[0] % 3);
  if (options.mode != ChunkMode::unsigned_trailer) options.signing = ChunkSigning{"key", "date", "scope", "seed"};
  if (options.mode != ChunkMode::signed_chunks) options.trailer_names = "x-amz-checksum-crc32";
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string whole;
  ChunkedDecoder at_once(options);
  const bool good = at_once.feed(bytes, whole).has_value();
  std::string pieces;
  ChunkedDecoder slowly(options);
  bool still_good = true;
  for (std::size_t i = 0; i < bytes.size() && still_good; ++i) {
    still_good = slowly.feed(bytes.substr(i, 1), pieces).has_value();
  }
  if (good != still_good || at_once.finished() != slowly.finished()) __builtin_trap();
  if (good && whole != pieces) __builtin_trap();
  return 0;
}
