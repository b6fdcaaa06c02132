#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/task.h"
#include "base/unique_fd.h"

namespace sortie::sandbox {

/// A host folder or file shown read-only inside, with everything mounted below it. Programs inside are nobody to the
/// host when sortie is root: what they are to read must be readable, and what they are to enter searchable, by others.
/// Above the mount itself permissions do not matter.
struct ReadOnlyMount {
  std::string source;  ///< host path
  std::string target;  ///< absolute path inside
};

/// A socket that listens inside the sandbox's network and is served from outside.
struct ListenAddress {
  std::string address;  ///< IPv4
  std::uint16_t port = 0;
  bool datagram = false;  ///< UDP instead of TCP
};

enum class Network : std::uint8_t { isolated, host };

/// What a sandbox is made of. A value.
struct Spec {
  std::vector<ReadOnlyMount> mounts;          ///< /var/task, /opt
  std::uint64_t memory_bytes = 128ULL << 20;  ///< everything inside together
  std::uint64_t tmp_bytes = 512ULL << 20;     ///< size of /tmp, its own file system
  std::uint32_t cpu_milli = 1000;             ///< CPU share: 1,000 is one core
  Network network = Network::isolated;
  std::vector<ListenAddress> listen;  ///< created before anything runs inside
  std::string ca_bundle_pem;          ///< appended to the trust store that the inside sees; may be empty
  std::string resolv_conf;            ///< content of /etc/resolv.conf inside
  std::string hosts;                  ///< content of /etc/hosts inside
  std::uint32_t max_processes = 1024;
  std::uint32_t max_open_files = 1024;
};

struct Command {
  std::vector<std::string> argv;                                 ///< argv[0] is a path inside
  std::vector<std::pair<std::string, std::string>> environment;  ///< the whole of it
  std::string working_folder = "/var/task";
};

/// How a sandboxed program ended.
struct ExitStatus {
  int code = 0;
  int signal = 0;
  bool out_of_memory = false;  ///< the memory limit was hit and something was killed for it
};

/// What a sandbox is made of. docs/sandbox.md has a table of what each isolates.
enum class Isolation : std::uint8_t {
  namespaces,  ///< user, mount, pid, ipc, uts and network namespaces
  seccomp,     ///< a filter with notifications, and Landlock: AWS's names, no other network, files
  plain,       ///< a process group on the host's own files and network
};

/// How well this machine can isolate; see `probe`.
struct Capabilities {
  Isolation isolation = Isolation::plain;
  bool namespaces = false;  ///< the first kind
  enum class Memory : std::uint8_t { cgroup_v2, cgroup_v1, watched } memory = Memory::watched;
  bool freezer = false;  ///< a cgroup freezer; otherwise SIGSTOP to all
  std::string reason;    ///< one line that says what is missing and why; empty when nothing is
  std::string refused;   ///< why the kind that SORTIE_SANDBOX asks for cannot be had; `Sandbox::create` fails with it
};
/// Tries once, the kinds in their order; cheap after the first call. SORTIE_SANDBOX=namespace, seccomp or plain in the
/// environment asks for one.
const Capabilities& probe();
/// Does the part of making the first sandbox (a few milliseconds) that later ones with the same files in /etc and the
/// same mount points share; of `spec.mounts` only the targets count. Says nothing about failures: `Sandbox::create`
/// will. io_context thread only.
void prepare(const Spec& spec);

/// A program that runs beside a sandbox's own: see Sandbox::start_beside. Destroying it changes nothing for the
/// program.
class Companion {
 public:
  virtual ~Companion() = default;
  /// Non-blocking read ends of its standard output and standard error, once.
  virtual UniqueFd take_stdout() = 0;
  virtual UniqueFd take_stderr() = 0;
  /// Waits for its end. When the sandbox is destroyed meanwhile: killed by SIGKILL.
  virtual Task<ExitStatus> wait() = 0;
  /// A signal to the program alone, without its descendants; none when it has ended.
  virtual void signal(int number) = 0;
};

/// One isolated environment: namespaces, mounts, network, limits. One program (with its descendants) runs in it at a
/// time, and up to k_companions beside it; /tmp stays from one to the next, processes do not: when the last of these
/// programs has ended, whatever they left behind is killed. io_context thread only.
class Sandbox {
 public:
  static constexpr std::size_t k_companions = 15;

  /// Of the kind that `probe` has chosen. ErrorKind::config when SORTIE_SANDBOX asks for one that cannot be had.
  static Task<Result<std::unique_ptr<Sandbox>>> create(Executor executor, Spec spec);
  /// Kills what runs, removes the cgroup, mounts and folders. Nothing survives it, nor the death of this process by any
  /// signal.
  virtual ~Sandbox() = default;

  /// The sockets of Spec::listen in the same order, listening. Once.
  virtual std::vector<UniqueFd> take_listeners() = 0;
  /// Where programs inside find a listener: as in the Spec, or, with the host's network or as a plain process,
  /// 127.0.0.1 and a port of the system's choice.
  [[nodiscard]] virtual ListenAddress address(std::size_t listener) const = 0;
  [[nodiscard]] virtual bool isolated() const = 0;
  /// Where `target` of a mount is found by a program inside: the same path, or the host path when not isolated.
  [[nodiscard]] virtual std::string inside_path(const std::string& target) const = 0;

  /// Starts the program; standard input is /dev/null. ErrorKind::not_found and denied when it cannot be executed.
  virtual Task<Result<void>> start(Command command) = 0;
  /// Non-blocking read ends of the running program's standard output and standard error. Once a start.
  virtual UniqueFd take_stdout() = 0;
  virtual UniqueFd take_stderr() = 0;
  /// Starts a program beside that of `start`, before it or while it runs; the same errors, and another one when there
  /// are k_companions already.
  virtual Task<Result<std::unique_ptr<Companion>>> start_beside(Command command) = 0;
  /// A TCP socket of the sandbox's network, not connected: connecting it reaches what listens inside.
  virtual Task<Result<UniqueFd>> open_socket() = 0;
  /// Waits for the started program's own end; if nothing runs beside it, kills and reaps everything else inside first.
  /// May be cancelled and called again, and answers the same once it has an answer. When the sandbox is destroyed
  /// meanwhile: killed by SIGKILL.
  virtual Task<ExitStatus> wait() = 0;
  /// A signal to the program of `start` alone (SIGTERM at shutdown).
  virtual void signal(int number) = 0;
  /// SIGKILL to everything inside. `wait` then ends.
  virtual void kill_all() = 0;

  /// Stops and continues everything inside. Cheap, idempotent.
  virtual void freeze() = 0;
  virtual void thaw() = 0;

  /// Another CPU share from now on, as Spec::cpu_milli; nothing where shares cannot be enforced.
  virtual void set_cpu(std::uint32_t cpu_milli) { (void)cpu_milli; }

  /// Highest memory use since creation or the last `reset_memory_peak`.
  [[nodiscard]] virtual std::uint64_t memory_peak_bytes() const = 0;
  virtual void reset_memory_peak() = 0;
};

}  // namespace sortie::sandbox
