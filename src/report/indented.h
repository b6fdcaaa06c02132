#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace sortie::report {

/// A test's output on its way to a terminal: made printable (text.h), every line indented, in bounded memory however
/// long a line is. Bytes come in any pieces.
class Indented {
 public:
  Indented(std::size_t indent, bool colour, std::function<void(std::string_view)> write)
      : indent_(indent, ' '), colour_(colour), write_(std::move(write)) {}

  void feed(std::string_view bytes);
  /// Ends the last line.
  void finish();

 private:
  void emit(std::string_view bytes);

  std::string indent_;
  bool colour_;
  std::function<void(std::string_view)> write_;
  std::string pending_;  ///< of a line whose end has not come
  bool at_line_start_ = true;
};

}  // namespace sortie::report
