#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace sortie::s3cli {

/// What the program says, on standard error: as s3cli lines with date and time in front
/// (`2024/05/17 13:05:09 File 'a' exists in bucket 'b'`), as storage-cli JSON, an object a line
/// (`{"time":"…","level":"WARN","msg":"…"}`, the form of Go's log/slog).
class Log {
 public:
  enum class Level : std::uint8_t { debug, info, warning, error };

  /// From here on JSON from `least` upwards, also appended to the file when `path` is not empty; its folder is made.
  /// Errors as of opening a file.
  Result<void> write_json(Level least, const std::string& path);
  /// From now on this text is shown as `***` wherever it turns up: what a server says is shown, and a server may say
  /// anything. Empty and very short ones are not hidden.
  void hide(std::string secret);

  void write(Level level, std::string_view message) const;
  /// What became of a command that failed.
  void failure(std::string_view command, std::string_view error) const;
  /// `message` as `write` shows it, without date and time.
  [[nodiscard]] std::string shown(std::string_view message) const;

 private:
  using Fields = std::vector<std::pair<std::string_view, std::string_view>>;
  void write_object(Level level, std::string_view message, const Fields& more) const;

  std::vector<std::string> secrets_;
  bool is_json_ = false;
  Level least_ = Level::debug;
  UniqueFd file_;
};

}  // namespace sortie::s3cli
