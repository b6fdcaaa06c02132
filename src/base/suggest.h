#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sortie {

/// The one of `known` that was probably meant by `word`: the nearest by insertions, deletions, substitutions and swaps
/// of neighbours (optimal string alignment), at most a third of the word's length away, letter case aside. Empty: none.
std::string closest(std::string_view word, std::span<const std::string> known);

/// `did you mean 'X'?`, or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string> known);

}  // namespace sortie
