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

/// Brings loopback up in the current network namespace and gives it the addresses of `steps` as /32, so that nothing
/// else has a route: connecting anywhere else fails at once. Raw (see raw_syscall.h). 0 or -errno.
long set_up_loopback(ListenStep* steps, std::size_t count);

/// Makes the sockets, listening, close-on-exec and non-blocking. Raw. 0 or -errno.
long open_listeners(ListenStep* steps, std::size_t count);

}  // namespace sortie::sandbox
