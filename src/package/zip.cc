#include "package/zip.h"

#include <libdeflate.h>

#include <memory>

namespace sortie::package {

Packed pack(std::string_view content, int level) {
  struct CompressorDeleter {
    void operator()(libdeflate_compressor* c) const { libdeflate_free_compressor(c); }
  };
  Packed packed{.data = {}, .crc32 = libdeflate_crc32(0, content.data(), content.size()), .size = content.size()};
  const std::unique_ptr<libdeflate_compressor, CompressorDeleter> tool(libdeflate_alloc_compressor(level));
  if (tool && !content.empty()) {
    packed.data.resize(content.size());
    // Zero when the result would not be smaller.
    packed.data.resize(libdeflate_deflate_compress(tool.get(), content.data(), content.size(), packed.data.data(),
                                                   packed.data.size()));
  }
  if (packed.data.empty()) {
    packed.data = content;
    packed.stored = true;
  }
  return packed;
}

}  // namespace sortie::package
