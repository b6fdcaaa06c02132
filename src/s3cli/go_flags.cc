#include "s3cli/go_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace sortie::s3cli {

namespace {

using Words = std::span<const std::string>;

std::unexpected<Error> wrong_flag(std::string message) {
  return fail(ErrorKind::usage, std::move(message));
}

/// Go's words for true and false.
std::optional<bool> parse_bool(std::string_view text) {
  for (const auto* yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const auto* no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

/// Gives `flag` its value: the one behind `=`, or the next word, which is then taken off.
Result<void> take_value(const GoFlag& flag, std::optional<std::string_view> value, Words& words) {
  if (flag.is_boolean) {
    const auto yes = parse_bool(value.value_or("true"));
    if (!yes) return wrong_flag(fmt::format("invalid boolean value \"{}\" for -{}", *value, flag.name));
    flag.take(*yes ? "true" : "false");
    return {};
  }
  if (!value && words.empty()) return wrong_flag(fmt::format("flag needs an argument: -{}", flag.name));
  flag.take(value.value_or(words.empty() ? std::string_view() : words.front()));
  if (!value) words = words.subspan(1);
  return {};
}

}  // namespace

Result<Words> parse_go_flags(Words words, std::span<const GoFlag> flags, const std::function<void()>& help) {
  while (!words.empty()) {
    std::string_view word = words.front();
    if (word.size() < 2 || word.front() != '-') break;
    words = words.subspan(1);
    if (word == "--") break;
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    const auto equals = word.find('=');
    const auto name = word.substr(0, equals);
    if (name.empty() || name.front() == '-') return wrong_flag(fmt::format("bad flag syntax: -{}", word));
    const auto flag = std::ranges::find(flags, name, &GoFlag::name);
    if (flag == flags.end()) {
      if (name != "h" && name != "help") return wrong_flag(fmt::format("flag provided but not defined: -{}", name));
      help();
      return Words{};
    }
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) value = word.substr(equals + 1);
    RETURN_IF_ERROR(take_value(*flag, value, words));
  }
  return words;
}

}  // namespace sortie::s3cli
