#pragma once

#include <string>

#include "base/clock.h"
#include "package/package.h"
#include "run/event.h"
#include "run/target.h"
#include "run/waits.h"

namespace sortie::run {

struct DeploySpec {
  std::string role_arn;      ///< the function's role; empty: one is made for the run and removed after it
  std::string role_policy;   ///< JSON, on top of writing logs, for the role that is made
  bool role_is_new = false;  ///< of `role_arn`: it may take a while until Lambda can assume it
  int memory_mb = 1769;
  int timeout_seconds = 900;
  bool keep = false;  ///< leave function, role and log behind: the next run of the same package uploads nothing
  /// For a new role: "changes that I make are not always immediately visible" (IAM user guide), seconds as a rule.
  Patience role_assumable{.total = std::chrono::seconds(60)};
};

/// A function made of a package, and what had to be made for it. io_context thread only.
class Deployment {
 public:
  /// Makes role and function, or takes up the function when it is there with the same code; waits until it is Active.
  static Task<Result<Deployment>> create(Target& target, const package::Package& package, DeploySpec spec);

  [[nodiscard]] const std::string& function_name() const { return function_; }
  [[nodiscard]] const std::string& architecture() const { return architecture_; }
  [[nodiscard]] int memory_mb() const { return memory_mb_; }
  [[nodiscard]] std::string log_group() const { return "/aws/lambda/" + function_; }
  /// True when no code had to be sent.
  [[nodiscard]] bool reused() const { return reused_; }
  /// Removes what `create` made, unless it is to be kept. Says what could not be removed.
  Task<Result<void>> remove();

 private:
  explicit Deployment(Target& target) : target_(&target) {}
  Task<Result<void>> make(const package::Package& package, const DeploySpec& spec);
  Task<Result<void>> make_role(const DeploySpec& spec);
  Task<Result<void>> make_function(const package::Package& package, const DeploySpec& spec);
  Task<Result<void>> create_function(const package::Package& package, const DeploySpec& spec);
  Task<Result<void>> take_up(const aws::FunctionConfiguration& there, const package::Package& package,
                             const DeploySpec& spec);

  Target* target_;
  std::string function_;
  std::string architecture_;
  std::string role_name_;
  std::string role_arn_;
  int memory_mb_ = 0;
  bool role_made_ = false;
  bool function_made_ = false;
  bool reused_ = false;
};

}  // namespace sortie::run
