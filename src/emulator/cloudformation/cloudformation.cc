#include "emulator/cloudformation/cloudformation.h"

#include <fmt/format.h>

#include "emulator/cloudformation/api/service.h"
#include "emulator/core/protocol.h"

namespace sortie::emulator {

CloudFormation::CloudFormation(Executor executor, const Clock& clock, Store& store, Authorizer& authorizer,
                               Identities& identities, ServiceCalls& services, ObjectSource& objects,
                               CloudFormationOptions options)
    : service_(std::make_shared<cloudformation::Service>(executor, clock, store, authorizer, identities, services,
                                                         objects, std::move(options))) {}

CloudFormation::~CloudFormation() {
  service_->abandon();
}

std::vector<OperationSummary> CloudFormation::operations() const {
  return cloudformation::Service::operations();
}

Task<http::Response> CloudFormation::handle(Call call) {
  return service_->handle(std::move(call));
}

http::Response CloudFormation::render_error(const AwsError& error, const std::string& request_id,
                                            const http::Request& /*request*/) const {
  return render_query_error(cloudformation::k_namespace, error, request_id);
}

Task<void> CloudFormation::shutdown() {
  return service_->shutdown();
}

}  // namespace sortie::emulator
