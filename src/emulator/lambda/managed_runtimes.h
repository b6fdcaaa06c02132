#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/blocking.h"
#include "base/error.h"
#include "emulator/core/store.h"
#include "emulator/lambda/interpreters.h"
#include "sandbox/sandbox.h"

namespace sortie::emulator::lambda {

/// How a managed runtime runs here: an interpreter of the host with our runtime client.
struct RuntimeLaunch {
  std::string version;                         ///< the interpreter's own: `3.11.2`
  std::vector<sandbox::ReadOnlyMount> mounts;  ///< /var/runtime: the client; /var/lang: the interpreter
  std::vector<std::string> command;            ///< paths as they are inside the sandbox
};

/// AWS's managed runtimes on this machine's interpreters (docs/runtimes.md). Each is looked for when it is first asked
/// for, until it has been found. io_context thread only.
class ManagedRuntimes {
 public:
  ManagedRuntimes(Store& store, BlockingPool& pool) : store_(store), pool_(pool) {}

  /// Nothing: not a runtime of Python or Node.js, or the machine has no interpreter for it, or the disk failed.
  Task<std::optional<RuntimeLaunch>> find(std::string runtime);

 private:
  Store& store_;
  BlockingPool& pool_;
  std::map<std::string, RuntimeLaunch, std::less<>> known_;
};

}  // namespace sortie::emulator::lambda
