#pragma once

#include <map>
#include <string>
#include <utility>

#include "run/target.h"
#include "run/waits.h"

namespace sortie::run {

struct StackSpec {
  std::string label;          ///< what the user calls it: the template's file name without its ending
  std::string template_text;  ///< JSON or YAML, at most 51,200 bytes
  std::string digest;  ///< letters and digits that stand for the text; a part of the name of a stack that is kept
  std::string name;    ///< of the stack; empty: a short one is made up, `sortie-LABEL-x7k2p9`
  bool keep = false;   ///< leave it behind: the next run with the same template takes it up
  Patience settled{.total = std::chrono::minutes(15)};  ///< for it to be made, and to be gone
};

/// A CloudFormation stack for the time of a run: what the suite needs, and the role it runs under. io_context thread
/// only.
class Stack {
 public:
  /// Creates the stack and waits until it is there. When it fails it is removed, and the error
  /// names the resource and AWS's reason. A stack of that name that is there already is taken up when it is to be kept,
  /// and is an error otherwise: it would be removed with the run.
  static Task<Result<Stack>> create(Target& target, StackSpec spec);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::map<std::string, std::string>& outputs() const { return outputs_; }
  /// The role for the function: the only role among the outputs' values, or the only one among the resources, or the
  /// output `RoleArn`.
  [[nodiscard]] const std::string& role_arn() const { return role_arn_; }
  /// `blobstore: role, bucket`
  [[nodiscard]] const std::string& summary() const { return summary_; }
  /// Removes it and waits until it is gone, unless it is to be kept. Says what could not be removed.
  Task<Result<void>> remove();

 private:
  Stack(Target& target, Patience settled) : target_(&target), settled_(std::move(settled)) {}
  Task<Result<void>> make(StackSpec spec);
  Task<Result<void>> create_named(const StackSpec& spec);
  Task<Result<void>> wait_until_made();
  Task<Result<void>> read_contents(const std::string& label);
  Task<Result<void>> choose_role(const std::vector<aws::StackResource>& resources);
  Task<std::string> first_failure(std::string_view status_ending);

  Target* target_;
  Patience settled_;
  std::string name_;
  std::string id_;  ///< empty: nothing was made
  std::map<std::string, std::string> outputs_;
  std::string role_arn_;
  std::string summary_;
};

}  // namespace sortie::run
