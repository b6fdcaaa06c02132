#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sortie::package {

/// A glibc symbol version, `GLIBC_2.34`. {0, 0} when nothing is asked for.
struct GlibcVersion {
  unsigned major = 0;
  unsigned minor = 0;
  friend auto operator<=>(const GlibcVersion&, const GlibcVersion&) = default;
};
/// `2.34`.
std::string to_string(GlibcVersion version);

/// What an ELF file says about how it is loaded; the rest of it is of no interest here.
struct ElfFile {
  std::string machine;               ///< `x86_64`, `aarch64`, `i386`, `arm`, … or `machine 243`
  std::string interpreter;           ///< PT_INTERP; empty for libraries and static programs
  std::string soname;                ///< DT_SONAME, empty when there is none
  std::vector<std::string> needed;   ///< DT_NEEDED in file order
  std::vector<std::string> rpath;    ///< DT_RPATH, split at `:`; `$ORIGIN` not expanded
  std::vector<std::string> runpath;  ///< DT_RUNPATH, split at `:`; when there is one, the loader ignores rpath
  GlibcVersion glibc;                ///< the highest GLIBC_x.y that it needs
  GlibcVersion glibc_provided;       ///< the highest GLIBC_x.y that it defines itself: of libc.so.6, its version
  bool has_dynamic_section = false;  ///< false: nothing is ever loaded for it
  bool is_program = false;           ///< something can exec it: ET_EXEC, or ET_DYN with an interpreter or DF_1_PIE
  [[nodiscard]] bool is_static() const { return interpreter.empty() && needed.empty(); }
};

/// True when the bytes start with ELF's magic number.
bool is_elf(std::string_view bytes);

/// Reads the headers and the dynamic section of an executable or a shared library, found through the program headers as
/// the loader finds them (elf(5)). The bytes may be hostile: every offset is checked, at most 4,096 entries of each
/// kind and 4 KiB a string are read. ErrorKind::config for anything that is not a whole ELF executable or library.
Result<ElfFile> read_elf(std::string_view bytes);

/// Lambda's name for the machine: `x86_64`, `arm64`; empty when Lambda has no such machine.
std::string lambda_architecture(std::string_view machine);

}  // namespace sortie::package
