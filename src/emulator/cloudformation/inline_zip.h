#pragma once

#include <string>
#include <string_view>

namespace sortie::emulator::cloudformation {

/// A zip with one stored file of mode 0644: what Lambda is given for code that stands in a template. The same text
/// gives the same bytes.
std::string zip_one_file(std::string_view name, std::string_view content);

}  // namespace sortie::emulator::cloudformation
