#include "base/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <vector>

namespace sortie {
namespace {

constexpr std::size_t k_piece_bytes = 64 * 1024;

/// A file without a name; -1 and errno.
int open_nameless() {
  const char* const variable = std::getenv("TMPDIR");
  const std::string folder = variable != nullptr && *variable != '\0' ? variable : "/tmp";
  const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return file;
  std::string name = folder + "/sortie-spool-XXXXXX";  // the file system does not know files without names
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

void Spool::append(std::string_view bytes) {
  size_ += bytes.size();
  if (error_ != 0) return;
  collected_.append(bytes);
  if (collected_.size() > in_memory_) write_out();
}

void Spool::write_out() {
  if (!file_) file_.reset(open_nameless());
  if (!file_) error_ = errno;
  std::string_view rest = collected_;
  while (!rest.empty() && error_ == 0) {
    const ssize_t count = ::write(file_.get(), rest.data(), rest.size());
    if (count > 0) {
      rest.remove_prefix(static_cast<std::size_t>(count));
      written_ += static_cast<std::uint64_t>(count);
    } else if (count == 0 || errno != EINTR) {
      error_ = count == 0 ? ENOSPC : errno;
    }
  }
  collected_.clear();
}

Result<void> Spool::read(const std::function<void(std::string_view)>& piece) const {
  if (error_ != 0) return fail_errno(error_, "keep output in a temporary file");
  std::vector<char> buffer(written_ == 0 ? 0 : k_piece_bytes);
  for (std::uint64_t at = 0; at < written_;) {
    const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), written_ - at);
    const ssize_t count = ::pread(file_.get(), buffer.data(), wanted, static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail_errno(count < 0 ? errno : EIO, "read a temporary file");
    piece({buffer.data(), static_cast<std::size_t>(count)});
    at += static_cast<std::uint64_t>(count);
  }
  if (!collected_.empty()) piece(collected_);
  return {};
}

}  // namespace sortie
