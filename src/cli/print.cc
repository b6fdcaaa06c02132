#include "cli/print.h"

#include <cerrno>
#include <cstdio>

namespace sortie::cli {
namespace {

constexpr const char* k_broken_pipe = "EPIPE";

}  // namespace

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
  bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  written = std::fflush(stdout) == 0 && written;
  if (written) return {};
  const int error_number = errno;
  Error failed = fail_errno(error_number, "write standard output").error();
  failed.kind = ErrorKind::internal;
  if (error_number == EPIPE) failed.code = k_broken_pipe;
  return std::unexpected(std::move(failed));
}

bool nobody_reads(const Error& error) {
  return error.code == k_broken_pipe;
}

}  // namespace sortie::cli
