#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sortie::package {

/// The loader's cache (/etc/ld.so.cache, format "glibc-ld.so.cache1.1"): for each library name the files, in the
/// cache's order of preference; files for special processors left out. The bytes may be hostile: what makes no sense is
/// left out, at most 65,536 entries are read.
std::unordered_map<std::string, std::vector<std::string>> read_loader_cache(std::string_view bytes);

}  // namespace sortie::package
