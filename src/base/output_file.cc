#include "base/output_file.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <random>
#include <thread>
#include <utility>

namespace sortie {
namespace {

constexpr auto k_reader_within = std::chrono::seconds(5);
constexpr auto k_reader_poll = std::chrono::milliseconds(10);
constexpr int k_link_limit = 40;  // the kernel's own
constexpr int k_name_attempts = 100;

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Where links under the last part of `path` lead. What it leads to need not be there.
std::string follow_links(std::string path) {
  std::array<char, 4096> target{};
  for (int i = 0; i < k_link_limit; ++i) {
    const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
    if (size <= 0) return path;
    std::string next(target.data(), static_cast<std::size_t>(size));
    path = next.starts_with('/') ? std::move(next) : folder_of(path) + "/" + next;
  }
  return path;
}

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// A name for one of our own standard streams (`/dev/stdout`, `/proc/self/fd/2`, or the file it was led to) shares its
/// position: opened anew, it would be written over.
UniqueFd own_stream(const struct stat& there) {
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat own{};
    if (::fstat(stream, &own) == 0 && is_same_file(own, there)) {
      return UniqueFd(::fcntl(stream, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    }
  }
  return {};
}

/// Opening a pipe must not wait for ever for its reader.
int open_pipe(const std::string& path) {
  const auto limit = std::chrono::steady_clock::now() + k_reader_within;
  for (;;) {
    const int file = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (file >= 0) {
      ::fcntl(file, F_SETFL, O_WRONLY);  // reading slowly is no error
      return file;
    }
    if (errno != ENXIO || std::chrono::steady_clock::now() > limit) return -1;
    std::this_thread::sleep_for(k_reader_poll);
  }
}

/// A name that cannot be written is the user's to repair, a machine at its limits is not.
std::unexpected<Error> cannot_open(int error_number, const std::string& path, std::string hint = {}) {
  Error error = fail_errno(error_number, path).error();
  constexpr std::array limits = {ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM, EIO};
  error.kind = std::ranges::find(limits, error_number) == limits.end() ? ErrorKind::config : ErrorKind::internal;
  error.hint = std::move(hint);
  return std::unexpected(std::move(error));
}

}  // namespace

Result<OutputFile> OutputFile::open(const std::string& path, Writing writing) {
  OutputFile file(path);
  struct stat there{};
  const bool exists = ::stat(path.c_str(), &there) == 0;
  if (!exists && errno != ENOENT) return cannot_open(errno, path);
  if (path.empty() || path.ends_with('/') || (exists && S_ISDIR(there.st_mode))) {
    return cannot_open(EISDIR, path, "name a file");
  }
  file.target_ = follow_links(path);
  if (exists && (!S_ISREG(there.st_mode) || (file.file_ = own_stream(there)))) {
    RETURN_IF_ERROR(file.open_stream(there));
  } else {
    RETURN_IF_ERROR(file.open_regular(exists ? &there : nullptr, writing));
  }
  return file;
}

Result<void> OutputFile::open_stream(const struct stat& there) {
  if (!file_) file_ = own_stream(there);
  if (!file_) {
    file_.reset(S_ISFIFO(there.st_mode) ? open_pipe(path_) : ::open(path_.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC));
  }
  if (file_) return {};
  const bool unread = errno == ENXIO && S_ISFIFO(there.st_mode);
  return cannot_open(errno, path_, unread ? "nobody reads this pipe" : "");
}

Result<void> OutputFile::open_regular(const struct stat* there, Writing writing) {
  if (there != nullptr) {
    replaces_ = true;
    replaced_ = *there;
  }
  if (writing == Writing::as_it_comes) {
    file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!file_) return cannot_open(errno, path_);
    return {};
  }
  if (replaces_ && ::faccessat(AT_FDCWD, path_.c_str(), W_OK, AT_EACCESS) != 0) return cannot_open(errno, path_);
  // Whether a file can be made there is known once one has been.
  const int failed = make_temporary();
  if (failed == 0) ::unlink(std::exchange(temporary_, {}).c_str());
  file_.reset();
  if (failed != 0 && !replaces_) return cannot_open(failed, path_);
  renames_ = failed == 0;
  return {};
}

/// A new file beside the target, open in `file_`; 0 or an errno value.
int OutputFile::make_temporary() {
  struct stat led_to{};
  // A link of /proc names a file that may have another name by now.
  if (replaces_ && (::stat(target_.c_str(), &led_to) != 0 || !is_same_file(led_to, replaced_))) return EXDEV;
  if (replaces_ && replaced_.st_nlink > 1) return EMLINK;
  std::random_device random;
  for (int i = 0; i < k_name_attempts; ++i) {
    std::array<char, 32> name{};
    std::snprintf(name.data(), name.size(), "/.sortie-%08x.part", random());
    temporary_ = folder_of(target_) + name.data();
    file_.reset(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file_ || errno != EEXIST) break;
  }
  int failed = file_ ? keep_mode_and_owner() : errno;
  if (failed == 0) return 0;
  if (file_) ::unlink(temporary_.c_str());
  temporary_.clear();
  file_.reset();
  return failed;
}

int OutputFile::keep_mode_and_owner() const {
  if (!replaces_) return 0;
  struct stat made{};
  if (::fstat(file_.get(), &made) != 0) return errno;
  const bool same = made.st_uid == replaced_.st_uid && made.st_gid == replaced_.st_gid;
  if (!same && ::fchown(file_.get(), replaced_.st_uid, replaced_.st_gid) != 0) return errno;
  return ::fchmod(file_.get(), replaced_.st_mode & 07777) == 0 ? 0 : errno;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      target_(std::move(other.target_)),
      temporary_(std::exchange(other.temporary_, {})),
      file_(std::move(other.file_)),
      replaced_(other.replaced_),
      replaces_(other.replaces_),
      renames_(other.renames_),
      begun_(other.begun_),
      error_(other.error_) {}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

/// The first byte is to be written, or none.
void OutputFile::begin() {
  if (std::exchange(begun_, true) || file_ || error_ != 0) return;
  if (renames_) {
    error_ = make_temporary();
  } else {
    file_.reset(::open(path_.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
    if (!file_) error_ = errno;
  }
}

void OutputFile::write(std::string_view bytes) {
  begin();
  while (!bytes.empty() && error_ == 0) {
    const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {  // whoever shares our standard output made it so
      pollfd writable{.fd = file_.get(), .events = POLLOUT, .revents = 0};
      ::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
}

Result<void> OutputFile::close() {
  begin();
  if (file_ && ::close(file_.release()) != 0 && error_ == 0) error_ = errno;
  if (!temporary_.empty() && error_ == 0) {
    if (::rename(temporary_.c_str(), target_.c_str()) == 0) {
      temporary_.clear();
    } else {
      error_ = errno;
    }
  }
  if (error_ == 0) return {};
  return fail_errno(error_, "write " + path_);
}

}  // namespace sortie
