#pragma once

#include <string>
#include <vector>

namespace sortie::package {

/// A name for each path: its last part, or as many of its last parts as tell it apart from the other paths:
/// `a/unit_test`, `b/unit_test`. The same file named twice has one name. Relative paths are below the working folder.
std::vector<std::string> shortest_names(const std::vector<std::string>& paths);

}  // namespace sortie::package
