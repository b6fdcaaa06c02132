#include "sandbox/signal_calls.h"

#include <sys/syscall.h>

#include <cerrno>

namespace sortie::sandbox {

Answer judge_signal(const seccomp_data& call, const ConnectPolicy& policy) {
  if (!policy.may_signal) return Answer::leave();
  const auto process = static_cast<int>(call.args[0]);
  if (call.nr == SYS_kill && process == 0) return Answer::leave();
  if (call.nr == SYS_kill && process == -1) return Answer::failure(EPERM);
  const int leader = call.nr == SYS_kill && process < 0 ? -process : process;
  return leader > 0 && policy.may_signal(leader) ? Answer::leave() : Answer::failure(ESRCH);
}

}  // namespace sortie::sandbox
