#include "cli/print.h"

#include <cerrno>
#include <cstdio>

namespace sortie::cli {

std::string format_error(const Error& error) {
  std::string text = "error: " + error.message + "\n";
  for (auto cause = error.cause; cause; cause = cause->cause) text += "caused by: " + cause->message + "\n";
  if (!error.hint.empty()) text += "hint: " + error.hint + "\n";
  return text;
}

void print_error(const Error& error) {
  std::fputs(format_error(error).c_str(), stderr);
}

Result<void> write_stdout(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    return fail_errno(errno, "write standard output");
  }
  return {};
}

}  // namespace sortie::cli
