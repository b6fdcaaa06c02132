#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <expected>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "sandbox/notified_call.h"

namespace sortie::sandbox {

/// A socket of a caller.
struct CallerSocket {
  UniqueFd own;  ///< the same open socket, ours too; none where pidfd_getfd(2) is not allowed
  int domain = 0;
  int type = 0;
  int flags = 0;  ///< O_NONBLOCK and the others of the open socket, where it is `own`
  bool non_blocking = false;
  bool close_on_exec = false;
};

/// Whether pidfd_getfd(2) is allowed at all: Docker's profile refuses it.
bool can_take_sockets();

/// The thread of another process that waits for the answer to a call. Its memory is readable for an ancestor of the
/// same user, unless it has put itself under a setting that says otherwise.
class Caller final : public CallerMemory {
 public:
  explicit Caller(pid_t thread) : thread_(thread) {}

  bool read(std::uint64_t address, void* to, std::size_t size) override;
  bool write(std::uint64_t address, const void* from, std::size_t size) override;

  /// The socket with this number; EBADF and ENOTSOCK as the call itself would answer.
  Copied<CallerSocket> socket(int fd) const;
  /// A path as the caller sees it, absolute: relative ones begin at the folder that it has open under this number.
  /// Nothing when that cannot be told.
  [[nodiscard]] std::optional<std::string> absolute(const std::string& path, int folder = AT_FDCWD) const;

 private:
  [[nodiscard]] UniqueFd take_socket(int fd) const;
  [[nodiscard]] Copied<CallerSocket> describe_socket(int fd) const;

  pid_t thread_;
};

}  // namespace sortie::sandbox
