#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
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

  /// Starts `command` with these standard output and error. One program at a time.
  static Task<Result<void>> start(std::shared_ptr<Supervisor> self, Command command, UniqueFd out, UniqueFd err);

  /// Waits until the program of the last successful start has ended and nothing else is left; answers the same when
  /// called again. SIGKILL when the supervisor itself is gone.
  static Task<ExitStatus> wait(std::shared_ptr<Supervisor> self);

  void request(protocol::Request request, int value = 0);

  /// The other end takes everything down.
  void close();

 private:
  static Task<std::optional<protocol::Reply>> next_reply(std::shared_ptr<Supervisor> self);
  Result<void> send_start(const Command& command, int out, int err);

  asio::posix::stream_descriptor control_;
  int starts_ = 0;
  std::optional<ExitStatus> exited_;
};

}  // namespace sortie::sandbox
