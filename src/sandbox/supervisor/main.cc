// Process 1 of a sandbox. It starts a program and others beside it, reaps, watches the memory where the kernel does
// not, and ends everything inside when the last of the programs ends or sortie is gone. It holds no privilege and none
// of sortie's memory.
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>

#include "sandbox/supervisor/freestanding.h"
#include "sandbox/supervisor/memory.h"
#include "sandbox/supervisor/processes.h"
#include "sandbox/supervisor_protocol.h"

namespace sortie::sandbox::supervisor {
namespace {

using protocol::Freezer;
using protocol::Reply;
using protocol::Request;
using protocol::RequestMessage;
using protocol::Shared;

constexpr long k_first_look_ms = 4;

struct Poll {
  int fd;
  short events, revents;
};
constexpr short k_readable = 1;  // POLLIN

struct Program {
  int number = 0;
  long pid = 0;  ///< 0: none
};

struct State {
  Shared* shared = nullptr;
  Processes processes;
  int child_signals = -1;                  ///< see open_child_signals
  int nothing = -1;                        ///< /dev/null, open
  Program programs[protocol::k_programs];  ///< that run; the first place is for that of `start`
  MemoryWatch memory;
  bool stopped = false;
};

constinit State state;  // NOLINT: the program is this one object
alignas(16) char child_stack[64 * 1024];

bool anything_runs() {
  for (const Program& program : state.programs) {
    if (program.pid != 0) return true;
  }
  return false;
}

/// Where a program is noted that is going to be started; null when there is no place.
Program* free_place(bool beside) {
  if (!beside) return state.programs[0].pid == 0 ? &state.programs[0] : nullptr;
  for (Program* place = state.programs + 1; place != state.programs + protocol::k_programs; ++place) {
    if (place->pid == 0) return place;
  }
  return nullptr;
}

// ---- starting a program

struct Start {
  char* folder = nullptr;
  char** arguments = nullptr;
  char** environment = nullptr;
  int out = -1;
  int err = -1;
  int error = 0;  ///< written by the child, which shares this memory until it executes the program
  bool in_exec = false;
};

int child(void* argument) {
  auto& start = *static_cast<Start*>(argument);
  long error = raw::call(SYS_dup3, state.nothing, 0, 0);
  if (error >= 0) error = raw::call(SYS_dup3, start.out, 1, 0);
  if (error >= 0) error = raw::call(SYS_dup3, start.err, 2, 0);
  if (error >= 0) error = confine(*state.shared);
  if (error >= 0) {
    start.in_exec = true;
    error = raw::call(SYS_chdir, start.folder);
    if (error >= 0) error = raw::call(SYS_execve, start.arguments[0], start.arguments, start.environment);
  }
  start.error = static_cast<int>(-error);
  return 127;
}

long spawn(Start& start) {
  clone_args args{};
  args.flags = CLONE_VM | CLONE_VFORK;
  args.exit_signal = SIGCHLD;
  args.stack = reinterpret_cast<std::uint64_t>(child_stack);
  args.stack_size = sizeof child_stack;
  if (state.shared->freezer == Freezer::cgroup_v2) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = protocol::k_freezer_join_fd;
  }
  return raw::clone3(&args, child, &start);
}

/// Takes the strings of a command file apart, in place.
bool split(char* text, std::size_t size, char** pointers, Start& start) {
  protocol::CommandHeader header;
  __builtin_memcpy(&header, text, sizeof header);
  char* at = text + sizeof header;
  const char* end = text + size;
  const auto next = [&] {
    char* begin = at;
    while (at < end && *at != 0) ++at;
    if (at >= end) return static_cast<char*>(nullptr);
    ++at;
    return begin;
  };
  start.folder = next();
  start.arguments = pointers;
  for (std::uint32_t i = 0; i < header.arguments; ++i) *pointers++ = next();
  *pointers++ = nullptr;
  start.environment = pointers;
  for (std::uint32_t i = 0; i < header.variables; ++i) *pointers++ = next();
  *pointers = nullptr;
  return at == end && start.folder != nullptr && header.arguments > 0;
}

Reply start_program(const RequestMessage& request, int command, int out, int err) {
  Reply reply;
  reply.program = request.program;
  Start start;
  start.out = out;
  start.err = err;
  Program* const place = free_place(request.request == Request::start_beside);
  if (place == nullptr) {
    reply.error = EBUSY;
    return reply;
  }
  const long size = raw::call(SYS_lseek, command, 0, 2);
  const long text = raw::call(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, command, 0);
  // One pointer for a string of one byte at least, and two for the ends.
  const std::size_t pointers_size = static_cast<std::size_t>(size + 2) * sizeof(char*);
  const long pointers =
      raw::call(SYS_mmap, 0, pointers_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (text < 0 || pointers < 0 ||
      !split(reinterpret_cast<char*>(text), static_cast<std::size_t>(size), reinterpret_cast<char**>(pointers),
             start)) {
    reply.error = E2BIG;
    return reply;
  }
  if (!anything_runs()) state.memory.forget();
  state.stopped = false;
  const long pid = spawn(start);
  if (pid < 0) {
    reply.error = static_cast<int>(-pid);
  } else if (start.error != 0) {
    reply.error = start.error;
    reply.in_exec = start.in_exec ? 1 : 0;
    raw::call(SYS_wait4, pid, nullptr, __WALL, nullptr);
  } else {
    *place = {request.program, pid};
  }
  raw::call(SYS_munmap, text, size);
  raw::call(SYS_munmap, pointers, pointers_size);
  return reply;
}

// ---- the control socket

void send_reply(const Reply& reply) {
  raw::call(SYS_sendto, protocol::k_control_fd, &reply, sizeof reply, MSG_NOSIGNAL, 0, 0);
}

/// A socket of this network namespace for the other end to connect.
void send_socket(int number) {
  Reply reply;
  reply.program = number;
  const int fd = static_cast<int>(raw::call(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd < 0) {
    reply.error = -fd;
    return send_reply(reply);
  }
  send_with_descriptor(protocol::k_control_fd, &reply, sizeof reply, fd);
  raw::call(SYS_close, fd);
}

/// sortie is gone, or wants this sandbox gone: nothing stays.
[[noreturn]] void leave() {
  if (state.shared->freezer == Freezer::cgroup_v1) raw::write_all(protocol::k_freezer_state_fd, "THAWED", 6);
  state.processes.end_all(state.child_signals);
  if (state.shared->remove_folder[0] == '/') remove_tree(state.shared->remove_folder);
  raw::call(SYS_exit_group, 0);
  __builtin_unreachable();
}

struct Received {
  long size = 0;
  RequestMessage message;
  int fds[3] = {-1, -1, -1};
};

Received receive() {
  Received received;
  iovec part = {&received.message, sizeof received.message};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof received.fds)];
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  received.size = raw::call(SYS_recvmsg, protocol::k_control_fd, &header, MSG_CMSG_CLOEXEC);
  const cmsghdr* rights = received.size > 0 ? CMSG_FIRSTHDR(&header) : nullptr;
  if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS && rights->cmsg_len == CMSG_LEN(sizeof received.fds)) {
    __builtin_memcpy(received.fds, CMSG_DATA(rights), sizeof received.fds);
  } else if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS && rights->cmsg_len == CMSG_LEN(sizeof(int))) {
    __builtin_memcpy(received.fds, CMSG_DATA(rights), sizeof(int));
  }
  return received;
}

void serve_request() {
  const Received received = receive();
  if (received.size == -EINTR || received.size == -EAGAIN) return;
  if (received.size != sizeof(RequestMessage)) leave();
  switch (received.message.request) {
    case Request::start:
    case Request::start_beside:
      send_reply(start_program(received.message, received.fds[0], received.fds[1], received.fds[2]));
      break;
    case Request::signal:
      for (const Program& program : state.programs) {
        if (program.pid != 0 && program.number == received.message.program) {
          send_signal(static_cast<std::uint64_t>(program.pid), received.message.value);
        }
      }
      break;
    case Request::kill_all:
      if (anything_runs()) state.processes.signal(SIGKILL);
      break;
    case Request::stop_all:
    case Request::continue_all:
      state.stopped = received.message.request == Request::stop_all;
      // Twice: what was made in the meantime was made by a process that stands still now.
      for (int i = 0; i < 2; ++i) state.processes.signal(state.stopped ? SIGSTOP : SIGCONT);
      break;
    case Request::adopt: raw::call(SYS_dup3, received.fds[0], protocol::k_landlock_fd, O_CLOEXEC); break;
    case Request::frozen:
    case Request::thawed: state.stopped = received.message.request == Request::frozen; break;
    case Request::open_socket: send_socket(received.message.program); break;
  }
  for (const int fd : received.fds) {
    if (fd >= 0) raw::call(SYS_close, fd);
  }
}

/// A program that is the last one to end takes along whatever they have all left behind.
void program_ended(Program& program, int status) {
  Reply reply;
  reply.program = program.number;
  reply.exited = 1;
  reply.status = status;
  program = {};
  if (!anything_runs()) state.processes.end_all(state.child_signals);
  reply.out_of_memory = state.memory.has_killed() ? 1 : 0;
  send_reply(reply);
}

void reap() {
  for (;;) {
    int status = 0;
    const long pid = raw::call(SYS_wait4, -1, &status, WNOHANG | __WALL, nullptr);
    if (pid <= 0) return;
    for (Program& program : state.programs) {
      if (program.pid == pid) program_ended(program, status);
    }
  }
}

// ---- life

[[noreturn]] void supervise() {
  const long shared =
      raw::call(SYS_mmap, 0, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, protocol::k_shared_fd, 0);
  state.child_signals = open_child_signals();
  if (shared < 0 || state.child_signals < 0) raw::call(SYS_exit_group, 1);
  state.shared = reinterpret_cast<Shared*>(shared);
  for (int fd = protocol::k_control_fd; fd < protocol::k_first_free_fd; ++fd)
    raw::call(SYS_fcntl, fd, 2, 1);                   // cloexec
  raw::call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);  // the same user's programs must not look in here
  if (state.shared->pid_namespace == 0) raw::call(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  state.processes.open(state.shared->pid_namespace != 0);
  state.memory.open(*state.shared, state.processes);
  if (state.shared->drop_capabilities != 0) drop_for_good();
  state.nothing = static_cast<int>(raw::call(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC, 0));

  Poll polls[2] = {{protocol::k_control_fd, k_readable, 0}, {state.child_signals, k_readable, 0}};
  long pause_ms = k_first_look_ms;
  for (;;) {
    const bool watching = state.memory.wanted() && !state.stopped && anything_runs();
    struct {
      long seconds, nanoseconds;
    } pause = {0, pause_ms * 1'000'000};
    raw::call(SYS_ppoll, polls, 2, watching ? &pause : nullptr, nullptr, 0);
    if (polls[1].revents != 0) {
      char drain[128 * 4];
      raw::call(SYS_read, state.child_signals, drain, sizeof drain);
      reap();
    }
    if (polls[0].revents != 0) serve_request();
    if (watching && anything_runs()) pause_ms = state.memory.look();
  }
}

}  // namespace

extern "C" [[noreturn]] __attribute__((used)) void supervisor_main(long* stack) {
  const long count = stack[0];
  auto** arguments = reinterpret_cast<char**>(stack + 1);
  if (count > 1) {
    raw::call(SYS_exit_group, arguments[1][0] == 'c' ? keep_cgroups(arguments + 2) : make_networks());
  }
  supervise();
}

}  // namespace sortie::sandbox::supervisor

#if defined(__x86_64__)
asm(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall supervisor_main\n");
#else
asm(".globl _start\n_start:\n\tmov x29, xzr\n\tmov x0, sp\n\tbl supervisor_main\n");
#endif

// The compiler calls these on its own, C library or not.
extern "C" {
__attribute__((used)) void* memset(void* to, int value, std::size_t size) {
  auto* out = static_cast<volatile char*>(to);
  while (size-- > 0) *out++ = static_cast<char>(value);
  return to;
}
__attribute__((used)) void* memcpy(void* to, const void* from, std::size_t size) {
  auto* out = static_cast<volatile char*>(to);
  const auto* in = static_cast<const char*>(from);
  while (size-- > 0) *out++ = *in++;
  return to;
}
}
