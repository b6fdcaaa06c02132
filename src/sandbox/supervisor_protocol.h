#pragma once

#include <linux/filter.h>

#include <cstdint>

/// What passes between sortie and the supervisor: process 1 of each sandbox, a small static program of its own
/// (supervisor/main.cc) that sortie carries as data. Both ends are built from the same tree, so this is no wire format.
namespace sortie::sandbox::protocol {

/// Descriptors that the supervisor starts with.
inline constexpr int k_control_fd = 3;        ///< SOCK_SEQPACKET; its end of file means: sortie is gone, end everything
inline constexpr int k_shared_fd = 4;         ///< a memfd with one `Shared`
inline constexpr int k_freezer_join_fd = 5;   ///< see Shared::freezer
inline constexpr int k_freezer_state_fd = 6;  ///< cgroup v1: freezer.state, to thaw when sortie is gone
inline constexpr int k_landlock_fd = 7;       ///< a ruleset that programs are put under; see Shared::landlock
inline constexpr int k_memory_usage_fd = 8;   ///< of the control group; see Shared::watch_group
inline constexpr int k_memory_stat_fd = 9;
inline constexpr int k_first_free_fd = 10;

enum class Freezer : std::uint32_t {
  none,       ///< SIGSTOP to everything inside
  cgroup_v1,  ///< k_freezer_join_fd is `tasks`: a program writes 0 there
  cgroup_v2,  ///< k_freezer_join_fd is a folder: a program is born into it
};

inline constexpr std::uint32_t k_max_filter = 2048;

/// Shared memory: filled before the supervisor starts, the last part written by it.
struct Shared {
  std::uint32_t pid_namespace =
      0;  ///< process 1 of a namespace; otherwise a child subreaper among the host's processes
  Freezer freezer = Freezer::none;
  std::uint64_t watch_memory_bytes = 0;  ///< more must not be used; 0: a cgroup sees to that
  std::uint32_t watch_group = 0;         ///< by what the control group counts, without /tmp; otherwise by process
  std::uint64_t max_open_files = 0;
  std::uint64_t max_processes = 0;      ///< RLIMIT_NPROC; 0: a cgroup does that
  std::uint32_t landlock = 0;           ///< programs are put under k_landlock_fd
  std::uint32_t drop_capabilities = 0;  ///< programs have none, whoever their user is
  char remove_folder[4096] = {};        ///< removed with its content at the end; empty: none
  std::uint32_t filter_length = 0;
  sock_filter filter[k_max_filter] = {};

  // Watched memory only.
  std::uint64_t memory_peak_bytes = 0;
  std::uint64_t tmp_bytes = 0;       ///< in /tmp at the last look, where a control group counts it
  std::uint64_t tmp_peak_bytes = 0;  ///< the most
};

/// A control group that was made ahead: its name is the prefix, k_spare_group and the number.
struct SpareGroup {
  std::uint64_t number = 0;
};
inline constexpr const char* k_spare_group = "spare";
/// Version 2: the group of the programs, below that of the sandbox.
inline constexpr const char* k_programs_group = "run";

/// Programs that run at a time: the sandbox's own, and those beside it.
inline constexpr int k_programs = 16;

enum class Request : std::uint32_t {
  start,         ///< with descriptors: the command (see `Command` below), standard output, standard error
  start_beside,  ///< the same, for a program beside that of `start`
  signal,        ///< `value` to the program of that number
  kill_all,      ///< SIGKILL to everything inside
  stop_all,
  continue_all,
  frozen,  ///< everything stands still by the freezer: there is nothing to watch until `thawed`
  thawed,
  adopt,        ///< with a descriptor: k_landlock_fd, for a supervisor that was started ahead; `Shared` is filled now
  open_socket,  ///< the reply, with this number, carries a TCP socket
};

struct RequestMessage {
  Request request = Request::start;
  std::int32_t program = 0;  ///< its number: given by `start` and `start_beside`, carried by the replies
  std::int32_t value = 0;
};

/// The command file: this, then NUL-terminated strings: working folder, arguments, environment.
struct CommandHeader {
  std::uint32_t arguments = 0;
  std::uint32_t variables = 0;
};

struct Reply {
  std::int32_t program = 0;  ///< its number
  std::uint32_t exited =
      0;                   ///< 0: the answer to `start`; 1: it has ended, and if it was the last nothing is left inside
  std::int32_t error = 0;  ///< errno of `start`
  std::int32_t in_exec = 0;  ///< `error` is about the program itself, not about getting there
  std::int32_t status = 0;   ///< as wait(2) gives it
  std::uint32_t out_of_memory = 0;
};

}  // namespace sortie::sandbox::protocol
