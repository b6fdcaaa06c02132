#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/task.h"
#include "base/unique_fd.h"
#include "emulator/lambda/logging/function_log.h"

namespace sortie::emulator::lambda {

/// Reads what an environment's programs print into its log. io_context thread only.
class OutputPipes {
 public:
  /// `show_at_once`: whether what was read now is to be in CloudWatch Logs at once. `log` outlives the object.
  OutputPipes(Executor executor, FunctionLog& log, std::function<bool()> show_at_once)
      : executor_(std::move(executor)), log_(log), show_at_once_(std::move(show_at_once)) {}

  /// The reading end of a program's standard output or error. `owner` of this object is kept while it is read.
  void add(std::shared_ptr<void> owner, UniqueFd fd, FunctionLog::Source source);
  /// Reads what is in the pipes now: a program that goes on writing does not keep us.
  void drain();
  /// Nobody writes any more: everything is read, the pipes are closed.
  void finish();
  /// The log is not to be used any more.
  void abandon() { abandoned_ = true; }

 private:
  struct Pipe;
  Task<void> read(std::shared_ptr<void> owner, std::shared_ptr<Pipe> pipe);
  void read_rest(Pipe& pipe, bool to_the_end);

  Executor executor_;
  FunctionLog& log_;
  std::function<bool()> show_at_once_;
  std::vector<std::shared_ptr<Pipe>> pipes_;
  bool abandoned_ = false;
};

}  // namespace sortie::emulator::lambda
