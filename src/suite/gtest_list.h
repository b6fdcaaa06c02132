#pragma once

#include "suite/framework.h"

namespace sortie::suite {

/// Reads the list that a GoogleTest suite left: the file, which nothing that the suite prints can spoil, and before
/// version 1.10 the text on standard output, of which every line is understood or the list is refused. A suite that
/// ran instead, or did nothing, is listed as one test (suite/whole_suite.h).
Result<Listed> read_gtest_list(const ListOutput& output);

/// Versions before the end of 2025 write each byte above 0x7F of a name into JSON as if it were a code point,
/// `\u00C3\u00B6` for the two bytes of ö. Newer ones write the bytes themselves and escape only control characters, so
/// that such an escape always is a byte: this gives the text with the bytes themselves.
std::string decode_byte_escapes(std::string_view json);

}  // namespace sortie::suite
