#pragma once

#include <netinet/in.h>

#include <cstddef>

namespace sortie::sandbox {

/// A socket to make; `fd` is the result.
struct ListenStep {
  sockaddr_in address{};
  int type = 0;  ///< SOCK_STREAM or SOCK_DGRAM
  int fd = -1;
};

// Raw functions (see raw_syscall.h), used by the supervisor program too: 0 or -errno.

/// Brings loopback up in the current network namespace and gives it the addresses of `steps` as /32, so that nothing
/// else has a route: connecting anywhere else fails at once.
long set_up_loopback(ListenStep* steps, std::size_t count);

/// Makes the sockets, listening, close-on-exec and non-blocking.
long open_listeners(ListenStep* steps, std::size_t count);

}  // namespace sortie::sandbox
