#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sortie::package {

/// What is changed in the package's copy of a program.
struct ProgramPatch {
  std::string interpreter;         ///< the new PT_INTERP; empty: stays
  std::vector<std::string> rpath;  ///< becomes DT_RPATH in place of RPATH and RUNPATH
};

/// A copy of a dynamically linked program (ELF64, little-endian) that looks for its libraries in `rpath` before
/// anywhere else, LD_LIBRARY_PATH included, and is loaded by `interpreter`. One segment is appended; it takes the place
/// of a program header that loading does without (GNU_PROPERTY, NOTE, at last GNU_RELRO), so no header or code moves.
/// ErrorKind::config when the file has no header to spare or is not such a program. The bytes may be hostile.
Result<std::string> patch_program(std::string_view bytes, const ProgramPatch& patch);

/// A copy of a shared library without RPATH and RUNPATH: the program that loads it says where to look. Nothing when it
/// has neither. ErrorKind::config when it cannot be read.
Result<std::optional<std::string>> without_search_path(std::string_view bytes);

}  // namespace sortie::package
