#include "s3cli/stream_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

namespace sortie::s3cli {

namespace {

constexpr std::size_t k_step_bytes = 256 * 1024;

}  // namespace

bool is_stream_target(const std::string& path) {
  if (path == "/dev/stdout" || path == "/dev/stderr" || path.starts_with("/dev/fd/") || path.starts_with("/proc/")) {
    return true;
  }
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return false;
  return !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

StreamFile::StreamFile(const Executor& executor, UniqueFd fd, std::string path)
    : descriptor_(executor, fd.release()), path_(std::move(path)) {}

Result<UniqueFd> StreamFile::open_target(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  if (!fd) return fail_errno(errno, fmt::format("open {}", path));
  return fd;
}

Task<Result<std::string>> StreamFile::read_up_to(std::size_t limit) {
  std::string out;
  while (out.size() < limit) {
    const auto before = out.size();
    out.resize(before + std::min(limit - before, std::max<std::size_t>(4096, std::min(before, k_step_bytes))));
    const auto [error, count] = co_await descriptor_.async_read_some(
        asio::buffer(out.data() + before, out.size() - before), asio::as_tuple(asio::use_awaitable));
    out.resize(before + count);
    if (error == asio::error::eof) break;
    if (error) co_return failure("read", error);
  }
  co_return out;
}

Task<Result<void>> StreamFile::write_all(std::span<const char> bytes) {
  while (!bytes.empty()) {
    const auto [error, count] = co_await descriptor_.async_write_some(asio::buffer(bytes.data(), bytes.size()),
                                                                      asio::as_tuple(asio::use_awaitable));
    if (error) co_return failure("write", error);
    bytes = bytes.subspan(count);
  }
  co_return Result<void>{};
}

std::unexpected<Error> StreamFile::failure(const char* what, const boost::system::error_code& error) const {
  if (error == asio::error::operation_aborted) return fail(ErrorKind::cancelled, fmt::format("{}: cancelled", path_));
  return fail_errno(error.value(), fmt::format("{} {}", what, path_));
}

}  // namespace sortie::s3cli
