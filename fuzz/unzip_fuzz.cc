#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "emulator/lambda/catalogue/unzip.h"

/// Any package: it is unpacked or refused, and nothing appears beside its folder.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fs = std::filesystem;
  static const fs::path outer = [] {
    std::string pattern = (fs::temp_directory_path() / "sortie-fuzz-XXXXXX").string();
    return fs::path(::mkdtemp(pattern.data()));
  }();
  auto folder = outer / "package";
  fs::create_directory(folder);
  auto result = sortie::emulator::lambda::unzip({reinterpret_cast<const char*>(data), size}, folder,
                                                {.total_bytes = 1 << 20, .entries = 100});
  (void)result;
  if (std::distance(fs::directory_iterator(outer), fs::directory_iterator()) != 1) std::abort();
  fs::remove_all(folder);
  return 0;
}
