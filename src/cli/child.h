#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/task.h"
#include "base/unique_fd.h"

namespace sortie::cli {

/// A command run beside us: same terminal, same process group. io_context thread only.
class Child {
 public:
  /// Finds `argv[0]` on PATH. ErrorKind::usage when it cannot be started.
  static Result<Child> start(const std::vector<std::string>& argv,
                             const std::map<std::string, std::string>& environment);
  /// Its exit status as a shell tells it: 128 + the signal when one killed it.
  Task<Result<int>> wait();
  void signal(int number) const;

 private:
  Child(int pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  int pid_;
  UniqueFd pidfd_;
};

}  // namespace sortie::cli
