#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "package/elf.h"
#include "package/elf_patch.h"

/// Any file: it is read or refused, and a copy that was made of it can be read again and says what it was told to say.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sortie::package;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)read_elf(bytes);
  (void)without_search_path(bytes);
  if (const auto copy = patch_program(bytes, {.interpreter = "/a/loader", .rpath = {"$ORIGIN/lib", "/b"}})) {
    if (const auto again = read_elf(*copy); again && again->interpreter != "/a/loader") std::abort();
  }
  return 0;
}
