#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

/// The few file operations the harness needs. std::filesystem would be a fifth of the executable.
namespace sortie::harness {

/// The first `limit` bytes.
Result<std::string> read_file(const std::string& path, std::size_t limit);
/// Makes the folders above it.
Result<void> write_file(const std::string& path, std::string_view content);
Result<void> make_folders(const std::string& path);
/// Removes a file or a folder with all that is in it, whatever its modes are. Does not follow links.
void remove_tree(const std::string& path);
/// Removes all that is in a folder.
void remove_contents(const std::string& folder);
/// Copies files, folders and links with their modes; everything in the copy is writable for its owner.
Result<void> copy_tree(const std::string& from, const std::string& to);

}  // namespace sortie::harness
