#include "suite/ginkgo_lines.h"

#include "suite/text.h"

namespace sortie::suite {
namespace {

struct Beginning {
  std::string_view text;
  GinkgoMark mark;
};

/// What a line must end with besides: the time that every such mark of version 2 has.
constexpr std::string_view k_time_end = " seconds]";

constexpr Beginning k_marks_2[] = {
    {"• [FAILED]", {.outcome = Outcome::failed, .has_block = true}},
    {"• [PANICKED]", {.outcome = Outcome::failed, .has_block = true}},
    {"• [PANICKED!]", {.outcome = Outcome::failed, .has_block = true}},
    {"• [TIMEDOUT]", {.outcome = Outcome::timed_out, .has_block = true}},
    {"• [ABORTED]", {.outcome = Outcome::failed, .has_block = true}},
    {"• [INTERRUPTED]", {.outcome = Outcome::failed, .has_block = true}},
    {"S [SKIPPED]", {.outcome = Outcome::skipped, .has_block = true}},
    {"↺ [FLAKEY TEST - ", {.flaky = true}},
    {"• [", {}},
};
constexpr Beginning k_marks_1[] = {
    {"• Failure", {.outcome = Outcome::failed, .has_block = true}},
    {"•! Panic", {.outcome = Outcome::failed, .has_block = true}},
    {"•... Timeout", {.outcome = Outcome::timed_out, .has_block = true}},
    {"S [SKIPPING]", {.outcome = Outcome::skipped, .has_block = true}},
    {"• [SLOW TEST:", {.has_block = true}},
};
constexpr std::string_view k_measurement = "• [MEASUREMENT]";

template <std::size_t Count>
std::optional<GinkgoMark> find_mark(std::string_view line, const Beginning (&beginnings)[Count]) {
  if (!line.ends_with(k_time_end)) return std::nullopt;
  for (const Beginning& beginning : beginnings) {
    const std::size_t at = line.rfind(beginning.text);
    if (at == std::string_view::npos) continue;
    GinkgoMark mark = beginning.mark;
    mark.glued = at > 0;
    return mark;
  }
  return std::nullopt;
}

bool is_place(std::string_view line) {
  const auto place = ginkgo_place(line);
  return place && place->file.ends_with(".go");
}

/// Without `[It]`, `[BeforeEach]`, `[DeferCleanup (Each)]`: what Ginkgo adds to the texts to say where a spec failed.
std::string without_node_types(std::string_view text) {
  std::string rest;
  while (!text.empty()) {
    const std::size_t close = text.front() == '[' ? text.find(']') : std::string_view::npos;
    const std::string_view inside = close != std::string_view::npos ? text.substr(1, close - 1) : std::string_view();
    const bool is_type =
        !inside.empty() && inside[0] >= 'A' && inside[0] <= 'Z' &&
        inside.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz ()") == std::string_view::npos;
    if (is_type) {
      text.remove_prefix(close + 1);
    } else {
      rest += text.front();
      text.remove_prefix(1);
    }
  }
  return single_spaced(rest);
}

}  // namespace

std::optional<GinkgoMark> ginkgo_mark_2(std::string_view line) {
  return find_mark(line, k_marks_2);
}

std::optional<GinkgoMark> ginkgo_mark_1(std::string_view line) {
  if (const auto mark = find_mark(line, k_marks_1)) return mark;
  if (line.ends_with(k_measurement)) return GinkgoMark{.has_block = true, .glued = line.size() > k_measurement.size()};
  // Specs that are left out are marked in the same line, `•SSP`.
  const std::size_t end = line.find_last_not_of("SP");
  if (end == std::string_view::npos || !line.substr(0, end + 1).ends_with("•")) return std::nullopt;
  return GinkgoMark{.glued = end + 1 > std::string_view("•").size()};
}

bool ginkgo_block_is_of(std::string_view block, std::string_view text) {
  std::string texts;
  for (const std::string_view line : split_lines(block)) {
    if (trim(line).empty()) break;
    if (!is_place(line)) texts += std::string(line) + " ";
  }
  return without_node_types(texts).starts_with(without_node_types(text));
}

std::string ginkgo_block_message(std::string_view block) {
  const std::size_t blank = block.find("\n\n");
  return std::string(trim(blank == std::string_view::npos ? block : block.substr(blank)));
}

std::optional<GinkgoPlace> ginkgo_block_place(std::string_view message) {
  std::optional<GinkgoPlace> last;
  for (const std::string_view line : split_lines(message)) {
    const std::size_t at = line.find("] at: ");
    const std::size_t date = line.rfind(" @ ");
    if (at != std::string_view::npos && date != std::string_view::npos && date > at) {
      return ginkgo_place(line.substr(at + 6, date - at - 6));
    }
    if (const auto place = ginkgo_place(line)) last = place;
  }
  return last;
}

}  // namespace sortie::suite
