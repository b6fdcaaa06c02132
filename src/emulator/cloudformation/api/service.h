#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/cloudformation/engine/engine.h"
#include "emulator/core/operation_table.h"
#include "wire/query_protocol.h"

namespace sortie::emulator::cloudformation {

inline constexpr std::string_view k_namespace = "http://cloudformation.amazonaws.com/doc/2010-05-15/";

/// The service behind `CloudFormation`: finds the operation (operation.h), fetches the documents that the request
/// names, answers. io_context thread only.
class Service {
 public:
  Service(const Executor& executor, const Clock& clock, Store& store, Authorizer& authorizer, Identities& identities,
          ServiceCalls& services, ObjectSource& objects, CloudFormationOptions options);

  Task<http::Response> handle(Call call);
  [[nodiscard]] static std::vector<OperationSummary> operations();
  Task<void> shutdown() { return engine_->shutdown(); }
  void abandon() { engine_->abandon(); }

 private:
  Task<AwsResult<std::string>> run(std::string_view action, const Call& call, const wire::QueryInput& input);

  Authorizer& authorizer_;
  ObjectSource& objects_;
  const std::string account_;
  std::shared_ptr<Engine> engine_;
};

}  // namespace sortie::emulator::cloudformation
