#include "emulator/iam/statement_places.h"

#include <string>

namespace sortie::emulator::iam {

namespace {

/// Walks a JSON text by its braces and strings.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}

  std::vector<StatementPlace> walk() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        read_string();
        continue;
      }
      if (c == '{') open_brace();
      if (c == '[') ++depth_;
      if (c == ']') --depth_;
      step();
      if (c == '}') close_brace();
    }
    return std::move(places_);
  }

 private:
  /// A statement is an object in the list called Statement, or is called so itself.
  [[nodiscard]] bool in_statements() const { return member_ == "Statement"; }

  void open_brace() {
    if (in_statements() && statement_depth_ == 0) {
      statement_depth_ = depth_ + 1;
      places_.push_back({{position_.line, position_.column + 1}, position_});
    }
    ++depth_;
  }

  void close_brace() {
    if (statement_depth_ != 0 && depth_ == statement_depth_) {
      places_.back().end = position_;
      statement_depth_ = 0;
    }
    --depth_;
  }

  /// Remembers the name of the outermost object's member.
  void read_string() {
    std::string text;
    step();
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\') step();
      if (at_ < text_.size()) text += text_[at_];
      step();
    }
    step();
    std::size_t next = at_;
    while (next < text_.size() && std::string_view(" \t\r\n").contains(text_[next])) ++next;
    if (depth_ == 1 && next < text_.size() && text_[next] == ':') member_ = std::move(text);
  }

  void step() {
    if (at_ >= text_.size()) return;
    if (text_[at_++] == '\n') {
      position_ = {position_.line + 1, 1};
    } else {
      ++position_.column;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::size_t statement_depth_ = 0;  ///< zero outside
  TextPosition position_;
  std::string member_;
  std::vector<StatementPlace> places_;
};

}  // namespace

std::vector<StatementPlace> statement_places(std::string_view document) {
  return Walker(document).walk();
}

}  // namespace sortie::emulator::iam
