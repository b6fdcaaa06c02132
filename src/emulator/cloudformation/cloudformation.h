#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/task.h"
#include "emulator/core/call.h"
#include "emulator/core/ports.h"
#include "emulator/core/store.h"

namespace sortie::emulator {

namespace cloudformation {
class Service;
}

struct CloudFormationOptions {
  std::string account;
  /// How long the creation of a function is tried again because Lambda cannot assume a role that was just made.
  std::chrono::milliseconds role_patience{0};
  bool functions_on_host_network = false;  ///< they do not reach the answers' URL of custom resources
};

/// AWS CloudFormation (query protocol, 2010-05-15): stacks, change sets, and the resources that the embedded AWS's
/// other services have, made by those services' own requests in the name of the stack's caller or of its role. State is
/// in the store; an operation that an earlier process did not finish is marked failed when this is constructed.
/// io_context thread only; everything referred to must outlive the object.
class CloudFormation final : public AwsService {
 public:
  CloudFormation(Executor executor, const Clock& clock, Store& store, Authorizer& authorizer, Identities& identities,
                 ServiceCalls& services, ObjectSource& objects, CloudFormationOptions options);
  /// Running operations stop before their next request.
  ~CloudFormation() override;

  [[nodiscard]] std::string_view name() const override { return "cloudformation"; }
  Task<http::Response> handle(Call call) override;
  [[nodiscard]] http::Response render_error(const AwsError& error, const std::string& request_id,
                                            const http::Request& request) const override;
  /// Stops operations between two requests and waits for that, at most a few seconds.
  Task<void> shutdown();

 private:
  std::shared_ptr<cloudformation::Service> service_;
};

}  // namespace sortie::emulator
