#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "package/elf.h"

namespace sortie::package {

/// A file of the package that is an ELF file.
struct ClosureRoot {
  std::string package_path;  ///< where it will be, relative to the package's root
  std::string host_path;     ///< where it is; `$ORIGIN` of its search folders
  ElfFile elf;
  bool required = true;  ///< false: what it misses is worth a warning, not an error
};

/// A shared library that comes along.
struct ClosureLibrary {
  std::string name;       ///< as it is asked for, `libcurl.so.4`; its file name in the package
  std::string host_path;  ///< where it was found
  std::shared_ptr<const std::string> content;
  bool is_glibc = false;  ///< one of the C library's own files
};

struct ClosureSpec {
  std::vector<ClosureRoot> roots;
  std::vector<std::string> package_paths;    ///< everything else in the package, sorted: it may satisfy a need
  std::vector<std::string> library_folders;  ///< LD_LIBRARY_PATH
  std::string loader_cache = "/etc/ld.so.cache";
  GlibcVersion image_glibc{2, 34};
};

struct Closure {
  std::vector<ClosureLibrary> libraries;  ///< sorted by name
  GlibcVersion glibc;                     ///< the highest that anything in it needs
  bool own_glibc = false;                 ///< the image's C library is too old: the host's comes along
  std::vector<std::string> warnings;      ///< what roots that are not required miss
  std::string loader;                     ///< with own_glibc: the loader's file name, one of `libraries`
};

/// True for the files of the C library itself, which Lambda's image has: libc.so.6, ld-linux-*.so.*, libm.so.6, …
/// Nothing else is counted on: libstdc++ and libgcc_s of the image are older than today's compilers.
bool is_glibc_library(std::string_view name);

/// Finds every shared library that the roots need and the image does not have, searching as ld.so(8) does: RPATH,
/// LD_LIBRARY_PATH, RUNPATH, the loader's cache, the standard folders; first inside the package itself. Libraries of
/// another machine are passed over. ErrorKind::config, naming the library, who needs it and where it was looked for.
/// Limit: 1,024 libraries.
Result<Closure> find_closure(const ClosureSpec& spec);

}  // namespace sortie::package
