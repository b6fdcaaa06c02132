#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "base/task.h"
#include "emulator/cloudformation/engine/caller.h"
#include "emulator/cloudformation/stack/stack_store.h"
#include "emulator/cloudformation/template/macros.h"
#include "emulator/core/ports.h"

namespace sortie::emulator::cloudformation {

/// Runs one macro: AWS::Include reads from S3, the others are functions that resources of type
/// AWS::CloudFormation::Macro name. Both are authorized as the caller of the stack operation. The references must
/// outlive it; io_context thread only.
class MacroCalls {
 public:
  MacroCalls(ServiceCalls& services, ObjectSource& objects, const StackStore& stacks, std::string account)
      : services_(services), objects_(objects), stacks_(stacks), account_(std::move(account)) {}

  /// What the template's parameters are for its macros: texts, and lists of texts.
  using ParameterValues = boost::json::object;

  /// The fragment that comes back. Errors are the reasons that a stack or change set gets for its failure. The
  /// transform's parameters are resolved.
  Task<AwsResult<boost::json::value>> run(Caller caller, Transform transform, boost::json::value fragment,
                                          ParameterValues values);

 private:
  Task<AwsResult<boost::json::value>> include(Caller caller, Transform transform, boost::json::value fragment);
  Task<AwsResult<boost::json::value>> invoke(Caller caller, Transform transform, boost::json::value fragment,
                                             ParameterValues values);

  ServiceCalls& services_;
  ObjectSource& objects_;
  const StackStore& stacks_;
  std::string account_;
};

/// Reads a macro's answer. `id` is `ACCOUNT::NAME`.
AwsResult<boost::json::value> read_macro_answer(const std::string& id, const std::string& request_id,
                                                std::string_view answer);

}  // namespace sortie::emulator::cloudformation
