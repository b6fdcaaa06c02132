#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace sortie::cli {

/// `sortie.toml`: the suites of a project, so that `sortie run` needs no arguments. Format: docs/configuration.md.
struct ProjectFile {
  struct Suite {
    std::string path;  ///< as the file says, made absolute by its folder
    std::string name;  ///< empty: none of its own
    std::vector<std::string> assets;
    std::vector<std::string> args;
    std::map<std::string, std::string> env;
  };
  std::string path;  ///< of the file itself
  std::vector<Suite> suites;
};

/// Reads a file's text. ErrorKind::config names file, line and what is wrong; unknown keys are errors.
Result<ProjectFile> parse_project_file(const std::string& text, const std::string& path);
/// `sortie.toml` in `folder` or the nearest folder above it; nothing when there is none.
Result<std::optional<ProjectFile>> find_project_file(const std::string& folder);

}  // namespace sortie::cli
