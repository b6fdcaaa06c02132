#include "s3cli/log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <system_error>

#include "base/clock.h"
#include "base/utf8.h"
#include "wire/date.h"

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

std::string_view name_of(Log::Level level) {
  constexpr std::string_view names[] = {"DEBUG", "INFO", "WARN", "ERROR"};
  return names[static_cast<std::size_t>(level)];
}

}  // namespace

Result<void> Log::write_json(Level least, const std::string& path) {
  is_json_ = true;
  least_ = least;
  if (path.empty()) return {};
  if (const auto folder = std::filesystem::path(path).parent_path(); !folder.empty()) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return fail_errno(error.value(), "make the folder of the log file " + path);
  }
  file_ = UniqueFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!file_) return fail_errno(errno, "open the log file " + path);
  return {};
}

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

void Log::write(Level level, std::string_view message) const {
  if (is_json_) return write_object(level, message, {});
  const auto text = fmt::format("{} {}\n", local_time(), shown(message));
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void Log::failure(std::string_view command, std::string_view error) const {
  if (is_json_) return write_object(Level::error, "performing operation", {{"command", command}, {"error", error}});
  write(Level::error, fmt::format("performing operation {}: {}", command, error));
}

void Log::write_object(Level level, std::string_view message, const Fields& more) const {
  if (level < least_) return;
  boost::json::object object{{"time", wire::format_iso8601_millis(SystemClock().now())},
                             {"level", name_of(level)},
                             {"msg", to_valid_utf8(shown(message))}};
  for (const auto& [name, value] : more) object[name] = to_valid_utf8(shown(value));
  const std::string text = boost::json::serialize(object) + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
  // A full disk must not stop the operation that is being told about, nor hide it: standard error has it.
  if (file_ && ::write(file_.get(), text.data(), text.size()) < 0) return;
}

}  // namespace sortie::s3cli
