#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "emulator/emulator.h"
#include "emulator/instance/instance.h"

namespace sortie::cli {

/// `serve --as-role`: what the options say.
struct RoleOptions {
  std::string role;                 ///< name or ARN
  std::string policy_file;          ///< empty: the role must be there
  std::vector<std::string> mounts;  ///< host paths shown beside the working folder
  bool as_container = false;        ///< the credentials come from the container endpoint, not from instance metadata
};

/// A command run as if it were on EC2 under a role: in a sandbox of its own, see emulator/instance/instance.h. Its
/// standard input is empty, its outputs are ours. io_context thread only.
class RoleCommand {
 public:
  /// Makes the role when a policy is given, and the sandbox, which sees the working folder read-only.
  static Task<Result<RoleCommand>> prepare(Context& context, emulator::Emulator& emulator, const std::string& region,
                                           const RoleOptions& options, bool host_network);
  /// Starts the command and waits for its end: its exit status as a shell tells it. Everything it printed has been
  /// written then.
  Task<Result<int>> run(const std::vector<std::string>& command);
  void signal(int number);

 private:
  RoleCommand(std::unique_ptr<emulator::Ec2Instance> instance, std::string folder,
              std::vector<std::pair<std::string, std::string>> environment)
      : instance_(std::move(instance)), folder_(std::move(folder)), environment_(std::move(environment)) {}

  std::unique_ptr<emulator::Ec2Instance> instance_;
  std::string folder_;
  std::vector<std::pair<std::string, std::string>> environment_;
};

}  // namespace sortie::cli
