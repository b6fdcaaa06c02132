#include "sandbox/template_builder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>

#include "sandbox/mount_calls.h"
#include "sandbox/raw_syscall.h"
#include "sandbox/user.h"

namespace sortie::sandbox {
namespace {

using Kind = TemplateStep::Kind;

struct RawStep {
  Kind kind;
  const char* path;  ///< relative to the new root
  const char* content;
  std::size_t size;
  int tree = -1;
};

/// What parent and child share. The child runs in the parent's memory and descriptor table, beside it.
struct Build {
  std::vector<RawStep> steps;
  int channel = -1;  ///< the child's end: a byte each way
  int parent = -1;   ///< a pidfd
  bool switch_user = false;
  const char* doing = "";
  long error = 0;
};

SORTIE_RAW long open_trees(Build& build) {
  for (RawStep& step : build.steps) {
    if (step.kind != Kind::bind && step.kind != Kind::cover && step.kind != Kind::device) continue;
    build.doing = step.content;
    // Devices must stay devices: no MOUNT_ATTR_NODEV.
    const std::uint64_t attributes = step.kind == Kind::device
                                         ? MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC
                                         : MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    const long tree = open_read_only_tree(step.content, attributes);
    if (tree < 0) return tree;
    step.tree = static_cast<int>(tree);
  }
  return 0;
}

/// An empty tmpfs as root folder, over /usr, whose content has been opened before.
SORTIE_RAW long enter_empty_root(Build& build) {
  build.doing = "make the mounts private";
  if (const long e = raw::call(SYS_mount, 0, "/", 0, MS_REC | MS_PRIVATE, 0); e < 0) return e;
  build.doing = "mount a tmpfs";
  if (const long e = raw::call(SYS_mount, "sortie", "/usr", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"); e < 0)
    return e;
  return raw::call(SYS_chdir, "/usr");
}

SORTIE_RAW long write_new_file(const RawStep& step) {
  const long fd = raw::call(SYS_openat, AT_FDCWD, step.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return fd;
  const long error = raw::write_all(static_cast<int>(fd), step.content, step.size);
  raw::call(SYS_close, fd);
  return error;
}

SORTIE_RAW long attach(const RawStep& step) {
  return raw::call(SYS_move_mount, step.tree, "", AT_FDCWD, step.path, MOVE_MOUNT_F_EMPTY_PATH);
}

SORTIE_RAW long carry_out(const RawStep& step) {
  switch (step.kind) {
    case Kind::folder: {
      const long e = raw::call(SYS_mkdirat, AT_FDCWD, step.path, 0755);
      return e == -EEXIST ? 0 : e;
    }
    case Kind::file: return write_new_file(step);
    case Kind::symlink: return raw::call(SYS_symlinkat, step.content, AT_FDCWD, step.path);
    case Kind::bind: {
      const long e = raw::call(SYS_mkdirat, AT_FDCWD, step.path, 0755);
      return e < 0 && e != -EEXIST ? e : attach(step);
    }
    case Kind::cover: return attach(step);
    case Kind::device: {
      const long e = write_new_file({Kind::file, step.path, "", 0});
      return e < 0 ? e : attach(step);
    }
    case Kind::proc: {
      // The kernel lets a sandbox mount its own /proc only where another one is seen whole already. This one belongs to
      // the builder's pid namespace, which is about to end: it is empty.
      const long e = raw::call(SYS_mkdirat, AT_FDCWD, step.path, 0555);
      if (e < 0 && e != -EEXIST) return e;
      return raw::call(SYS_mount, "proc", step.path, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0);
    }
  }
  return -EINVAL;
}

SORTIE_RAW long close_root(Build& build) {
  build.doing = "pivot_root";
  if (const long e = raw::call(SYS_pivot_root, ".", "."); e < 0) return e;
  build.doing = "detach the host's file system";
  if (const long e = raw::call(SYS_umount2, ".", MNT_DETACH); e < 0) return e;
  if (const long e = raw::call(SYS_chdir, "/"); e < 0) return e;
  build.doing = "make the root read-only";
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  return raw::call(SYS_mount_setattr, AT_FDCWD, "/", 0, &attributes, sizeof attributes);
}

SORTIE_RAW long build_in_child(Build& build) {
  if (const long e = open_trees(build); e < 0) return e;
  if (build.switch_user) {
    build.doing = "become the template's user";
    if (const long e = raw::call(SYS_setgroups, 0, 0); e < 0) return e;
    if (const long e = raw::call(SYS_setresgid, 0, 0, 0); e < 0) return e;
    if (const long e = raw::call(SYS_setresuid, 0, 0, 0); e < 0) return e;
  }
  raw::call(SYS_umask, 0);
  if (const long e = enter_empty_root(build); e < 0) return e;
  for (const RawStep& step : build.steps) {
    build.doing = step.path;
    if (const long e = carry_out(step); e < 0) return e;
  }
  return close_root(build);
}

struct Poll {
  int fd;
  short events, revents;
};

/// False when the parent has gone. The socket does not tell: its other end is in this process's descriptor table too.
SORTIE_RAW bool hear_parent(const Build& build) {
  constexpr short k_readable = 1;  // POLLIN
  Poll polls[2] = {{build.channel, k_readable, 0}, {build.parent, k_readable, 0}};
  while (raw::call(SYS_ppoll, polls, 2, nullptr, nullptr, 0) == -EINTR) {
  }
  char byte = 0;
  return polls[1].revents == 0 && raw::call(SYS_read, build.channel, &byte, 1) == 1;
}

SORTIE_RAW int builder(void* argument) {
  auto& build = *static_cast<Build*>(argument);
  if (!hear_parent(build)) return 1;  // the ids are mapped now
  build.error = build_in_child(build);
  if (raw::write_all(build.channel, "x", 1) < 0) return 1;
  hear_parent(build);  // the namespaces have been opened
  return 0;
}

Result<void> write_proc(int pid, const char* name, std::string_view text) {
  const std::string path = fmt::format("/proc/{}/{}", pid, name);
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return fail_errno(errno, fmt::format("write {}", name));
  }
  return {};
}

Result<void> map_ids(int pid) {
  const UserPlan& users = user_plan();
  if (!users.privileged) RETURN_IF_ERROR(write_proc(pid, "setgroups", "deny"));
  RETURN_IF_ERROR(write_proc(pid, "gid_map", users.gid_map));
  return write_proc(pid, "uid_map", users.uid_map);
}

Result<UniqueFd> open_namespace(int pid, const char* name) {
  UniqueFd fd(open(fmt::format("/proc/{}/ns/{}", pid, name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "open a namespace");
  return fd;
}

/// The one line that a user gets to see.
std::unexpected<Error> no_user_namespace(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EUSERS: return fail(ErrorKind::denied, "user namespaces are switched off (sysctl user.max_user_namespaces)");
    case EPERM:
    case EACCES:
      return fail(ErrorKind::denied,
                  "user namespaces are not allowed here (by a container, the distribution or a security module)");
    default: return fail_errno(error_number, "create a user namespace");
  }
}

/// Ubuntu since 23.10: the namespace is made, but has no capabilities.
bool is_restricted_by_apparmor() {
  const UniqueFd file(open("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", O_RDONLY | O_CLOEXEC));
  char value = '0';
  return file && read(file.get(), &value, 1) == 1 && value == '1';
}

std::unexpected<Error> refused(const Build& build) {
  const auto error_number = static_cast<int>(-build.error);
  if ((error_number == EPERM || error_number == EACCES) && is_restricted_by_apparmor()) {
    return fail(ErrorKind::denied,
                "AppArmor restricts user namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns)");
  }
  if (error_number == ENOSYS) return fail(ErrorKind::denied, "this kernel has no mount_setattr: Linux 5.12 has");
  return fail_errno(error_number, build.doing);
}

/// The parent's side of the conversation.
Result<Template> guide(int pid, int channel, const Build& build) {
  RETURN_IF_ERROR(map_ids(pid));
  Template made;
  ASSIGN_OR_RETURN(made.user_namespace, open_namespace(pid, "user"));
  // Right away: the first ones are ready when the mounts are.
  if (auto networks = SpareNetworks::start(made.user_namespace.get())) made.networks = *std::move(networks);
  char byte = 'x';
  if (write(channel, &byte, 1) != 1 || read(channel, &byte, 1) != 1) {
    return fail(ErrorKind::internal, "the template's builder died");
  }
  if (build.error < 0) return refused(build);
  ASSIGN_OR_RETURN(made.mount_namespace, open_namespace(pid, "mnt"));
  return made;
}

std::vector<RawStep> raw_steps(const std::vector<TemplateStep>& steps) {
  std::vector<RawStep> raw;
  for (const TemplateStep& step : steps) {
    const std::string& content = step.kind == Kind::device ? step.path : step.content;
    raw.push_back({step.kind, step.path.c_str() + 1, content.c_str(), content.size()});
  }
  return raw;
}

}  // namespace

Result<Template> build_template(const std::vector<TemplateStep>& steps) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno(errno, "socketpair");
  const UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  const UniqueFd self(static_cast<int>(raw::call(SYS_pidfd_open, getpid(), 0)));
  if (!self) return fail_errno(-self.get(), "open a pidfd");
  Build build;
  build.steps = raw_steps(steps);
  build.channel = theirs.get();
  build.parent = self.get();
  build.switch_user = user_plan().privileged;

  const auto stack = std::make_unique_for_overwrite<char[]>(k_raw_stack_size);
  clone_args args{};
  args.flags = CLONE_VM | CLONE_FILES | CLONE_CLEAR_SIGHAND | CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID;
  args.stack = reinterpret_cast<std::uint64_t>(stack.get());
  args.stack_size = k_raw_stack_size;
  const BlockedSignals blocked;
  const KeptDumpable dumpable;
  const long pid = raw::clone3(&args, builder, &build);
  if (pid < 0) return no_user_namespace(static_cast<int>(-pid));
  Result<Template> made = guide(static_cast<int>(pid), ours.get(), build);
  shutdown(ours.get(), SHUT_RDWR);  // lets the builder go, whatever has happened
  raw::call(SYS_wait4, pid, nullptr, __WALL, nullptr);
  for (const RawStep& step : build.steps) {
    if (step.tree >= 0) close(step.tree);
  }
  return made;
}

}  // namespace sortie::sandbox
