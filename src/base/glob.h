#pragma once

#include <cstdint>
#include <string_view>

namespace sortie {

/// What `?` stands for in a glob.
enum class QuestionMark : std::uint8_t { any_character, itself };

/// Shell-style match of bytes: `*` any run (none included), `?` one of them, everything else itself. Only the last star
/// is ever tried again: linear in practice, never exponential.
bool glob_matches(std::string_view pattern, std::string_view text,
                  QuestionMark question_mark = QuestionMark::any_character);

}  // namespace sortie
