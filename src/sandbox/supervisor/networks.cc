#include <sys/socket.h>

#include <cerrno>

#include "sandbox/network.h"
#include "sandbox/supervisor/freestanding.h"

namespace sortie::sandbox::supervisor {
namespace {

constexpr int k_requests = 0;  // the standard input is a SOCK_SEQPACKET

/// A new network namespace with loopback up, as a descriptor; or -errno.
long make_network() {
  if (const long error = raw::call(SYS_unshare, CLONE_NEWNET); error < 0) return error;
  if (const long error = set_up_loopback(nullptr, 0); error < 0) return error;
  return raw::call(SYS_openat, -100 /* AT_FDCWD */, "/proc/self/ns/net", O_RDONLY | O_CLOEXEC, 0);
}

long send_descriptor(int fd) {
  char byte = 0;
  return send_with_descriptor(k_requests, &byte, 1, fd);
}

}  // namespace

long send_with_descriptor(int socket, void* message, std::size_t size, int fd) {
  iovec part = {message, size};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  cmsghdr* rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof fd);
  __builtin_memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  return raw::call(SYS_sendmsg, socket, &header, MSG_NOSIGNAL);
}

int make_networks() {
  for (;;) {
    char byte = 0;
    const long n = raw::call(SYS_read, k_requests, &byte, 1);
    if (n == -EINTR) continue;
    if (n <= 0) return 0;
    const long fd = make_network();
    if (fd < 0 || send_descriptor(static_cast<int>(fd)) < 0) return 1;
    raw::call(SYS_close, fd);
  }
}

}  // namespace sortie::sandbox::supervisor
