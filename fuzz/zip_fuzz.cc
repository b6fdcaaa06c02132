#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "package/zip.h"

/// Any archive: it is read or refused; what was read stays the same when it is written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sortie::package;
  const ZipLimits limits{.entries = 100, .unzipped_bytes = 1 << 20};
  const auto entries = read_zip({reinterpret_cast<const char*>(data), size}, limits);
  if (!entries) return 0;
  std::vector<Packed> packed;
  for (const ZipEntry& entry : *entries) packed.push_back(pack(entry.content, 1));
  std::vector<ZipPart> parts;
  for (std::size_t i = 0; i < packed.size(); ++i)
    parts.push_back({.path = (*entries)[i].path, .mode = (*entries)[i].mode, .content = &packed[i]});
  const auto again = read_zip(write_zip(parts).value(), limits);
  if (!again || again->size() != entries->size()) std::abort();
  for (std::size_t i = 0; i < again->size(); ++i) {
    if ((*again)[i].content != (*entries)[i].content) std::abort();
  }
  return 0;
}
