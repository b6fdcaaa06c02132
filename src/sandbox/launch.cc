#include "sandbox/launch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <linux/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>

#include "sandbox/mount_calls.h"
#include "sandbox/notify_filter.h"
#include "sandbox/raw_syscall.h"
#include "sandbox/supervisor_image.h"
#include "sandbox/supervisor_protocol.h"
#include "sandbox/user.h"

// Two steps, both in this program's memory and descriptor table while the calling thread waits (as after vfork), so
// that nothing has to be copied there or sent back:
//   stage 1, in the host's namespaces, joins the control groups, opens the mounts, enters the template's namespaces,
//   sets up the network and takes the sandbox's id; stage 2, born into the other new namespaces, fills them with what
//   is the sandbox's own and becomes the supervisor.
// All functions up to `launch` are raw: see raw_syscall.h.
namespace sortie::sandbox {
namespace {

struct Mount {
  const char* source;
  const char* target;
  int tree = -1;
};

struct Stage {
  // in
  bool isolated = false;
  bool privileged = false;
  bool own_network = false;
  int host_mounts = -1;  ///< out too
  int network = -1;
  int user_namespace = -1;
  int mount_namespace = -1;
  std::uint32_t template_id = 0;
  std::vector<Mount> mounts;
  std::vector<ListenStep> listen;
  std::vector<int> join;
  const char* uid_map = "";
  const char* gid_map = "";
  const char* tmp_options = "";
  const char* shm_options = "";
  int image = -1;
  SupervisorFds fds;
  sock_fprog notify_filter = {};
  char* inner_stack = nullptr;
  // out
  int notifications = -1;
  int pidfd = -1;
  long pid = 0;
  const char* doing = "";
  long error = 0;
};

constexpr std::uint64_t k_namespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
constexpr int k_last_capability = 63;
constexpr const char* k_host_name = "lambda";

// ---- stage 2

SORTIE_RAW long write_file(const char* path, const char* text) {
  const long fd = raw::call(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return fd;
  const long error = raw::write_all(static_cast<int>(fd), text, raw::length(text));
  raw::call(SYS_close, fd);
  return error;
}

SORTIE_RAW long become_inside_user(Stage& stage) {
  stage.doing = "mount /proc";
  if (const long e = raw::call(SYS_mount, "proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0); e < 0)
    return e;
  stage.doing = "map the user";
  raw::call(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);  // or else /proc/self is not ours to write
  if (const long e = write_file("/proc/self/setgroups", "deny"); e < 0) return e;
  if (const long e = write_file("/proc/self/gid_map", stage.gid_map); e < 0) return e;
  return write_file("/proc/self/uid_map", stage.uid_map);
}

/// What in /proc is about more than the sandbox's own processes and is not root's alone: settings of the network, which
/// belong to a plain user's sandbox, and that user's keys. By mount(2), which is faster here than detached trees.
SORTIE_RAW long cover_proc(Stage& stage) {
  stage.doing = "cover parts of /proc";
  constexpr unsigned long k_read_only = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (const long e = raw::call(SYS_mount, "/proc/sys", "/proc/sys", 0, MS_BIND, 0); e < 0) return e;
  if (const long e = raw::call(SYS_mount, 0, "/proc/sys", 0, k_read_only, 0); e < 0) return e;
  const long e = raw::call(SYS_mount, "/dev/null", "/proc/keys", 0, MS_BIND, 0);
  return e == -ENOENT ? 0 : e;  // a kernel without keys
}

SORTIE_RAW long mount_own(Stage& stage) {
  stage.doing = "mount /tmp";
  if (const long e = raw::call(SYS_mount, "tmp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, stage.tmp_options); e < 0)
    return e;
  stage.doing = "mount /dev/shm";
  if (const long e = raw::call(SYS_mount, "shm", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, stage.shm_options); e < 0) {
    return e;
  }
  for (const Mount& mount : stage.mounts) {
    stage.doing = mount.target;
    const long e = raw::call(SYS_move_mount, mount.tree, "", AT_FDCWD, mount.target, MOVE_MOUNT_F_EMPTY_PATH);
    if (e < 0) return e;
  }
  return 0;
}

/// Nothing executed from here on can gain a privilege: not by setuid files, not by capabilities in its own namespace.
SORTIE_RAW long drop_privileges(Stage& stage) {
  stage.doing = "drop privileges";
  for (int capability = 0; capability <= k_last_capability; ++capability) {
    if (raw::call(SYS_prctl, PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) break;
  }
  return raw::call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

SORTIE_RAW long become_supervisor(Stage& stage) {
  stage.doing = "start the supervisor";
  raw::call(SYS_setsid);
  raw::call(SYS_umask, 022);
  // On a machine without memory left, what runs in here goes before sortie does. Refused where it is higher already.
  write_file("/proc/self/oom_score_adj", "200");
  if (const long e = unshare_descriptors(); e < 0) return e;
  // Out of the way of the low numbers first: each of them may be one of these.
  constexpr int k_given = protocol::k_first_free_fd - protocol::k_control_fd;
  const int wanted[k_given + 1] = {stage.fds.control,       stage.fds.shared,   stage.fds.freezer_join,
                                   stage.fds.freezer_state, stage.fds.landlock, stage.fds.memory_usage,
                                   stage.fds.memory_stat,   stage.image};
  int high[k_given + 1];
  for (int i = 0; i <= k_given; ++i) {
    high[i] = wanted[i] < 0 ? -1 : static_cast<int>(raw::call(SYS_fcntl, wanted[i], F_DUPFD_CLOEXEC, 16));
  }
  const long nothing = raw::call(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
  if (nothing < 0) return nothing;
  for (int fd = 0; fd < 3; ++fd) {
    if (nothing != fd) raw::call(SYS_dup3, nothing, fd, 0);
  }
  for (int i = 0; i < k_given; ++i) {
    const int fd = protocol::k_control_fd + i;
    if (high[i] < 0) {
      raw::call(SYS_close, fd);
    } else if (const long e = raw::call(SYS_dup3, high[i], fd, 0); e < 0) {
      return e;
    }
  }
  raw::call(SYS_close_range, protocol::k_first_free_fd, ~0U, CLOSE_RANGE_CLOEXEC);
  const char* const arguments[] = {"sortie-supervisor", nullptr};
  const char* const environment[] = {nullptr};
  return raw::call(SYS_execveat, high[k_given], "", arguments, environment, AT_EMPTY_PATH);
}

SORTIE_RAW long fill_namespaces(Stage& stage) {
  if (const long e = become_inside_user(stage); e < 0) return e;
  raw::call(SYS_sethostname, k_host_name, raw::length(k_host_name));
  if (const long e = cover_proc(stage); e < 0) return e;
  if (const long e = mount_own(stage); e < 0) return e;
  return drop_privileges(stage);
}

/// The engine's end of the filter opens in the engine's own descriptor table.
SORTIE_RAW long take_notify_filter(Stage& stage) {
  if (stage.notify_filter.len == 0) return 0;
  stage.doing = "install a seccomp filter with notifications";
  if (const long e = raw::call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); e < 0) return e;
  const long listener = install_notify_filter(stage.notify_filter);
  if (listener >= 0) stage.notifications = static_cast<int>(listener);
  return listener;
}

SORTIE_RAW int stage_two(void* argument) {
  auto& stage = *static_cast<Stage*>(argument);
  stage.error = stage.isolated ? fill_namespaces(stage) : 0;
  if (stage.error >= 0) stage.error = take_notify_filter(stage);
  if (stage.error >= 0) stage.error = become_supervisor(stage);
  return 1;
}

// ---- stage 1

SORTIE_RAW long open_mounts(Stage& stage) {
  for (Mount& mount : stage.mounts) {
    stage.doing = mount.source;
    const long tree = open_read_only_tree(mount.source, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    if (tree < 0) return tree;
    mount.tree = static_cast<int>(tree);
  }
  return 0;
}

/// The network namespace belongs to the template's user namespace, where this still has its capabilities.
SORTIE_RAW long enter_network(Stage& stage) {
  if (stage.own_network) {
    stage.doing = "create a network namespace";
    const long e =
        stage.network >= 0 ? raw::call(SYS_setns, stage.network, CLONE_NEWNET) : raw::call(SYS_unshare, CLONE_NEWNET);
    if (e < 0) return e;
    stage.doing = "set up loopback";
    if (const long f = set_up_loopback(stage.listen.data(), stage.listen.size()); f < 0) return f;
  }
  stage.doing = "listen";
  return open_listeners(stage.listen.data(), stage.listen.size());
}

SORTIE_RAW long enter_host_mounts(Stage& stage) {
  stage.doing = "copy the mount namespace";
  if (stage.host_mounts >= 0) return raw::call(SYS_setns, stage.host_mounts, CLONE_NEWNS);
  if (const long e = raw::call(SYS_unshare, CLONE_NEWNS); e < 0) return e;
  const long fd = raw::call(SYS_openat, AT_FDCWD, "/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC, 0);
  stage.host_mounts = static_cast<int>(fd);
  return fd;
}

SORTIE_RAW long enter_template(Stage& stage) {
  if (stage.privileged) {
    if (const long e = open_mounts(stage); e < 0) return e;
  }
  stage.doing = "enter the template's user namespace";
  if (const long e = raw::call(SYS_setns, stage.user_namespace, CLONE_NEWUSER); e < 0) return e;
  if (!stage.privileged && !stage.mounts.empty()) {
    if (const long e = enter_host_mounts(stage); e < 0) return e;
    if (const long e = open_mounts(stage); e < 0) return e;
  }
  stage.doing = "enter the template's mount namespace";
  return raw::call(SYS_setns, stage.mount_namespace, CLONE_NEWNS);
}

SORTIE_RAW long take_own_id(Stage& stage) {
  stage.doing = "take the sandbox's user id";
  if (const long e = raw::call(SYS_setgroups, 0, 0); e < 0) return e;
  const std::uint32_t id = stage.template_id;
  if (const long e = raw::call(SYS_setresgid, id, id, id); e < 0) return e;
  return raw::call(SYS_setresuid, id, id, id);
}

SORTIE_RAW long join_cgroups(Stage& stage) {
  stage.doing = "join the control groups";
  for (const int fd : stage.join) {
    // EINVAL: a real-time process cannot join a cpu group that has no real-time share, and needs no share.
    if (const long e = raw::write_all(fd, "0", 1); e < 0 && e != -EINVAL) return e;
  }
  return 0;
}

SORTIE_RAW int stage_one(void* argument) {
  auto& stage = *static_cast<Stage*>(argument);
  stage.error = join_cgroups(stage);
  if (stage.error >= 0 && stage.isolated) stage.error = enter_template(stage);
  if (stage.error >= 0) stage.error = enter_network(stage);
  if (stage.error >= 0 && stage.isolated && stage.privileged) stage.error = take_own_id(stage);
  if (stage.error < 0) return 1;
  stage.doing = "create the namespaces";
  clone_args args;
  for (std::size_t i = 0; i < sizeof args; ++i) reinterpret_cast<volatile char*>(&args)[i] = 0;
  args.flags = CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_PIDFD | CLONE_PARENT | (stage.isolated ? k_namespaces : 0);
  args.pidfd = reinterpret_cast<std::uint64_t>(&stage.pidfd);
  args.stack = reinterpret_cast<std::uint64_t>(stage.inner_stack);
  args.stack_size = k_raw_stack_size;
  stage.pid = raw::clone3(&args, stage_two, &stage);
  if (stage.pid < 0) stage.error = stage.pid;
  return 0;
}

// ---- the caller's side

std::string tmpfs_options(std::uint64_t bytes) {
  // A file takes a page at least, so that more inodes than pages are of no use; and they are kernel memory.
  const std::uint64_t inodes = std::max<std::uint64_t>(bytes / 4096, 16);
  return fmt::format("mode=1777,size={},nr_inodes={}", bytes, inodes);
}

void run_stages(Stage& stage, int born_into) {
  const auto stacks = std::make_unique_for_overwrite<char[]>(2 * k_raw_stack_size);
  stage.inner_stack = stacks.get() + k_raw_stack_size;
  clone_args args{};
  args.flags = CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_CLEAR_SIGHAND;
  args.exit_signal = SIGCHLD;
  args.stack = reinterpret_cast<std::uint64_t>(stacks.get());
  args.stack_size = k_raw_stack_size;
  if (born_into >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(born_into);
  }
  const BlockedSignals blocked;
  const KeptDumpable dumpable;
  const long outer = raw::clone3(&args, stage_one, &stage);
  if (outer < 0) {
    stage.doing = "create a process";
    stage.error = outer;
  } else {
    raw::call(SYS_wait4, outer, nullptr, __WALL, nullptr);
  }
}

Stage make_stage(const LaunchPlan& plan, int image) {
  Stage stage;
  stage.isolated = plan.base != nullptr;
  if (stage.isolated) {
    stage.privileged = user_plan().privileged;
    stage.own_network = plan.own_network;
    stage.network = plan.network;
    stage.host_mounts = plan.host_mounts;
    stage.user_namespace = plan.base->user_namespace.get();
    stage.mount_namespace = plan.base->mount_namespace.get();
    stage.template_id = next_template_id();
    for (const ReadOnlyMount& mount : plan.mounts) stage.mounts.push_back({mount.source.c_str(), mount.target.c_str()});
  }
  stage.listen = plan.listen;
  stage.join = plan.cgroup.join;
  stage.image = image;
  stage.fds = plan.fds;
  stage.notify_filter = {static_cast<unsigned short>(plan.notify_filter.size()),
                         const_cast<sock_filter*>(plan.notify_filter.data())};
  return stage;
}

}  // namespace

Result<Launched> launch(const LaunchPlan& plan) {
  ASSIGN_OR_RETURN(const int image, supervisor_image());
  Stage stage = make_stage(plan, image);
  const std::string uid_map = fmt::format("{} {} 1\n", k_inside_uid, stage.template_id);
  const std::string gid_map = fmt::format("{} {} 1\n", k_inside_gid, stage.template_id);
  const std::string tmp_options = tmpfs_options(plan.tmp_bytes);
  const std::string shm_options = tmpfs_options(plan.shm_bytes);
  stage.uid_map = uid_map.c_str();
  stage.gid_map = gid_map.c_str();
  stage.tmp_options = tmp_options.c_str();
  stage.shm_options = shm_options.c_str();
  run_stages(stage, plan.cgroup.born_into);

  Launched launched;
  launched.pidfd.reset(stage.pidfd);
  launched.notifications.reset(stage.notifications);
  launched.pid = static_cast<int>(stage.pid);
  for (const ListenStep& step : stage.listen) launched.listeners.emplace_back(step.fd);
  if (stage.host_mounts != plan.host_mounts) launched.host_mounts.reset(stage.host_mounts);
  for (const Mount& mount : stage.mounts) {
    if (mount.tree >= 0) close(mount.tree);
  }
  if (stage.error >= 0) return launched;
  if (stage.pid > 0) raw::call(SYS_wait4, stage.pid, nullptr, __WALL, nullptr);
  return fail_errno(static_cast<int>(-stage.error), stage.doing);
}

}  // namespace sortie::sandbox
