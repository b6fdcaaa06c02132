#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wire/xml.h"

/// Any document; and any text survives being written and read, but for what XML cannot carry.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sortie::wire;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto document = XmlDocument::parse(bytes)) {
    for (const auto& child : document->root().children()) (void)child.text();
  }
  XmlWriter writer;
  writer.open("r").element("k", bytes);
  const auto again = XmlDocument::parse(writer.finish());
  if (!again || again->root().children().size() != 1) __builtin_trap();
  return 0;
}
