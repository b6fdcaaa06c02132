#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/task.h"
#include "emulator/cloudformation/engine/options.h"
#include "emulator/core/call.h"
#include "emulator/core/ports.h"
#include "emulator/core/store.h"

namespace sortie::emulator {

namespace cloudformation {
class Service;
}

/// AWS CloudFormation (query protocol, 2010-05-15): stacks, change sets, and the resources that the embedded AWS's
/// other services have, made by requests to those services that are authorized as the stack's caller or its role. State
/// is in the store; an operation that an earlier process did not finish is marked failed when this is constructed.
/// io_context thread only; everything referred to must outlive the object.
class CloudFormation final : public AwsService {
 public:
  CloudFormation(Executor executor, const Clock& clock, Store& store, Authorizer& authorizer, Identities& identities,
                 ServiceCalls& services, ObjectSource& objects, CloudFormationOptions options);
  /// Running operations stop before their next request.
  ~CloudFormation() override;

  [[nodiscard]] std::string_view name() const override { return "cloudformation"; }
  [[nodiscard]] std::vector<OperationSummary> operations() const override;
  Task<http::Response> handle(Call call) override;
  [[nodiscard]] http::Response render_error(const AwsError& error, const std::string& request_id,
                                            const http::Request& request) const override;
  /// Stops operations between two requests and waits for that, at most a few seconds.
  Task<void> shutdown();

 private:
  std::shared_ptr<cloudformation::Service> service_;
};

}  // namespace sortie::emulator
