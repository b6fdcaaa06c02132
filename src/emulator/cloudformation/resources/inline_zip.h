#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sortie::emulator::cloudformation {

struct ZipEntry {
  std::string_view name;
  std::string_view content;
};

/// A zip of stored files of mode 0644: what Lambda is given for code that stands in a template. The same texts give the
/// same bytes.
std::string zip_files(std::span<const ZipEntry> entries);

}  // namespace sortie::emulator::cloudformation
