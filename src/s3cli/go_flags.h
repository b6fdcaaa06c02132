#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

/// Command line flags as Go's `flag` package reads them (https://pkg.go.dev/flag): `-c X`, `--c X`, `-c=X`; `-v`,
/// `-v=true`; the first word that is no flag, or `--`, ends them.
namespace sortie::s3cli {

struct GoFlag {
  std::string_view name;
  bool is_boolean = false;
  /// Takes the value; of a boolean: `true` or `false`.
  std::function<void(std::string_view value)> take;
};

/// What is left behind the flags. `-h` and `-help` call `help` and leave nothing. ErrorKind::usage for a flag that is
/// not there, has no value or a wrong one, in Go's words.
Result<std::span<const std::string>> parse_go_flags(std::span<const std::string> words, std::span<const GoFlag> flags,
                                                    const std::function<void()>& help);

}  // namespace sortie::s3cli
