#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace sortie::sandbox {

/// A process beside this one that runs the supervisor program in one of its other trades (supervisor/freestanding.h).
/// It has a session of its own, nothing of this process but its standard input, and ends when that does.
struct HelperProcess {
  std::vector<std::string> arguments;  ///< the first names the trade
  int input = -1;                      ///< becomes its standard input; borrowed
  int user_namespace = -1;             ///< whose root it becomes; -1: stays as it is
};

/// Answers its pidfd. It sends no SIGCHLD; whoever outlives it reaps it with waitid and __WALL.
Result<UniqueFd> start_helper(const HelperProcess& helper);

}  // namespace sortie::sandbox
