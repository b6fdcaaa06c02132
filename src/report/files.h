#pragma once

#include <memory>
#include <span>
#include <string>

#include "run/event.h"

namespace sortie::report {

/// A report that is written into a file of the user's choice.
struct FileReport {
  const char* option;       ///< `--junit`
  const char* description;  ///< for --help
  /// Finds out at once whether the file can be written. ErrorKind::config.
  Result<std::unique_ptr<run::Reporter>> (*open)(const std::string& path);
};

/// All of them. A new one is a pair of files and a line here.
std::span<const FileReport> file_reports();

}  // namespace sortie::report
