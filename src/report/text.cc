#include "report/text.h"

#include <fmt/format.h>

#include <cctype>

#include "base/utf8.h"

namespace sortie::report {
namespace {

/// The length of a colour sequence (`ESC [ digits ; m`) at the start of `text`; 0 when there is none.
std::size_t colour_sequence(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  for (std::size_t i = 2; i < text.size() && i < 32; ++i) {
    if (text[i] == 'm') return i + 1;
    if (std::isdigit(static_cast<unsigned char>(text[i])) == 0 && text[i] != ';') return 0;
  }
  return 0;
}

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
}

}  // namespace

std::string seconds(run::Microseconds duration) {
  const double value = std::chrono::duration<double>(duration).count();
  if (value < 60) return fmt::format("{:.3f}s", value);
  const auto minutes = static_cast<long>(value / 60);
  return fmt::format("{}m {:04.1f}s", minutes, value - static_cast<double>(minutes) * 60);
}

std::string_view label(run::Outcome outcome) {
  switch (outcome) {
    case run::Outcome::passed: return "PASS";
    case run::Outcome::failed: return "FAIL";
    case run::Outcome::skipped: return "SKIP";
    case run::Outcome::crashed: return "CRASH";
    case run::Outcome::timed_out: return "TIMEOUT";
    case run::Outcome::out_of_memory: return "OOM";
    case run::Outcome::lost: return "LOST";
  }
  return "LOST";
}

std::string printable(std::string_view bytes, bool colour) {
  const std::string valid = to_valid_utf8(bytes);
  std::string text;
  text.reserve(valid.size());
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const char c = valid[i];
    if (c == '\x1b') {
      if (const std::size_t length = colour_sequence(std::string_view(valid).substr(i)); length > 0) {
        if (colour) text.append(valid, i, length);
        i += length - 1;
        continue;
      }
    }
    if (c == '\r' && i + 1 < valid.size() && valid[i + 1] == '\n') continue;
    if (is_control(c)) {
      text += '^';
      text += c == 0x7F ? '?' : static_cast<char>(c + '@');
    } else {
      text += c;
    }
  }
  return text;
}

std::string xml_text(std::string_view bytes) {
  const std::string text = to_valid_utf8(bytes);
  std::string clean;
  clean.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = std::string_view(text).substr(i);
    if (rest.starts_with("\uFFFE") || rest.starts_with("\uFFFF")) {
      clean += "\uFFFD";
      i += 2;
    } else if (is_control(text[i]) && text[i] != '\r' && text[i] != 0x7F) {
      clean += "\uFFFD";
    } else {
      clean += text[i];
    }
  }
  return clean;
}

}  // namespace sortie::report
