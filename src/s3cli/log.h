#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sortie::s3cli {

/// Lines on standard error, each with date and time in front: `2024/05/17 13:05:09 File 'a' exists in bucket 'b'`.
class Log {
 public:
  /// From now on this text is shown as `***` wherever it turns up: what a server says is shown, and a server may say
  /// anything. Empty and very short ones are not hidden.
  void hide(std::string secret);
  void line(std::string_view message) const;
  /// `message` as `line` writes it, without date and time.
  [[nodiscard]] std::string shown(std::string_view message) const;

 private:
  std::vector<std::string> secrets_;
};

}  // namespace sortie::s3cli
