#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wire/json.h"
#include "wire/query_protocol.h"
#include "wire/uri.h"

/// Forms, queries, URLs and JSON; what was encoded decodes to itself.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sortie::wire;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto input = QueryInput::parse(bytes)) {
    (void)input->list("L");
    (void)input->structures("S");
    (void)input->pairs("T", "Key", "Value");
  }
  (void)parse_url(bytes);
  (void)parse_json(bytes);
  if (uri_decode(uri_encode(bytes)) != bytes) __builtin_trap();
  return 0;
}
