#include "sandbox/network.h"

#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <sys/socket.h>

#include <cerrno>

#include "sandbox/raw_syscall.h"

namespace sortie::sandbox {
namespace {

constexpr int k_backlog = 512;
constexpr int k_loopback_index = 1;  // the kernel makes it first in every network namespace

/// rtnetlink(7): add one IPv4 address to loopback.
struct AddAddress {
  nlmsghdr header;
  ifaddrmsg body;
  rtattr attribute;
  in_addr address;
};

SORTIE_RAW long bring_up(int fd) {
  struct {
    char name[IFNAMSIZ];
    short flags;
    char rest[22];
  } request = {{'l', 'o'}, IFF_UP | IFF_RUNNING, {}};  // struct ifreq of netdevice(7), without its headers' conflicts
  return raw::call(SYS_ioctl, fd, SIOCSIFFLAGS, &request);
}

SORTIE_RAW long add_address(int fd, in_addr address) {
  AddAddress request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_NEWADDR;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
  request.body.ifa_family = AF_INET;
  request.body.ifa_prefixlen = 32;
  request.body.ifa_scope = RT_SCOPE_HOST;
  request.body.ifa_index = k_loopback_index;
  request.attribute.rta_len = sizeof(rtattr) + sizeof(in_addr);
  request.attribute.rta_type = IFA_LOCAL;
  request.address = address;
  if (const long n = raw::call(SYS_sendto, fd, &request, sizeof request, 0, 0, 0); n < 0) return n;
  struct {
    nlmsghdr header;
    nlmsgerr error;
    char rest[64];
  } answer{};
  if (const long n = raw::call(SYS_recvfrom, fd, &answer, sizeof answer, 0, 0, 0); n < 0) return n;
  return answer.error.error == -EEXIST ? 0 : answer.error.error;  // two sockets share an address
}

SORTIE_RAW bool is_loopback(in_addr address) {
  return (ntohl(address.s_addr) >> 24) == 127;
}

SORTIE_RAW long open_listener(ListenStep& step) {
  const long fd = raw::call(SYS_socket, AF_INET, step.type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fd;
  step.fd = static_cast<int>(fd);
  const int on = 1;
  raw::call(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (const long error = raw::call(SYS_bind, fd, &step.address, sizeof step.address); error < 0) return error;
  return step.type == SOCK_STREAM ? raw::call(SYS_listen, fd, k_backlog) : 0;
}

}  // namespace

SORTIE_RAW long set_up_loopback(ListenStep* steps, std::size_t count) {
  const long plain = raw::call(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (plain < 0) return plain;
  long error = bring_up(static_cast<int>(plain));
  raw::call(SYS_close, plain);
  if (error < 0 || count == 0) return error;
  const long netlink = raw::call(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (netlink < 0) return netlink;
  for (std::size_t i = 0; i < count && error == 0; ++i) {
    if (!is_loopback(steps[i].address.sin_addr))
      error = add_address(static_cast<int>(netlink), steps[i].address.sin_addr);
  }
  raw::call(SYS_close, netlink);
  return error;
}

SORTIE_RAW long open_listeners(ListenStep* steps, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (const long error = open_listener(steps[i]); error < 0) return error;
  }
  return 0;
}

}  // namespace sortie::sandbox
