#include "emulator/core/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>

namespace sortie::emulator {
namespace {

constexpr std::size_t k_max_expression = std::size_t{64} * 1024;
constexpr std::uint32_t k_max_depth = 40;
constexpr std::uint32_t k_max_steps = 1'000'000;
constexpr std::uint32_t k_max_memory_kb = 64 * 1024;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* what) const {
    Free(what);
  }
};
using CompileContext = std::unique_ptr<pcre2_compile_context, Freed<pcre2_compile_context_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Freed<pcre2_match_context_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Freed<pcre2_match_data_free>>;

PCRE2_SPTR bytes(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data() == nullptr ? "" : text.data());
}

std::string message_of(int error) {
  std::array<PCRE2_UCHAR, 256> message{};
  pcre2_get_error_message(error, message.data(), message.size());
  return reinterpret_cast<const char*>(message.data());
}

}  // namespace

std::expected<Regex, std::string> Regex::compile(std::string_view expression, Scope scope, Dot dot) {
  const CompileContext context(pcre2_compile_context_create(nullptr));
  pcre2_set_max_pattern_length(context.get(), k_max_expression);
  pcre2_set_parens_nest_limit(context.get(), k_max_depth);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_ANYCRLF);
  std::uint32_t options = PCRE2_DOLLAR_ENDONLY | PCRE2_NO_AUTO_CAPTURE | PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C;
  if (scope == Scope::whole_text) options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
  if (dot == Dot::any_byte) options |= PCRE2_DOTALL;
  int error = 0;
  PCRE2_SIZE where = 0;
  pcre2_code* code = pcre2_compile(bytes(expression), expression.size(), options, &error, &where, context.get());
  if (code == nullptr) return std::unexpected(message_of(error));
  return Regex(std::shared_ptr<const pcre2_code>(
      code, [](const pcre2_code* one) { pcre2_code_free(const_cast<pcre2_code*>(one)); }));
}

bool Regex::matches(std::string_view text) const {
  const MatchContext context(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(context.get(), k_max_steps);
  pcre2_set_heap_limit(context.get(), k_max_memory_kb);
  const MatchData data(pcre2_match_data_create(1, nullptr));
  // 0: it matches, and there is no room for groups that nobody asks for. Limits are errors: less than 0.
  return pcre2_match(code_.get(), bytes(text), text.size(), 0, 0, data.get(), context.get()) >= 0;
}

}  // namespace sortie::emulator
