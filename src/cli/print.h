#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace sortie::cli {

/// `error: …`, a `caused by: …` line for each cause, `hint: …`, on standard error.
void print_error(const Error& error);
/// The same text.
std::string format_error(const Error& error);

/// All of it to standard output. ErrorKind::internal when it cannot be written (disk full, closed).
Result<void> write_stdout(std::string_view text);
/// True for that error when the reader has gone (`| head`): an end without a word.
bool nobody_reads(const Error& error);

}  // namespace sortie::cli
