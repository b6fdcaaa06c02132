#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "harness/private_file.h"
#include "harness/process.h"
#include "suite/framework.h"
#include "suite/protocol.h"

namespace sortie::harness {

/// Where things are in this execution environment.
struct Folders {
  std::string task;  ///< LAMBDA_TASK_ROOT
  std::string tmp;   ///< the writable folder
};
Folders find_folders();

/// A process of the suite that can be started, and the files that go with it.
struct Prepared {
  Launch launch;
  std::vector<PrivateFile> files;
  std::optional<PrivateFile> result;  ///< what the suite writes
};

/// The files of one request: the working copy of the package when the suite wants one, and a scratch folder for each
/// process that needs folders. All of it is removed at the end. What harness and suite hand each other does not lie
/// there, see PrivateFile.
class Workspace {
 public:
  Workspace(const suite::SuiteSpec& suite, Folders folders, std::string trace_id);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  /// The path of a scratch folder that is not there yet; the one before is removed.
  std::string next_scratch();
  /// How to start the suite for `invocation`; makes its folders, writes its input files. In a working copy that a test
  /// has damaged, the copy is made anew.
  Result<Prepared> prepare(suite::CommandSpec invocation);

 private:
  Result<void> refresh_copy();
  [[nodiscard]] Result<Launch> launch_of(const suite::CommandSpec& invocation) const;
  [[nodiscard]] std::vector<std::string> environment(const suite::CommandSpec& invocation) const;

  const suite::SuiteSpec& suite_;
  Folders folders_;
  std::string trace_id_;
  std::string root_;  ///< below folders_.tmp
  std::string base_;  ///< where the suite runs: the task folder or its copy
  int scratch_count_ = 0;
  std::string scratch_;
};

}  // namespace sortie::harness
