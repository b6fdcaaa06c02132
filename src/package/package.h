#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "package/elf.h"
#include "package/manifest.h"

namespace sortie::package {

/// The C library of Lambda's `provided.al2023` image.
inline constexpr GlibcVersion k_image_glibc{2, 34};
/// For a package that runs where it was made (the plain-process fallback): no C library need come along.
inline constexpr GlibcVersion k_any_glibc{~0U, ~0U};

/// Lambda's limits for a zip that is sent with the request.
inline constexpr std::uint64_t k_zip_limit = 50ULL << 20;
inline constexpr std::uint64_t k_unzipped_limit = 262'144'000;

struct SuiteInput {
  std::string path;
  std::string name;  ///< in test ids; empty: its path in the package
};

/// What a package is made of. A value.
struct PackageSpec {
  std::vector<SuiteInput> suites;   ///< at least one; each lands under its file name, or under as many last parts of
                                    ///< its path as tell it apart from the others (names.h)
  std::vector<std::string> assets;  ///< files and folders; land in the root under their own names, folders whole
  std::string_view harness;         ///< becomes `bootstrap`; its machine is the package's machine
  GlibcVersion image_glibc = k_image_glibc;        ///< the newest glibc symbols that the place it runs has
  std::vector<std::string> library_folders;        ///< searched for libraries as LD_LIBRARY_PATH is
  std::string cache_folder;                        ///< finished archives are kept here by content; empty: not kept
  std::uint64_t cache_limit_bytes = 512ULL << 20;  ///< oldest go first
};

struct PackagedSuite {
  std::string name;
  std::string executable;  ///< path in the package: SuiteSpec::executable
  std::string sha256;      ///< of the file as it was built, hexadecimal; the key for what is remembered of the suite
  std::shared_ptr<const std::string> content;  ///< the file as it was built, for detecting its framework
};

struct PackagedFile {
  std::string path;
  std::uint64_t size = 0;
  bool executable = false;
};

/// A finished package. A value.
struct Package {
  std::string zip;
  std::string zip_sha256;     ///< base64, as Lambda's CodeSha256
  std::string function_name;  ///< `sortie-SUITE-3f9c21d0`: of the content, so an unchanged suite keeps it; at most 64
                              ///< characters
  std::string architecture;   ///< Lambda's name: `x86_64`, `arm64`
  Manifest manifest;
  std::vector<PackagedSuite> suites;  ///< in the order of PackageSpec::suites
  std::vector<PackagedFile> files;    ///< sorted by path, everything in the zip
  std::uint64_t unzipped_bytes = 0;
  std::size_t asset_count = 0;         ///< as given
  std::vector<std::string> libraries;  ///< names of the shared libraries that come along, `libcurl.so.4`
  std::vector<std::string> warnings;   ///< one line each: what may not work inside Lambda
  bool from_cache = false;
};

/// `$XDG_CACHE_HOME/sortie/packages`, or below `~/.cache`; empty when neither variable is set.
std::string default_cache_folder();
/// LD_LIBRARY_PATH of this process, split.
std::vector<std::string> environment_library_folders();

/// Reads the files, finds the shared libraries they need (closure.h), and zips it all. Blocks for as long as reading
/// and compressing takes: run it on a BlockingPool. The same files give the same bytes on any machine.
/// ErrorKind::config, with a hint, for what the user can repair: a file that is not there, not readable, not
/// executable, a folder as suite, the wrong machine, a missing library, a script without its interpreter, names used
/// twice, more than Lambda takes. ErrorKind::internal when this machine fails.
Result<Package> build_package(const PackageSpec& spec);

}  // namespace sortie::package
