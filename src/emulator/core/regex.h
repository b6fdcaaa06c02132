#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

struct pcre2_real_code_8;

namespace sortie::emulator {

/// A regular expression in PCRE2's syntax, on bytes, for text and expressions of strangers: one that takes more than a
/// million steps or 64 MB for a text does not match it. Who takes expressions from users checks first that they are of
/// the dialect that AWS documents for the purpose (pattern.h, logs/line_regex.h). Cheap to copy; any thread.
class Regex {
 public:
  enum class Scope : unsigned char { whole_text, any_part };
  enum class Dot : unsigned char { within_a_line, any_byte };  ///< what `.` stands for

  /// At most 64 KB and 40 groups within each other. The error says what is wrong.
  static std::expected<Regex, std::string> compile(std::string_view expression, Scope scope, Dot dot);
  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  explicit Regex(std::shared_ptr<const pcre2_real_code_8> code) : code_(std::move(code)) {}

  std::shared_ptr<const pcre2_real_code_8> code_;
};

}  // namespace sortie::emulator
