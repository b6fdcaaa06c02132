#include "harness/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "harness/files.h"

namespace sortie::harness {
namespace {

using namespace std::chrono_literals;

constexpr auto k_leak_grace = 50ms;        ///< for processes that are about to end by themselves
constexpr auto k_kill_patience = 5000ms;   ///< for a fork bomb
constexpr auto k_drain_patience = 2000ms;  ///< for a pipe that something out of reach holds open
constexpr auto k_fork_patience = 5000ms;
constexpr int k_step_pipe = 4096;
constexpr int k_flood_pipe = 1 << 20;
constexpr int k_flood_writes = 32;
constexpr std::size_t k_read_size = 64 * 1024;
constexpr std::size_t k_read_at_once = 4 * k_read_size;  ///< a flood must not keep the rest of the loop waiting

int g_child_signals = -1;  // set once by prepare_for_processes

/// A pipe whose reader learns how writes to it and to another pipe were ordered: in packet mode a read returns one
/// write, and a page of capacity keeps the writer at most one write ahead.
std::array<UniqueFd, 2> make_pipe(bool in_step) {
  int ends[2] = {-1, -1};
  const int flags = O_CLOEXEC | (in_step ? O_DIRECT : 0);
  if (::pipe2(ends, flags) != 0 && ::pipe2(ends, O_CLOEXEC) != 0) return {};
  std::array<UniqueFd, 2> pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  if (in_step) ::fcntl(pipe[1].get(), F_SETPIPE_SZ, k_step_pipe);
  ::fcntl(pipe[0].get(), F_SETFL, ::fcntl(pipe[0].get(), F_GETFL) | O_NONBLOCK);
  return pipe;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const std::string& string : strings) result.push_back(const_cast<char*>(string.c_str()));
  result.push_back(nullptr);
  return result;
}

/// Of all processes the kernel takes the suite first when memory runs out, so that the harness lives to tell.
void volunteer_for_oom_killer() {
  const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (::write(fd, "1000", 4) != 4) {
    // Not everywhere allowed; then the kernel chooses.
  }
  ::close(fd);
}

struct ChildPlan {
  char* const* argv;
  char* const* environment;
  const char* working_folder;
  int stdout_fd;
  int stderr_fd;
  int error_fd;
  pid_t parent;
};

enum class Stage : int { folder, execute };
struct StartFailure {
  Stage stage;
  int error;
};

[[noreturn]] void run_child(const ChildPlan& plan) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != plan.parent) ::_exit(127);
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  volunteer_for_oom_killer();
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(null, STDIN_FILENO);
  ::dup2(plan.stdout_fd, STDOUT_FILENO);
  ::dup2(plan.stderr_fd, STDERR_FILENO);

  StartFailure failure{Stage::folder, 0};
  if (::chdir(plan.working_folder) == 0) {
    failure.stage = Stage::execute;
    ::execve(plan.argv[0], plan.argv, plan.environment);
  }
  failure.error = errno;
  if (::write(plan.error_fd, &failure, sizeof failure) != sizeof failure) ::_exit(126);
  ::_exit(127);
}

std::unexpected<Error> explain_start(const StartFailure& failure, const Launch& launch) {
  const std::string& program = launch.argv[0];
  if (failure.stage == Stage::folder) return fail_errno(failure.error, "change to " + launch.working_folder);
  if (failure.error == ENOENT && ::access(program.c_str(), F_OK) == 0) {
    return fail(ErrorKind::not_found, program + ": the loader or interpreter that it names is not here");
  }
  if (failure.error == ENOENT) return fail(ErrorKind::not_found, program + ": no such file");
  if (failure.error == EACCES) return fail(ErrorKind::denied, program + ": not executable");
  if (failure.error == ENOEXEC) {
    return fail(ErrorKind::config,
                program + ": neither a program for this processor nor a script that names its interpreter");
  }
  return fail_errno(failure.error, program);
}

/// Counts kills by the out-of-memory killer since boot; 0 where it cannot be read.
long oom_kills() {
  const std::string text = read_file("/proc/vmstat", 64 * 1024).value_or("");
  const std::size_t at = text.find("\noom_kill ");
  return at == std::string::npos ? 0 : std::strtol(text.c_str() + at + 10, nullptr, 10);
}

int milliseconds_until(TimePoint when) {
  if (when == TimePoint::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
}

/// Bytes read; 0 at the end or when it is closed already; -1 when nothing is there now.
ssize_t read_some(const UniqueFd& fd, char* buffer, std::size_t size) {
  if (!fd) return 0;
  ssize_t count = 0;
  do {
    count = ::read(fd.get(), buffer, size);
  } while (count < 0 && errno == EINTR);
  return count;
}

void swallow_child_signals() {
  signalfd_siginfo info[8];
  while (::read(g_child_signals, info, sizeof info) > 0) {
  }
}

/// What a test before left running has been killed, and takes its time to go: until then there may be no room for
/// another process. Nothing else of ours runs now, so that whoever ends may be reaped.
pid_t fork_patiently() {
  const TimePoint patience_ends = std::chrono::steady_clock::now() + k_fork_patience;
  for (;;) {
    const pid_t pid = ::fork();
    if (pid >= 0 || errno != EAGAIN || std::chrono::steady_clock::now() >= patience_ends) return pid;
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    ::poll(nullptr, 0, 10);
    errno = EAGAIN;
  }
}

}  // namespace

Result<void> prepare_for_processes() {
  int fd = 0;
  do {
    fd = ::open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) ::close(fd);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  if (::sigprocmask(SIG_BLOCK, &child, nullptr) != 0) return fail_errno(errno, "sigprocmask");
  g_child_signals = ::signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
  if (g_child_signals < 0) return fail_errno(errno, "signalfd");
  ::signal(SIGPIPE, SIG_IGN);
  return {};
}

Result<Process> Process::start(const Launch& launch) {
  auto out = make_pipe(true);
  auto err = make_pipe(false);
  auto peek = make_pipe(false);
  auto failures = make_pipe(false);
  if (!out[0] || !err[0] || !peek[0] || !failures[0]) return fail_errno(errno, "pipe");
  const std::vector<char*> argv = pointers(launch.argv);
  const std::vector<char*> environment = pointers(launch.environment);
  const ChildPlan plan{argv.data(),       environment.data(), launch.working_folder.c_str(), out[1].get(), err[1].get(),
                       failures[1].get(), ::getpid()};

  Process process;
  process.oom_kills_before_ = oom_kills();
  process.pid_ = fork_patiently();
  if (process.pid_ < 0) return fail_errno(errno, "fork");
  if (process.pid_ == 0) run_child(plan);

  ::setpgid(process.pid_, process.pid_);
  failures[1].reset();
  ::fcntl(failures[0].get(), F_SETFL, 0);
  StartFailure failure{};
  ssize_t count = 0;
  do {
    count = ::read(failures[0].get(), &failure, sizeof failure);  // ends when exec closes the pipe
  } while (count < 0 && errno == EINTR);
  if (count == sizeof failure) {
    ::waitpid(process.pid_, nullptr, 0);
    return explain_start(failure, launch);
  }
  process.stdout_ = std::move(out[0]);
  process.stderr_ = std::move(err[0]);
  process.peek_out_ = std::move(peek[0]);
  process.peek_in_ = std::move(peek[1]);
  const std::string io = "/proc/" + std::to_string(process.pid_) + "/io";
  process.io_.reset(::open(io.c_str(), O_RDONLY | O_CLOEXEC));
  return process;
}

void Process::stop(int signal, std::chrono::milliseconds grace) {
  if (stopping_) return;
  stopping_ = true;
  killed_ = signal == SIGKILL;
  ::kill(-pid_, signal);
  kill_at_ = std::chrono::steady_clock::now() + grace;
}

ProcessEnd Process::follow(ProcessListener& listener, OutputStreams& outputs) {
  ProcessEnd end;
  for (Ready ready; !ready.child || !reap(end);) {
    ready = wait_for_something(listener, outputs);
    if (ready.child) swallow_child_signals();
    if (!outputs.congested()) read_step(listener, outputs, ready);
    const auto now = std::chrono::steady_clock::now();
    outputs.answer.stay_alive(now);
    outputs.flush();
    if (now >= kill_at_) {
      ::kill(-pid_, SIGKILL);
      killed_ = true;
      kill_at_ = TimePoint::max();
    }
    if (!outputs.answer.wanted()) stop(SIGKILL, 0ms);
    if (!stopping_ && now >= listener.wake_at()) listener.on_wake();
  }

  read_last_output(listener, outputs);
  listener.on_exited();

  // What is about to end by itself, a pipeline's tail for instance, is no leak.
  const auto patience_ends = std::chrono::steady_clock::now() + k_leak_grace;
  auto left = living_descendants(0);
  while (!left.empty() && !stopping_ && std::chrono::steady_clock::now() < patience_ends) {
    read_output(listener, outputs, k_read_at_once);
    outputs.flush();
    ::usleep(1000);
    left = living_descendants(0);
  }
  if (!stopping_) end.leaked = std::move(left);
  ::kill(-pid_, SIGKILL);
  kill_descendants(k_kill_patience);

  drain(listener, outputs);
  return end;
}

void Process::drain(ProcessListener& listener, OutputStreams& outputs) {
  const auto patience_ends = std::chrono::steady_clock::now() + k_drain_patience;
  while (stdout_ || stderr_) {
    if (outputs.congested() && outputs.answer.wanted()) {
      static_cast<void>(wait_for_something(listener, outputs));
    } else {
      read_output(listener, outputs, k_read_at_once);
      if ((stdout_ || stderr_) && std::chrono::steady_clock::now() > patience_ends) break;
    }
    outputs.flush();
    if (stdout_ || stderr_) ::usleep(100);
  }
  stdout_.reset();
  stderr_.reset();
}

Process::Ready Process::wait_for_something(ProcessListener& listener, const OutputStreams& outputs) const {
  // A descriptor of -1 is passed over.
  const bool reading = !outputs.congested();
  std::vector<pollfd> fds{{g_child_signals, POLLIN, 0},
                          {reading && stdout_ ? stdout_.get() : -1, POLLIN, 0},
                          {reading && stderr_ ? stderr_.get() : -1, POLLIN, 0}};
  outputs.add_poll(fds);
  TimePoint wake = std::min(kill_at_, outputs.answer.alive_at());
  if (!stopping_) wake = std::min(wake, listener.wake_at());
  if (::poll(fds.data(), fds.size(), milliseconds_until(wake)) <= 0) return {};
  return {.child = fds[0].revents != 0, .out = fds[1].revents != 0, .err = fds[2].revents != 0};
}

/// A write to standard output is looked at, and stays in the pipe while it is dealt with: the suite, which cannot get
/// further than its next write, then has not yet gone on to the next test. Like that standard error is attributed to
/// the right test, and what a test leaves behind is seen before the next one leaves something too. What is known of the
/// tests so far is on its way to the runner before the next one can do anything to the harness.
///
/// In step one write is all that can be there. Standard error that was empty when that write had come is behind it; the
/// other way round nothing is known.
void Process::read_step(ProcessListener& listener, OutputStreams& outputs, Ready ready) {
  if (!in_step_) {
    read_output(listener, outputs, k_read_at_once);
  } else if (ready.out || ready.err) {
    ready.out = true;
    read_once(listener, outputs, ready);
    listener.on_pause();
  }
}

void Process::read_output(ProcessListener& listener, OutputStreams& outputs, std::size_t limit) {
  std::size_t total = 0;
  while ((stdout_ || stderr_) && total < limit) {
    const std::size_t size = read_once(listener, outputs, {});
    if (size == 0) break;
    total += size;
  }
  listener.on_pause();
}

/// How many bytes there were.
std::size_t Process::read_once(ProcessListener& listener, OutputStreams& outputs, Ready ready) {
  char out[k_read_size];
  char err[k_read_size];
  ssize_t out_count = ready.out && in_step_ ? peek_stdout(out, sizeof out) : -1;
  const ssize_t err_count = ready.err ? read_some(stderr_, err, sizeof err) : -1;
  // While standard error is ahead by more than a buffer, standard output waits.
  const bool behind = err_count == static_cast<ssize_t>(sizeof err);
  if (behind) out_count = -1;
  if (ready.out && !in_step_ && !behind) out_count = read_some(stdout_, out, sizeof out);
  const auto err_size = static_cast<std::size_t>(std::max<ssize_t>(err_count, 0));
  const auto out_size = static_cast<std::size_t>(std::max<ssize_t>(out_count, 0));
  if (err_size > 0 || out_size > 0) {
    const bool boundary = listener.on_output({err, err_size}, {out, out_size});
    if (boundary) outputs.flush();
    consume_stdout(out_size);
    adapt_step(boundary);
  }
  if (err_count == 0) stderr_.reset();
  if (out_count == 0 && stdout_) {
    stdout_.reset();
    listener.on_stdout_closed();
  }
  return err_size + out_size;
}

/// What the process had printed when it ended: no more than its pipes hold then, as others may still print.
void Process::read_last_output(ProcessListener& listener, OutputStreams& outputs) {
  std::size_t there = 0;
  for (const UniqueFd* fd : {&stdout_, &stderr_}) {
    int count = 0;
    if (*fd && ::ioctl(fd->get(), FIONREAD, &count) == 0) there += static_cast<std::size_t>(count);
  }
  if (there > 0) read_output(listener, outputs, there);
}

ssize_t Process::peek_stdout(char* buffer, std::size_t size) {
  if (!stdout_) return 0;
  const ssize_t there = ::tee(stdout_.get(), peek_in_.get(), size, SPLICE_F_NONBLOCK);
  if (there <= 0) return there;
  ssize_t count = 0;
  while (count < there) {
    const ssize_t piece = read_some(peek_out_, buffer + count, static_cast<std::size_t>(there - count));
    if (piece <= 0) break;
    count += piece;
  }
  return count;
}

/// Waiting for each write to be seen would slow a test down that prints much. Within a flood order does not matter.
void Process::adapt_step(bool boundary) {
  writes_in_a_row_ = boundary ? 0 : writes_in_a_row_ + 1;
  const bool flood = writes_in_a_row_ > k_flood_writes;
  if (!stdout_ || flood == !in_step_) return;
  if (::fcntl(stdout_.get(), F_SETPIPE_SZ, flood ? k_flood_pipe : k_step_pipe) > 0) in_step_ = !flood;
}

void Process::consume_stdout(std::size_t count) {
  if (!in_step_) return;
  char buffer[k_read_size];
  while (count > 0) {
    const ssize_t piece = read_some(stdout_, buffer, count);
    if (piece <= 0) break;
    count -= static_cast<std::size_t>(piece);
  }
}

bool Process::has_exited() const {
  if (reaped_) return true;
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid_;
}

std::optional<std::uint64_t> Process::written() const {
  char text[1024];
  const ssize_t count = io_ ? ::pread(io_.get(), text, sizeof text - 1, 0) : -1;
  if (count <= 0) return std::nullopt;
  text[count] = '\0';
  const char* wchar = std::strstr(text, "wchar: ");
  if (wchar == nullptr) return std::nullopt;
  return std::strtoull(wchar + std::strlen("wchar: "), nullptr, 10);
}

bool Process::reap(ProcessEnd& end) {
  while (true) {
    int status = 0;
    rusage usage{};
    const pid_t pid = ::wait4(-1, &status, WNOHANG, &usage);
    if (pid <= 0) return false;
    if (pid != pid_) continue;  // an orphan that this process has inherited
    reaped_ = true;
    if (WIFSIGNALED(status)) {
      end.status.signal = WTERMSIG(status);
    } else {
      end.status.code = WEXITSTATUS(status);
    }
    end.out_of_memory = killed_for_memory(end, usage.ru_maxrss);
    return true;
  }
}

bool Process::killed_for_memory(const ProcessEnd& end, long max_rss_kib) const {
  if (end.status.signal != SIGKILL || killed_) return false;
  if (oom_kills() > oom_kills_before_) return true;
  const char* limit_mb = std::getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE");
  if (limit_mb == nullptr) return false;
  return max_rss_kib >= std::strtol(limit_mb, nullptr, 10) * 1024 / 10 * 8;
}

}  // namespace sortie::harness
