#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace sortie::emulator::iam {

/// Both count from 1, columns in bytes.
struct TextPosition {
  std::size_t line = 1;
  std::size_t column = 1;
};

/// From behind the brace that opens a statement to behind the one that closes it.
struct StatementPlace {
  TextPosition start;
  TextPosition end;
};

/// Where the statements of a policy document are, in their order. The document must be well-formed JSON.
std::vector<StatementPlace> statement_places(std::string_view document);

}  // namespace sortie::emulator::iam
