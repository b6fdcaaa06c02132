#pragma once

#include <string_view>

#include "base/zip_writer.h"

namespace sortie::package {

using sortie::Packed;
using sortie::write_zip;
using sortie::ZipPart;

/// Deflates `content` at a libdeflate level (1 fastest, 12 smallest). The same input gives the same bytes.
Packed pack(std::string_view content, int level);

}  // namespace sortie::package
