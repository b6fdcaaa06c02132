#include "s3cli/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <utility>

namespace sortie::s3cli {

namespace {

constexpr int k_name_attempts = 100;

/// The file behind symbolic links; the path itself where there is none yet.
std::string resolved(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), std::free);
  return real ? std::string(real.get()) : path;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

std::unexpected<Error> failure(const char* what, const std::string& path, int error) {
  return fail_errno(error, fmt::format("{} {}", what, path));
}

/// A file without a name, which goes when its descriptor does; it gets a name through /proc. Nothing where the file
/// system does not know such files.
UniqueFd open_nameless(const std::string& folder) {
  UniqueFd fd(::open(folder.empty() ? "." : folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666));
  if (fd && ::access(fmt::format("/proc/self/fd/{}", fd.get()).c_str(), F_OK) != 0) fd.reset();
  return fd;
}

std::string random_name(const std::string& folder) {
  static std::random_device random;
  return fmt::format("{}.s3cli-{:08x}", folder, random());
}

}  // namespace

OutputFile::OutputFile(OutputFile&& other) noexcept
    : fd_(std::move(other.fd_)),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, std::string())) {}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<OutputFile> OutputFile::create(const std::string& path) {
  OutputFile out;
  struct stat old{};
  const bool exists = ::stat(path.c_str(), &old) == 0;
  if (path.empty() || path.ends_with('/') || (exists && S_ISDIR(old.st_mode))) {
    return fail(ErrorKind::usage, fmt::format("'{}' is a directory, not a file to write", path));
  }
  out.path_ = resolved(path);
  if (exists && ::access(path.c_str(), W_OK) != 0) return failure("open", path, errno);
  out.fd_ = open_nameless(folder_of(out.path_));
  if (!out.fd_) RETURN_IF_ERROR(out.open_temporary());
  if (exists) {
    ::fchmod(out.fd_.get(), old.st_mode & 0777);
    // Only root may give files away; for others it stays theirs.
    if (old.st_uid != ::geteuid() || old.st_gid != ::getegid()) {
      static_cast<void>(::fchown(out.fd_.get(), old.st_uid, old.st_gid) == 0);
    }
  }
  return out;
}

Result<void> OutputFile::open_temporary() {
  for (int attempt = 0;; ++attempt) {
    const auto name = random_name(folder_of(path_));
    fd_.reset(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (fd_) {
      temporary_ = name;
      return {};
    }
    if (errno != EEXIST || attempt == k_name_attempts) return failure("create a file beside", path_, errno);
  }
}

Result<void> OutputFile::give_name() {
  const auto nameless = fmt::format("/proc/self/fd/{}", fd_.get());
  for (int attempt = 0;; ++attempt) {
    const auto name = random_name(folder_of(path_));
    if (::linkat(AT_FDCWD, nameless.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      temporary_ = name;
      return {};
    }
    if (errno != EEXIST || attempt == k_name_attempts) return failure("create a file beside", path_, errno);
  }
}

Result<void> OutputFile::reserve(std::uint64_t size) {
  struct statfs system{};
  if (::fstatfs(fd_.get(), &system) == 0 && system.f_type == TMPFS_MAGIC) {
    // There it would fetch all the memory at once, while the first bytes wait. Without a limit it has no blocks.
    const bool is_full = system.f_blocks != 0 && system.f_bavail * static_cast<std::uint64_t>(system.f_bsize) < size;
    return is_full ? failure("write", path_, ENOSPC) : Result<void>{};
  }
  if (size == 0 || ::fallocate(fd_.get(), 0, 0, static_cast<off_t>(size)) == 0) return {};
  if (errno == ENOSPC || errno == EFBIG || errno == EDQUOT) return failure("write", path_, errno);
  return {};
}

Result<void> OutputFile::write_at(std::span<const char> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure("write", path_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<void> OutputFile::commit(std::optional<std::uint64_t> size) {
  struct stat status{};
  if (::fstat(fd_.get(), &status) != 0) return failure("write", path_, errno);
  if (size && static_cast<std::uint64_t>(status.st_size) != *size) {
    return fail(ErrorKind::internal, fmt::format("{}: {} bytes were written, not {}", path_, status.st_size, *size));
  }
  if (temporary_.empty()) RETURN_IF_ERROR(give_name());
  // Network file systems report a failed write here.
  if (::close(fd_.release()) != 0) return failure("write", path_, errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return failure("rename to", path_, errno);
  temporary_.clear();
  return {};
}

}  // namespace sortie::s3cli
