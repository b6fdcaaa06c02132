#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/base64.h"

/// Small pure functions on the bytes that suites print and that the protocol carries.
namespace sortie::suite {

using sortie::base64_decode;
using sortie::base64_encode;

/// At most `limit` bytes: the head and the tail of a longer text with the number of bytes left out between them.
std::string abridge(std::string_view text, std::size_t limit);

/// Searches large byte ranges fast.
bool contains(std::string_view bytes, std::string_view wanted);
std::string_view trim(std::string_view text);
std::vector<std::string_view> split_lines(std::string_view text);
/// Makes `text` match itself alone in a regular expression of Go's (RE2 syntax).
std::string quote_for_go(std::string_view text);
/// A whole non-negative number, nothing else, that fits.
std::optional<long> parse_number(std::string_view text);

/// `signal 11 (Segmentation fault)`.
std::string describe_signal(int number);

/// Cuts a stream into lines. A line longer than the limit keeps its last bytes: that is where frameworks print what
/// they append to unfinished test output.
class LineSplitter {
 public:
  static constexpr std::size_t k_line_limit = 16 * 1024;

  /// One line without its newline (and carriage return), and where it was in the bytes given to `feed`.
  struct Line {
    std::string text;
    std::size_t begin = 0;  ///< 0 when it began in earlier bytes
    std::size_t end = 0;    ///< behind the newline
  };
  std::vector<Line> feed(std::string_view bytes);
  /// What came after the last newline.
  std::string take_rest() { return std::exchange(partial_, {}); }

 private:
  std::string partial_;
};

}  // namespace sortie::suite
