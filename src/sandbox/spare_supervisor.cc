#include "sandbox/spare_supervisor.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/deadline.h"
#include "base/scarce_descriptors.h"
#include "sandbox/cgroup_cleaner.h"

namespace sortie::sandbox {
namespace {

constexpr std::chrono::milliseconds k_moment(5);

std::optional<SpareSupervisor>& kept() {
  static std::optional<SpareSupervisor> spare;
  return spare;
}

bool planned = false;

/// Also when the io_context goes before the moment has come.
struct Plan {
  Plan() { planned = true; }
  ~Plan() { planned = false; }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;
};

Result<SpareSupervisor> start(const Cgroup::Limits& limits, std::span<const sock_filter> notify_filter) {
  SpareSupervisor spare;
  ASSIGN_OR_RETURN(spare.cgroup, Cgroup::create(cgroup_places(), limits));
  ASSIGN_OR_RETURN(spare.shared, SharedMemory::create());
  // What it looks at before it is given its sandbox.
  (*spare.shared)->drop_capabilities = 1;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno(errno, "socketpair");
  spare.control.reset(ends[0]);
  const UniqueFd theirs(ends[1]);
  LaunchPlan plan;
  plan.own_network = false;
  plan.notify_filter = notify_filter;
  plan.fds = {.control = theirs.get(), .shared = spare.shared->fd()};
  if (spare.cgroup) {
    plan.cgroup = spare.cgroup->entry();
    plan.fds.freezer_join = spare.cgroup->freezer_join();
    plan.fds.freezer_state = spare.cgroup->freezer_state();
  }
  ASSIGN_OR_RETURN(spare.launched, launch(plan));
  replace_taken_cgroups();
  return spare;
}

/// Without one, sandboxes are made from the beginning: nothing is lost when this fails.
Task<void> make_in_a_moment(std::shared_ptr<Plan> plan, Cgroup::Limits limits,
                            std::span<const sock_filter> notify_filter) {
  co_await sleep_for(k_moment);
  if (auto made = start(limits, notify_filter)) kept() = *std::move(made);
  plan.reset();
}

}  // namespace

std::optional<SpareSupervisor> take_spare_supervisor() {
  return std::exchange(kept(), std::nullopt);
}

bool adopt(const SpareSupervisor& spare, const UniqueFd& landlock) {
  protocol::RequestMessage message = {protocol::Request::adopt, 0, 0};
  iovec part = {&message, sizeof message};
  const int fd = landlock.get();
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
  std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  return sendmsg(spare.control.get(), &header, MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof message;
}

void discard(SpareSupervisor spare) {
  spare.control.reset();
  siginfo_t info;
  while (waitid(P_PIDFD, static_cast<id_t>(spare.launched.pidfd.get()), &info, WEXITED | __WALL) < 0 &&
         errno == EINTR) {
  }
}

void make_spare_supervisor(const Executor& executor, const Cgroup::Limits& limits,
                           std::span<const sock_filter> notify_filter) {
  if (kept() || planned || descriptors_are_scarce()) return;
  asio::co_spawn(executor, make_in_a_moment(std::make_shared<Plan>(), limits, notify_filter), asio::detached);
}

}  // namespace sortie::sandbox
