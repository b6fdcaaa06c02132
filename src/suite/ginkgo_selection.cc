#include "suite/ginkgo_selection.h"

#include <algorithm>
#include <map>

#include "base/utf8.h"
#include "suite/ginkgo_report.h"
#include "suite/text.h"

namespace sortie::suite {
namespace {

constexpr char k_separator = '\x1f';
/// How a handle says what the text is: the name, another, or one that is known but for its blanks.
constexpr std::string_view k_is_name = "=", k_exact = "e", k_blanks_unknown = "b";
/// Stands for blanks of unknown number in a text; in no valid UTF-8.
constexpr char k_blanks = '\xff';
/// Go refuses expressions that are nested deeper than 1,000; a level here takes up to three.
constexpr int k_most_levels = 150;

std::size_t character_size(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t size = lead < 0xC0 || lead == 0xFF ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return std::min(size, text.size());
}

std::string quoted(std::string_view text) {
  std::string pattern;
  for (const char c : quote_for_go(text)) {
    if (c == k_blanks) {
      pattern += "\\s+";
    } else {
      pattern += c;
    }
  }
  return pattern;
}

/// `[a-cx]` of characters in order.
std::string character_class(const std::vector<std::string_view>& characters) {
  const auto follows = [&](std::size_t i) {
    return characters[i].size() == 1 && characters[i - 1].size() == 1 && characters[i][0] == characters[i - 1][0] + 1;
  };
  const auto member = [&](std::size_t i) {
    const bool special = std::string_view("\\[]^-").find(characters[i]) != std::string_view::npos;
    return (special ? "\\" : "") + std::string(characters[i]);
  };
  std::string text = "[";
  for (std::size_t i = 0; i < characters.size(); ++i) {
    std::size_t last = i;
    while (last + 1 < characters.size() && follows(last + 1)) ++last;
    text += member(i);
    if (last > i + 1) text += '-';
    if (last > i) text += member(last);
    i = last;
  }
  return text + "]";
}

/// The trie of a range of different texts in order, from byte `at` on, which all have in common what is before.
class Trie {
 public:
  using Texts = std::vector<std::string>;

  static std::string pattern(const Texts& texts) { return Trie(texts).build(0, texts.size(), 0, 0); }

 private:
  explicit Trie(const Texts& texts) : texts_(texts) {}

  std::string build(std::size_t first, std::size_t last, std::size_t at, int level) {
    if (last - first == 1) return quoted(std::string_view(texts_[first]).substr(at));
    if (level > k_most_levels) return flat(first, last, at);
    const std::size_t split = shared(first, last, at);
    const std::string begin = quoted(std::string_view(texts_[first]).substr(at, split - at));
    const bool may_end = texts_[first].size() == split;
    const std::vector<std::string> ways = branches(first + (may_end ? 1 : 0), last, split, level);
    std::string all;
    for (const std::string& way : ways) all += (all.empty() ? "" : "|") + way;
    return begin + "(?:" + all + ")" + (may_end ? "?" : "");
  }

  /// Up to where the texts of the range are the same, whole characters.
  [[nodiscard]] std::size_t shared(std::size_t first, std::size_t last, std::size_t at) const {
    const std::string_view low = texts_[first];
    const std::string_view high = texts_[last - 1];
    while (at < low.size() && at < high.size()) {
      const std::size_t size = character_size(low.substr(at));
      if (low.substr(at, size) != high.substr(at, size)) break;
      at += size;
    }
    return at;
  }

  /// One alternative for each next character; those that go on in the same way are one.
  std::vector<std::string> branches(std::size_t first, std::size_t last, std::size_t at, int level) {
    std::vector<std::pair<std::string, std::vector<std::string_view>>> ways;
    std::map<std::string, std::size_t> known;
    while (first < last) {
      const std::string_view rest = std::string_view(texts_[first]).substr(at);
      const std::string_view character = rest.substr(0, character_size(rest));
      std::size_t end = first + 1;
      while (end < last && std::string_view(texts_[end]).substr(at).starts_with(character)) ++end;
      std::string way = build(first, end, at + character.size(), level + 1);
      const bool blanks = character[0] == k_blanks;
      const auto [entry, added] = known.try_emplace(blanks ? "\xff" + way : way, ways.size());
      if (added) ways.emplace_back(std::move(way), std::vector<std::string_view>());
      ways[entry->second].second.push_back(character);
      first = end;
    }
    std::vector<std::string> alternatives;
    for (const auto& [way, characters] : ways) {
      alternatives.push_back((characters.size() == 1 ? quoted(characters[0]) : character_class(characters)) + way);
    }
    return alternatives;
  }

  [[nodiscard]] std::string flat(std::size_t first, std::size_t last, std::size_t at) const {
    std::string all;
    for (std::size_t i = first; i < last; ++i) {
      all += (all.empty() ? "" : "|") + quoted(std::string_view(texts_[i]).substr(at));
    }
    return "(?:" + all + ")";
  }

  const Texts& texts_;
};

/// Without the ` #2` of a twin.
std::string without_number(const std::string& name) {
  const std::size_t number = name.rfind(" #");
  const bool twin = number != std::string::npos && parse_number(std::string_view(name).substr(number + 2));
  return twin ? name.substr(0, number) : name;
}

}  // namespace

std::string encode_handle(const GinkgoHandle& handle, const std::string& name) {
  std::string text = handle.function + k_separator + handle.description + k_separator;
  if (!handle.exact) return text + std::string(k_blanks_unknown) + handle.text;
  return text + (handle.text == name ? std::string(k_is_name) : std::string(k_exact) + handle.text);
}

GinkgoHandle decode_handle(const TestCase& test) {
  const std::size_t first = test.handle.find(k_separator);
  const std::size_t second = first == std::string::npos ? first : test.handle.find(k_separator, first + 1);
  if (second == std::string::npos) return {.text = without_number(test.name), .exact = false};
  GinkgoHandle handle{.function = test.handle.substr(0, first),
                      .description = test.handle.substr(first + 1, second - first - 1)};
  const std::string_view text = std::string_view(test.handle).substr(second + 1);
  handle.exact = !text.starts_with(k_blanks_unknown);
  handle.text = text == k_is_name || text.empty() ? test.name : std::string(text.substr(1));
  return handle;
}

std::vector<std::string> ginkgo_focus(const std::vector<TestCase>& tests) {
  std::map<std::pair<std::string, bool>, Trie::Texts> kinds;  // by description and exactness
  for (const TestCase& test : tests) {
    GinkgoHandle handle = decode_handle(test);
    std::string text = to_valid_utf8(handle.text);
    if (!handle.exact) std::ranges::replace(text, ' ', k_blanks);
    kinds[{std::move(handle.description), handle.exact}].push_back(std::move(text));
  }
  std::vector<std::string> patterns;
  for (auto& [kind, texts] : kinds) {
    const auto& [description, exact] = kind;
    std::ranges::sort(texts, [](std::string_view a, std::string_view b) { return a < b; });
    const auto doubles = std::ranges::unique(texts);
    texts.erase(doubles.begin(), doubles.end());
    // Version 1 has a container `[Top Level]` around everything.
    std::string begin = "^" + quote_for_go(to_valid_utf8(description)) + " (?:\\[Top Level\\] )?";
    if (!exact) begin = description.empty() ? "(?:^|\\s)" : begin + "\\s*";
    patterns.push_back(begin + Trie::pattern(texts) + (exact ? "$" : "\\s*$"));
  }
  return patterns;
}

}  // namespace sortie::suite
