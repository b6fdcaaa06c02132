#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "package/package.h"

namespace sortie::package {

/// A file or folder on its way into the package.
struct SourceFile {
  std::string host_path;                       ///< empty for what is made here (harness, manifest)
  std::shared_ptr<const std::string> content;  ///< nullptr for a folder or a link
  std::string link;                            ///< where a symbolic link leads; empty: it is none
  bool executable = false;
  bool read_only = false;
  bool is_suite = false;
};

/// By path in the package. A folder that has something in it is not in here; an empty one is, its path ending in `/`.
using SourceFiles = std::map<std::string, SourceFile>;

/// The path in the package of each suite: shortest_names.
std::vector<std::string> suite_places(const PackageSpec& spec);

/// Reads suites and assets and gives them their places. Symbolic links inside an asset's folder stay links where they
/// mean the same in the package (they lead to something in the folder), lead nowhere, or lead into themselves; others
/// are replaced by what they lead to. ErrorKind::config for a name used twice or reserved (bootstrap,
/// manifest.json), folders nested deeper than 64 or into themselves, and more than Lambda takes, naming the largest
/// files.
Result<SourceFiles> collect(const PackageSpec& spec);

/// Checks that Lambda's image can start the file: an ELF program for `machine`, or a script for its shells or for an
/// interpreter among `files`. ErrorKind::config says what it is instead.
Result<void> check_startable(const std::string& path, const SourceFile& file, const std::string& machine,
                             const SourceFiles& files);

/// ` The largest: a (12.0 MB), b (3.1 MB)` of sizes by path.
std::string largest_files(const std::map<std::string, std::uint64_t>& sizes);

}  // namespace sortie::package
