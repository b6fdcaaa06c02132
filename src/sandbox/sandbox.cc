#include "sandbox/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <optional>
#include <system_error>

#include "sandbox/caller.h"
#include "sandbox/cgroup.h"
#include "sandbox/cgroup_cleaner.h"
#include "sandbox/confined.h"
#include "sandbox/landlock.h"
#include "sandbox/launch.h"
#include "sandbox/mount.h"
#include "sandbox/notifier.h"
#include "sandbox/notify_filter.h"
#include "sandbox/plain.h"
#include "sandbox/raw_syscall.h"
#include "sandbox/sandbox_impl.h"
#include "sandbox/seccomp.h"
#include "sandbox/spare_supervisor.h"
#include "sandbox/supervisor.h"

namespace sortie::sandbox {
namespace {

constexpr int k_pipe_bytes = 1 << 20;
constexpr std::uint64_t k_shm_bytes = 64 << 20;

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

/// The reader does not block; large, so that a program that prints a lot does not wait for us, where the system allows.
Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  fcntl(ends[0], F_SETPIPE_SZ, k_pipe_bytes);
  return pipe;
}

/// A program may have closed its folders even for itself.
void remove_folder(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (fs::remove_all(folder, ignored); !fs::exists(folder, ignored)) return;
  fs::permissions(folder, fs::perms::owner_all, ignored);
  for (auto entry = fs::recursive_directory_iterator(folder, ignored); entry != fs::recursive_directory_iterator();
       entry.increment(ignored)) {
    if (entry->is_symlink(ignored) || !entry->is_directory(ignored)) continue;
    fs::permissions(entry->path(), fs::perms::owner_all, ignored);
  }
  fs::remove_all(folder, ignored);
}

/// Everything that a running sandbox consists of.
struct Parts {
  Spec spec;
  Isolation isolation = Isolation::namespaces;
  std::string temporary_folder;            ///< what /tmp is; without namespaces only
  std::string remove_folder;               ///< goes with the sandbox; without namespaces only
  std::optional<ConfinedFolder> confined;  ///< seccomp only
  UniqueFd landlock;
  std::shared_ptr<Cgroup> cgroup;
  std::shared_ptr<SharedMemory> shared;
  std::shared_ptr<Supervisor> supervisor;
  Launched launched;
  std::vector<ListenAddress> addresses;  ///< where programs inside find the listeners
  std::unique_ptr<Notifier> notifier;
};

/// Values alone: the sandbox may be destroyed meanwhile.
Task<ExitStatus> wait_for(std::shared_ptr<Supervisor> supervisor, int program, std::shared_ptr<Cgroup> cgroup,
                          std::uint64_t kills_before) {
  ExitStatus status = co_await Supervisor::wait(std::move(supervisor), program);
  if (cgroup && cgroup->oom_kills() > kills_before) status.out_of_memory = true;
  co_return status;
}

/// The ends of a program's output that are read.
struct Outputs {
  UniqueFd out;
  UniqueFd err;
};

class SupervisedCompanion final : public Companion {
 public:
  SupervisedCompanion(std::shared_ptr<Supervisor> supervisor, int program, Outputs outputs)
      : supervisor_(std::move(supervisor)), program_(program), outputs_(std::move(outputs)) {}
  ~SupervisedCompanion() override { supervisor_->forget(program_); }

  UniqueFd take_stdout() override { return std::move(outputs_.out); }
  UniqueFd take_stderr() override { return std::move(outputs_.err); }
  Task<ExitStatus> wait() override { return Supervisor::wait(supervisor_, program_); }
  void signal(int number) override { supervisor_->request(protocol::Request::signal, program_, number); }

 private:
  std::shared_ptr<Supervisor> supervisor_;
  int program_;
  Outputs outputs_;
};

class SupervisedSandbox final : public Sandbox {
 public:
  explicit SupervisedSandbox(Parts parts) : parts_(std::move(parts)) {}

  ~SupervisedSandbox() override {
    thaw();
    // Nobody is going to answer any more, also not the supervisor, which is under the filter itself.
    parts_.notifier.reset();
    parts_.supervisor->close();
    // Process 1 takes its namespace with it; without a namespace it has to do that itself, at its end of file.
    if (isolated()) raw::call(SYS_pidfd_send_signal, parts_.launched.pidfd.get(), SIGKILL, nullptr, 0);
    siginfo_t info;
    while (waitid(P_PIDFD, static_cast<id_t>(parts_.launched.pidfd.get()), &info, WEXITED | __WALL) < 0 &&
           errno == EINTR) {
    }
    if (parts_.cgroup) parts_.cgroup->remove();
    if (!parts_.remove_folder.empty()) remove_folder(parts_.remove_folder);
  }

  std::vector<UniqueFd> take_listeners() override { return std::move(parts_.launched.listeners); }
  [[nodiscard]] ListenAddress address(std::size_t listener) const override { return parts_.addresses.at(listener); }
  [[nodiscard]] bool isolated() const override { return parts_.isolation == Isolation::namespaces; }

  [[nodiscard]] std::string inside_path(const std::string& target) const override {
    return isolated() ? target : host_path(parts_.spec, parts_.temporary_folder, target);
  }

  Task<Result<void>> start(Command command) override {
    oom_kills_before_ = parts_.cgroup ? parts_.cgroup->oom_kills() : 0;
    parts_.supervisor->forget(program_);
    program_ = parts_.supervisor->add_program();
    co_return co_await launch(protocol::Request::start, program_, std::move(command), outputs_);
  }

  Task<Result<std::unique_ptr<Companion>>> start_beside(Command command) override {
    const auto supervisor = parts_.supervisor;
    const int program = supervisor->add_program();
    Outputs outputs;
    auto started = co_await launch(protocol::Request::start_beside, program, std::move(command), outputs);
    auto companion = std::make_unique<SupervisedCompanion>(supervisor, program, std::move(outputs));
    if (!started) co_return std::unexpected(started.error());
    co_return std::move(companion);
  }

  UniqueFd take_stdout() override { return std::move(outputs_.out); }
  UniqueFd take_stderr() override { return std::move(outputs_.err); }

  Task<ExitStatus> wait() override { return wait_for(parts_.supervisor, program_, parts_.cgroup, oom_kills_before_); }

  void signal(int number) override { parts_.supervisor->request(protocol::Request::signal, program_, number); }

  Task<Result<UniqueFd>> open_socket() override {
    if (isolated()) co_return co_await Supervisor::open_socket(parts_.supervisor);
    UniqueFd made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!made) co_return fail_errno(errno, "open a socket");
    co_return made;
  }

  void kill_all() override {
    parts_.supervisor->request(protocol::Request::kill_all);
    thaw();
  }

  void freeze() override {
    if (std::exchange(frozen_, true)) return;
    if (can_freeze()) {
      parts_.cgroup->freeze();
      parts_.supervisor->request(protocol::Request::frozen);
    } else {
      parts_.supervisor->request(protocol::Request::stop_all);
    }
  }

  void thaw() override {
    if (!std::exchange(frozen_, false)) return;
    if (can_freeze()) {
      parts_.cgroup->thaw();
      parts_.supervisor->request(protocol::Request::thawed);
    } else {
      parts_.supervisor->request(protocol::Request::continue_all);
    }
  }

  void set_cpu(std::uint32_t cpu_milli) override {
    if (parts_.cgroup) parts_.cgroup->set_cpu(cpu_milli);
  }

  [[nodiscard]] std::uint64_t memory_peak_bytes() const override {
    const std::uint64_t watched = __atomic_load_n(&(*parts_.shared)->memory_peak_bytes, __ATOMIC_RELAXED);
    if (!parts_.cgroup || !parts_.cgroup->limits_memory()) return watched;
    // The kernel's figure misses nothing, but counts /tmp, and file caches that it had room for.
    const std::uint64_t peak = parts_.cgroup->memory_peak_bytes();
    const std::uint64_t tmp = __atomic_load_n(&(*parts_.shared)->tmp_peak_bytes, __ATOMIC_RELAXED);
    return std::min(std::max(watched, peak > tmp ? peak - tmp : 0), parts_.spec.memory_bytes);
  }

  void reset_memory_peak() override {
    if (parts_.cgroup && parts_.cgroup->limits_memory()) parts_.cgroup->reset_memory_peak();
    protocol::Shared& shared = **parts_.shared;
    __atomic_store_n(&shared.memory_peak_bytes, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&shared.tmp_peak_bytes, __atomic_load_n(&shared.tmp_bytes, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
  }

 private:
  [[nodiscard]] bool can_freeze() const { return parts_.cgroup && parts_.cgroup->can_freeze(); }

  /// `outputs` is filled before anything is waited for.
  Task<Result<void>> launch(protocol::Request how, int program, Command command, Outputs& outputs) {
    thaw();
    auto out = make_pipe();
    auto err = make_pipe();
    if (!out || !err) co_return std::unexpected(!out ? out.error() : err.error());
    outputs = {std::move(out->read), std::move(err->read)};
    if (!isolated()) command = host_command(parts_.spec, parts_.temporary_folder, std::move(command));
    if (parts_.confined && !parts_.spec.ca_bundle_pem.empty()) {
      add_missing(command.environment, trust_variables(parts_.confined->bundle()));
    }
    co_return co_await Supervisor::start(parts_.supervisor, how, program, std::move(command), std::move(out->write),
                                         std::move(err->write));
  }

  Parts parts_;
  Outputs outputs_;
  int program_ = 0;  ///< the number of the last one started
  std::uint64_t oom_kills_before_ = 0;
  bool frozen_ = false;
};

/// The sockets to make: those asked for, or system-chosen ports on the host's loopback.
Result<std::vector<ListenStep>> listen_steps(const Spec& spec, bool own_network) {
  std::vector<ListenStep> steps;
  for (const ListenAddress& wanted : spec.listen) {
    ListenStep step;
    step.type = wanted.datagram ? SOCK_DGRAM : SOCK_STREAM;
    step.address.sin_family = AF_INET;
    step.address.sin_port = htons(own_network ? wanted.port : 0);
    const char* address = own_network ? wanted.address.c_str() : "127.0.0.1";
    if (inet_pton(AF_INET, address, &step.address.sin_addr) != 1) {
      return fail(ErrorKind::usage, fmt::format("not an IPv4 address: {}", wanted.address));
    }
    steps.push_back(step);
  }
  return steps;
}

std::vector<ListenAddress> bound_addresses(const Spec& spec, const std::vector<UniqueFd>& listeners) {
  std::vector<ListenAddress> addresses = spec.listen;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    char text[INET_ADDRSTRLEN] = {};
    if (getsockname(listeners[i].get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) continue;
    addresses[i].address = inet_ntop(AF_INET, &bound.sin_addr, text, sizeof text);
    addresses[i].port = ntohs(bound.sin_port);
  }
  return addresses;
}

/// What the kernel cannot confine by itself, the notifier does.
NotifiedBesides notified_besides() {
  return {.signals = !landlock_support().signals(), .modes = true, .opens = true};
}

bool is_notified(const Parts& parts) {
  return parts.isolation == Isolation::seccomp && parts.spec.network == Network::isolated;
}

protocol::Freezer freezer_of(const Cgroup* cgroup) {
  if (cgroup == nullptr || !cgroup->can_freeze()) return protocol::Freezer::none;
  return cgroup->is_v2() ? protocol::Freezer::cgroup_v2 : protocol::Freezer::cgroup_v1;
}

Result<void> fill(protocol::Shared& shared, const Parts& parts) {
  const bool isolated = parts.isolation == Isolation::namespaces;
  const Cgroup* cgroup = parts.cgroup.get();
  const FilterOptions options = {.tracing = isolated || parts.landlock,
                                 .notified_signals = is_notified(parts) && notified_besides().signals};
  ASSIGN_OR_RETURN(const auto filter, system_call_filter(options));
  if (filter.size() > protocol::k_max_filter) return fail(ErrorKind::internal, "the system call filter is too long");
  std::ranges::copy(filter, shared.filter);
  shared.filter_length = static_cast<std::uint32_t>(filter.size());
  shared.pid_namespace = isolated ? 1 : 0;
  shared.freezer = freezer_of(cgroup);
  shared.max_open_files = parts.spec.max_open_files;
  shared.watch_group = cgroup != nullptr && cgroup->memory_stat() >= 0 ? 1 : 0;
  if (cgroup == nullptr || !cgroup->limits_memory() || shared.watch_group != 0) {
    shared.watch_memory_bytes = parts.spec.memory_bytes;
  }
  if (cgroup == nullptr || !cgroup->limits_processes()) {
    shared.max_processes = isolated ? parts.spec.max_processes + 1 : process_limit(parts.spec.max_processes);
  }
  shared.landlock = parts.landlock ? 1 : 0;
  shared.drop_capabilities = parts.isolation == Isolation::seccomp ? 1 : 0;
  if (parts.remove_folder.size() >= sizeof shared.remove_folder) return fail(ErrorKind::internal, "TMPDIR is too long");
  std::ranges::copy(parts.remove_folder, shared.remove_folder);
  return {};
}

Result<void> check_mounts(const Spec& spec) {
  for (const ReadOnlyMount& mount : spec.mounts) {
    std::error_code error;
    if (!mount.target.starts_with('/')) return fail(ErrorKind::usage, "not an absolute path: " + mount.target);
    if (!std::filesystem::exists(mount.source, error))
      return fail(ErrorKind::not_found, "no such file or folder: " + mount.source);
  }
  return {};
}

/// The kernel counts files of a tmpfs as memory of who makes them. Some hosts have one as their /tmp.
bool tmp_is_in_memory(const Parts& parts) {
  if (parts.isolation == Isolation::namespaces) return true;
  struct statfs status{};
  return statfs(parts.temporary_folder.c_str(), &status) == 0 && status.f_type == TMPFS_MAGIC;
}

Cgroup::Limits limits_of(const Parts& parts) {
  return {.memory_bytes = parts.spec.memory_bytes,
          .tmp_bytes = tmp_is_in_memory(parts) ? parts.spec.tmp_bytes : 0,
          .max_processes = parts.spec.max_processes,
          .cpu_milli = parts.spec.cpu_milli};
}

/// With the supervisor running: what answers and addresses its programs.
Result<std::unique_ptr<Sandbox>> complete(const Executor& executor, Parts parts, UniqueFd control) {
  parts.addresses = bound_addresses(parts.spec, parts.launched.listeners);
  if (is_notified(parts)) {
    ConnectPolicy policy = confined_policy(parts.spec, std::move(parts.addresses), *parts.confined, parts.launched.pid);
    parts.notifier = std::make_unique<Notifier>(executor, std::move(parts.launched.notifications), std::move(policy));
    parts.addresses = parts.spec.listen;  // as with a network of its own
  }
  parts.supervisor = std::make_shared<Supervisor>(executor, std::move(control));
  return std::make_unique<SupervisedSandbox>(std::move(parts));
}

Result<std::unique_ptr<Sandbox>> launch_with(const Executor& executor, Parts parts, const Template* base) {
  ASSIGN_OR_RETURN(parts.cgroup, Cgroup::create(cgroup_places(), limits_of(parts)));
  ASSIGN_OR_RETURN(parts.shared, SharedMemory::create());
  RETURN_IF_ERROR(fill(**parts.shared, parts));
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno(errno, "socketpair");
  UniqueFd ours(ends[0]);
  const UniqueFd theirs(ends[1]);

  LaunchPlan plan;
  plan.base = base;
  for (const ReadOnlyMount& mount : parts.spec.mounts) {
    plan.mounts.push_back({std::filesystem::absolute(mount.source).string(), mount.target});
  }
  plan.own_network = base != nullptr && parts.spec.network == Network::isolated;
  ASSIGN_OR_RETURN(plan.listen, listen_steps(parts.spec, plan.own_network));
  UniqueFd network;
  if (plan.own_network && base->networks) network = base->networks->take();
  plan.network = network.get();
  if (base != nullptr) plan.host_mounts = base->host_mounts->current();
  plan.tmp_bytes = parts.spec.tmp_bytes;
  plan.shm_bytes = std::min(k_shm_bytes, parts.spec.memory_bytes);
  plan.fds = {.control = theirs.get(), .shared = parts.shared->fd(), .landlock = parts.landlock.get()};
  if (is_notified(parts)) {
    ASSIGN_OR_RETURN(plan.notify_filter, notify_filter(notified_besides()));
  }
  if (parts.cgroup) {
    plan.cgroup = parts.cgroup->entry();
    plan.fds.freezer_join = parts.cgroup->freezer_join();
    plan.fds.freezer_state = parts.cgroup->freezer_state();
    plan.fds.memory_usage = parts.cgroup->memory_usage();
    plan.fds.memory_stat = parts.cgroup->memory_stat();
  }
  ASSIGN_OR_RETURN(parts.launched, launch(plan));
  replace_taken_cgroups();
  if (parts.launched.host_mounts) base->host_mounts->keep(std::move(parts.launched.host_mounts));
  return complete(executor, std::move(parts), std::move(ours));
}

/// What is still to be done for a supervisor that runs already.
Result<void> equip(const SpareSupervisor& spare, Parts& parts) {
  if (!adopt(spare, parts.landlock)) return fail(ErrorKind::unavailable, "the supervisor has died");
  if (spare.cgroup) RETURN_IF_ERROR(spare.cgroup->set_limits(limits_of(parts)));
  ASSIGN_OR_RETURN(auto steps, listen_steps(parts.spec, false));
  const long error = open_listeners(steps.data(), steps.size());
  for (const ListenStep& step : steps) parts.launched.listeners.emplace_back(step.fd);
  if (error < 0) return fail_errno(static_cast<int>(-error), "listen");
  parts.cgroup = spare.cgroup;
  parts.shared = spare.shared;
  return fill(**parts.shared, parts);
}

/// True when `parts` have a supervisor that was made ahead, with `control`; they are as they were when there is none
/// that will do.
bool take_spare(Parts& parts, UniqueFd& control) {
  auto spare = take_spare_supervisor();
  if (!spare) return false;
  if (!equip(*spare, parts)) {
    parts.cgroup.reset();
    parts.shared.reset();
    parts.launched = {};
    discard(*std::move(spare));
    return false;
  }
  auto listeners = std::move(parts.launched.listeners);
  parts.launched = std::move(spare->launched);
  parts.launched.listeners = std::move(listeners);
  control = std::move(spare->control);
  return true;
}

/// Of the seccomp kind: with the supervisor that was made ahead, or with a new one.
Result<std::unique_ptr<Sandbox>> launch_confined(const Executor& executor, Parts parts) {
  const Cgroup::Limits limits = limits_of(parts);
  // The counters of a group are passed on when a supervisor starts.
  const bool can_be_ahead = is_notified(parts) && parts.landlock && limits.tmp_bytes == 0;
  if (!can_be_ahead) return launch_with(executor, std::move(parts), nullptr);
  ASSIGN_OR_RETURN(const auto filter, notify_filter(notified_besides()));
  UniqueFd control;
  const bool taken = take_spare(parts, control);
  make_spare_supervisor(executor, limits, filter);
  if (taken) return complete(executor, std::move(parts), std::move(control));
  return launch_with(executor, std::move(parts), nullptr);
}

/// Without namespaces: with a folder that goes with the sandbox.
Result<std::unique_ptr<Sandbox>> launch_in_folder(const Executor& executor, Parts parts, const std::string& folder) {
  parts.remove_folder = folder;
  const bool confined = parts.isolation == Isolation::seccomp;
  auto made = confined ? launch_confined(executor, std::move(parts)) : launch_with(executor, std::move(parts), nullptr);
  std::error_code ignored;
  if (!made) std::filesystem::remove_all(folder, ignored);
  return made;
}

}  // namespace

void prepare(const Spec& spec) {
  if (probe().isolation == Isolation::namespaces) (void)template_for(spec);
}

Result<std::unique_ptr<Sandbox>> create_isolated(Executor executor, Spec spec) {
  RETURN_IF_ERROR(check_mounts(spec));
  ASSIGN_OR_RETURN(const auto base, template_for(spec));
  Parts parts;
  parts.spec = std::move(spec);
  return launch_with(executor, std::move(parts), base.get());
}

Result<std::unique_ptr<Sandbox>> create_plain(Executor executor, Spec spec) {
  RETURN_IF_ERROR(check_mounts(spec));
  Parts parts;
  parts.spec = std::move(spec);
  parts.isolation = Isolation::plain;
  ASSIGN_OR_RETURN(parts.temporary_folder, make_temporary_folder());
  const std::string folder = parts.temporary_folder;
  return launch_in_folder(executor, std::move(parts), folder);
}

Result<std::unique_ptr<Sandbox>> create_confined(Executor executor, Spec spec) {
  RETURN_IF_ERROR(check_mounts(spec));
  Parts parts;
  parts.spec = std::move(spec);
  parts.isolation = Isolation::seccomp;
  ASSIGN_OR_RETURN(parts.confined, make_confined_folder(parts.spec));
  parts.temporary_folder = parts.confined->temporary();
  if (landlock_support().files()) {
    const bool no_tcp = parts.spec.network == Network::isolated && landlock_support().tcp() && can_take_sockets();
    auto ruleset = make_landlock_ruleset(system_files(), own_files(parts.spec, *parts.confined), no_tcp);
    if (ruleset) parts.landlock = *std::move(ruleset);
  }
  const std::string top = parts.confined->top;
  return launch_in_folder(executor, std::move(parts), top);
}

}  // namespace sortie::sandbox
