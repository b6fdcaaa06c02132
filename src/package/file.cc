#include "package/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "base/unique_fd.h"

namespace sortie::package {
namespace {

std::unexpected<Error> fail_reading(const std::string& path, int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR: return fail(ErrorKind::config, fmt::format("no such file: {}", path));
    case EACCES:
    case EPERM: return fail(ErrorKind::config, fmt::format("not readable: {}", path), "check the file's permissions");
    case ELOOP: return fail(ErrorKind::config, fmt::format("too many symbolic links: {}", path));
    default:
      return fail(ErrorKind::internal, fmt::format("read {}: {}", path, std::generic_category().message(error_number)));
  }
}

using Digest = std::array<unsigned char, 32>;

Digest sha256(std::string_view bytes) {
  Digest digest{};
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

}  // namespace

Result<FileContent> read_file(const std::string& path, std::uint64_t limit) {
  // Non-blocking: opening a named pipe must not wait for a writer.
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return fail_reading(path, errno);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail_reading(path, errno);
  if (S_ISDIR(status.st_mode)) return fail(ErrorKind::config, fmt::format("a folder, not a file: {}", path));
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::config, fmt::format("not a regular file: {}", path));
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > limit) {
    return fail(ErrorKind::config, fmt::format("{} is too large: {:.1f} MB; Lambda takes {:.0f} MB unzipped", path,
                                               static_cast<double>(size) / 1e6, static_cast<double>(limit) / 1e6));
  }
  auto bytes = std::make_shared<std::string>();
  int failed = 0;
  bytes->resize_and_overwrite(size, [&](char* to, std::size_t) {
    std::size_t done = 0;
    while (done < size) {
      const ssize_t got = ::read(file.get(), to + done, size - done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) failed = errno;
      if (got <= 0) break;  // 0: the file has shrunk, what is there now is its content
      done += static_cast<std::size_t>(got);
    }
    return done;
  });
  if (failed != 0) return fail_reading(path, failed);
  return FileContent{.bytes = std::move(bytes),
                     .executable = (status.st_mode & 0111) != 0,
                     .read_only = (status.st_mode & S_IWUSR) == 0};
}

std::string sha256_hex(std::string_view bytes) {
  std::string text;
  for (const unsigned char byte : sha256(bytes)) text += fmt::format("{:02x}", byte);
  return text;
}

std::string sha256_base64(std::string_view bytes) {
  const Digest digest = sha256(bytes);
  std::array<unsigned char, 48> text{};
  const int size = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(digest.size()));
  return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(size)};
}

}  // namespace sortie::package
