#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <map>
#include <memory>
#include <optional>

#include "base/task.h"
#include "base/unique_fd.h"
#include "sandbox/sandbox.h"
#include "sandbox/supervisor_protocol.h"

namespace sortie::sandbox {

/// Memory that both sides of the protocol see.
class SharedMemory {
 public:
  static Result<std::shared_ptr<SharedMemory>> create();
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] protocol::Shared& operator*() const { return *shared_; }
  [[nodiscard]] protocol::Shared* operator->() const { return shared_; }

 private:
  SharedMemory(UniqueFd fd, protocol::Shared* shared) : fd_(std::move(fd)), shared_(shared) {}
  UniqueFd fd_;
  protocol::Shared* shared_;
};

/// Our end of the control socket. Coroutines take the pointer by value: they outlive the sandbox when it is destroyed
/// under them, and then end with the program killed.
class Supervisor {
 public:
  Supervisor(const Executor& executor, UniqueFd control) : control_(executor, control.release()) {}

  /// A number for a program that is going to be started; `forget` it when nobody waits for it any more.
  int add_program();
  void forget(int program) { programs_.erase(program); }

  /// Starts `command` with these standard output and error. `how` is start or start_beside.
  static Task<Result<void>> start(std::shared_ptr<Supervisor> self, protocol::Request how, int program, Command command,
                                  UniqueFd out, UniqueFd err);

  /// Waits until the program has ended; answers the same when called again. SIGKILL when the supervisor itself is gone.
  static Task<ExitStatus> wait(std::shared_ptr<Supervisor> self, int program);

  /// See Sandbox::open_socket.
  static Task<Result<UniqueFd>> open_socket(std::shared_ptr<Supervisor> self);

  void request(protocol::Request request, int program = 0, int value = 0);

  /// The other end takes everything down.
  void close();

 private:
  /// What has been told of one program.
  struct Program {
    std::optional<protocol::Reply> started;
    std::optional<ExitStatus> exited;
    UniqueFd socket;  ///< that came with a reply
  };
  /// Several wait at a time. Whoever wakes reads for all of them, and then looks for his own.
  static Task<void> wait_for_replies(std::shared_ptr<Supervisor> self);
  void read_replies();
  static Task<bool> wait_for_start(std::shared_ptr<Supervisor> self, std::shared_ptr<Program> program);
  Result<void> send_start(protocol::Request how, int program, const Command& command, int out, int err);

  asio::posix::stream_descriptor control_;
  int last_program_ = 0;
  std::map<int, std::shared_ptr<Program>> programs_;
};

}  // namespace sortie::sandbox
