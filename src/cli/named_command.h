#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/task.h"
#include "base/unique_fd.h"
#include "cli/command.h"
#include "emulator/instance/aws_names.h"
#include "http/service.h"
#include "sandbox/notifier.h"

namespace sortie::cli {

/// `serve --names`: a command for which AWS's own host names lead to the embedded AWS. Everything else is as it is
/// outside: files, terminal, user, every other host. Nothing is asked of the system but seccomp's user notifications
/// (Linux 5.9). io_context thread only.
class NamedCommand {
 public:
  /// Starts it. ErrorKind::usage when it cannot be executed, ErrorKind::config when the system has no such filters.
  /// `environment` is the whole of it, but for the variables by which clients find certificates.
  static Task<Result<std::unique_ptr<NamedCommand>>> start(const Executor& executor, http::Service& aws,
                                                           const std::vector<std::string>& argv,
                                                           std::map<std::string, std::string> environment);
  ~NamedCommand();
  NamedCommand(const NamedCommand&) = delete;
  NamedCommand& operator=(const NamedCommand&) = delete;

  /// Its exit status as a shell tells it: 128 + the signal when one killed it.
  Task<Result<int>> wait();
  void signal(int number) const;

 private:
  NamedCommand() = default;
  Result<void> write_certificates(std::map<std::string, std::string>& environment);

  std::unique_ptr<emulator::AwsNames> names_;
  std::filesystem::path folder_;  ///< of the certificates
  sandbox::NotifiedProcess process_;
  std::unique_ptr<sandbox::Notifier> notifier_;
};

}  // namespace sortie::cli
