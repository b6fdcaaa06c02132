#include "package/names.h"

#include <algorithm>
#include <filesystem>

namespace sortie::package {
namespace {

namespace fs = std::filesystem;

using Parts = std::vector<std::string>;  ///< the last one first

Parts parts_of(const std::string& path) {
  std::error_code error;
  fs::path whole = fs::absolute(path, error).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  Parts parts;
  for (const fs::path& part : whole.relative_path()) parts.insert(parts.begin(), part.string());
  return parts;
}

std::size_t common_parts(const Parts& a, const Parts& b) {
  const auto [end_a, end_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<std::size_t>(end_a - a.begin());
}

}  // namespace

std::vector<std::string> shortest_names(const std::vector<std::string>& paths) {
  std::vector<Parts> all;
  for (const std::string& path : paths) all.push_back(parts_of(path));
  std::vector<std::string> names;
  for (const Parts& parts : all) {
    std::size_t needed = 1;
    for (const Parts& other : all) {
      if (other != parts) needed = std::max(needed, common_parts(parts, other) + 1);
    }
    std::string name;
    for (std::size_t i = 0; i < std::min(needed, parts.size()); ++i) name = parts[i] + (i == 0 ? "" : "/") + name;
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace sortie::package
