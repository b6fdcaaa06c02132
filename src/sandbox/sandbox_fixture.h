#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/notify_probe.h"
#include "sandbox/sandbox.h"
#include "sandbox/sandbox_impl.h"

namespace sortie::sandbox {

struct Outcome {
  Result<void> started;
  ExitStatus status;
  std::string out;
  std::string err;
};

/// A sandbox and the loop that serves it, in one. `/var/task/inside` is this test program, which plays the programs
/// inside when its first argument is `--inside`: see inside_test.cc.
class Box {
 public:
  enum class Kind { isolated, confined, plain };
  explicit Box(Spec spec = {}, Kind kind = Kind::isolated);

  Outcome run(std::vector<std::string> argv);
  Outcome shell(const std::string& script) { return run({"/bin/sh", "-c", script}); }
  /// The test program's trade `name`, inside.
  Outcome inside(const std::string& name, std::vector<std::string> arguments = {});
  Result<void> start(std::vector<std::string> argv);
  Result<std::unique_ptr<Companion>> start_beside(std::vector<std::string> argv);
  ExitStatus wait();
  ExitStatus wait(Companion& companion);
  Result<UniqueFd> open_socket();

  /// Serves for a while: what the sandbox does by itself goes on.
  void serve_for(std::chrono::milliseconds duration) {
    io_.restart();
    io_.run_for(duration);
  }

  Sandbox* operator->() { return sandbox_.get(); }
  void destroy() { sandbox_.reset(); }

 private:
  void run_to_end(Task<void> task);

  asio::io_context io_;
  std::unique_ptr<Sandbox> sandbox_;
};

#define SKIP_WITHOUT_NAMESPACES() \
  if (!probe().namespaces) GTEST_SKIP() << "no namespaces here: " << probe().reason
#define SKIP_WITHOUT_NOTIFICATIONS() \
  if (const auto tried = try_notifications(); !tried) GTEST_SKIP() << describe(tried.error())

/// The arguments, each ended by NUL, of the process with this folder in /proc; empty when it has gone.
std::string command_line_of(const std::string& process_folder);

/// What a program that is not inside does: see kill_test.cc.
int hold_a_sandbox(const std::string& kind, const std::string& marker);
int probe_by_creating();
/// See inside_test.cc.
int play_inside(const std::vector<std::string>& arguments);
/// What programs inside do: each is given its arguments and answers an exit status.
using Trades = std::map<std::string, std::function<int(const std::vector<std::string>&)>>;
/// See inside_network_test.cc.
const Trades& network_trades();

}  // namespace sortie::sandbox
