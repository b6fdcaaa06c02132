#include "sandbox/spare_networks.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>

#include "sandbox/helper_process.h"

namespace sortie::sandbox {
namespace {

constexpr int k_spares = 2;

}  // namespace

Result<std::unique_ptr<SpareNetworks>> SpareNetworks::start(int user_namespace) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno(errno, "socketpair");
  UniqueFd ours(ends[0]);
  const UniqueFd theirs(ends[1]);
  ASSIGN_OR_RETURN(UniqueFd pidfd, start_helper({{"networks"}, theirs.get(), user_namespace}));
  std::unique_ptr<SpareNetworks> networks(new SpareNetworks(std::move(ours), std::move(pidfd)));
  for (int i = 0; i < k_spares; ++i) networks->ask();
  return networks;
}

SpareNetworks::~SpareNetworks() {
  socket_.reset();
  siginfo_t info;
  while (waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | __WALL) < 0 && errno == EINTR) {
  }
}

void SpareNetworks::ask() {
  send(socket_.get(), "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

UniqueFd SpareNetworks::take() {
  char byte = 0;
  int fd = -1;
  iovec part = {&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  if (recvmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1) return {};
  ask();
  const cmsghdr* rights = CMSG_FIRSTHDR(&header);
  if (rights == nullptr || rights->cmsg_type != SCM_RIGHTS || rights->cmsg_len != CMSG_LEN(sizeof fd)) return {};
  std::memcpy(&fd, CMSG_DATA(rights), sizeof fd);
  return UniqueFd(fd);
}

}  // namespace sortie::sandbox
