#include "s3cli/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>

namespace sortie::s3cli {

namespace {

constexpr std::size_t k_least_secret = 6;

std::string local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  return fmt::format("{:04}/{:02}/{:02} {:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

void Log::hide(std::string secret) {
  if (secret.size() >= k_least_secret) secrets_.push_back(std::move(secret));
}

std::string Log::shown(std::string_view message) const {
  std::string out(message);
  for (const auto& secret : secrets_) {
    for (auto at = out.find(secret); at != std::string::npos; at = out.find(secret, at + 3)) {
      out.replace(at, secret.size(), "***");
    }
  }
  // One message is one line, and a server's words do not drive the terminal.
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return out;
}

void Log::line(std::string_view message) const {
  const auto text = fmt::format("{} {}\n", local_time(), shown(message));
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace sortie::s3cli
