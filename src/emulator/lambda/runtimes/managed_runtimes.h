#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/blocking.h"
#include "base/error.h"
#include "emulator/core/store.h"
#include "emulator/lambda/runtimes/interpreters.h"
#include "sandbox/sandbox.h"

namespace sortie::emulator::lambda {

/// How a managed runtime runs here: an interpreter of the host with our runtime client.
struct RuntimeLaunch {
  std::string version;                         ///< the interpreter's own: `3.11.2`
  std::vector<sandbox::ReadOnlyMount> mounts;  ///< /var/runtime: the client; /var/lang: the interpreter
  std::vector<std::string> command;            ///< paths as they are inside the sandbox
  std::vector<std::string> disabled_features;  ///< of Node.js, by their names in options: `experimental-detect-module`
  bool has_sdk = false;                        ///< the AWS SDK is among the mounts
  std::vector<std::string> class_path;         ///< of Java, paths as they are inside; empty: another language
};

/// AWS's managed runtimes on this machine's interpreters (docs/runtimes.md). Each is looked for when it is first asked
/// for, until it has been found. io_context thread only.
class ManagedRuntimes {
 public:
  ManagedRuntimes(Store& store, BlockingPool& pool) : store_(store), pool_(pool) {}

  /// With the AWS SDK if there is one by now. Nothing: not a runtime of Python, Node.js or Java, or the machine has no
  /// interpreter or JDK for it, or the disk failed.
  Task<std::optional<RuntimeLaunch>> find(std::string runtime);

 private:
  struct Known {
    Language language;
    Interpreter interpreter;
    RuntimeLaunch launch;
  };

  Store& store_;
  BlockingPool& pool_;
  std::map<std::string, Known, std::less<>> known_;
};

}  // namespace sortie::emulator::lambda
