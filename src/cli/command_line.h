#pragma once

#include <span>
#include <string>

#include "base/error.h"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace sortie::cli {

/// What is wrong with a command line that CLI11 did not accept, and what was probably meant: unknown commands and
/// options get the nearest known one as their hint. `words`: argv without the program's name.
Error command_line_error(const CLI::App& app, const CLI::ParseError& error, std::span<char* const> words);

/// `  run        run test suites…`, a line a command.
std::string command_list(const CLI::App& app);

}  // namespace sortie::cli
