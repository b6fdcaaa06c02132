#include <boost/json.hpp>

#include "emulator/lambda/api/operation.h"
#include "wire/json.h"

/// When the runtime of a function is updated: kept, the runtime is what this machine has.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

json::object runtime_document(const Function& function, const std::string& qualifier,
                              const RuntimeManagement& management) {
  json::object document{{"UpdateRuntimeOn", management.update_on}, {"FunctionArn", function.arn(qualifier)}};
  if (!management.version_arn.empty()) document.emplace("RuntimeVersionArn", management.version_arn);
  return document;
}

Task<Answer> get_runtime_management(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_target(operation, "GetRuntimeManagementConfig"));
  const auto& known = target.function->runtime_management;
  auto found = known.find(target.version->version);
  co_return json_response(200,
                          runtime_document(*target.function, target.ref.qualifier,
                                           found == known.end() ? RuntimeManagement{} : found->second),
                          operation.call.request_id);
}

Task<Answer> put_runtime_management(Operation& operation) {
  RuntimeManagement wanted{wire::string_or(operation.body, "UpdateRuntimeOn"),
                           wire::string_or(operation.body, "RuntimeVersionArn")};
  if (wanted.update_on != "Auto" && wanted.update_on != "Manual" && wanted.update_on != "FunctionUpdate") {
    co_return std::unexpected(
        validation_error({not_in_set(wanted.update_on, "updateRuntimeOn", "Auto, FunctionUpdate, Manual")}));
  }
  ASSIGN_OR_CO_RETURN(auto target, find_target(operation, "PutRuntimeManagementConfig"));
  if (wanted.update_on == "Manual" && wanted.version_arn.empty()) {
    co_return std::unexpected(invalid_parameter("The runtime version ARN is required for the Manual update mode."));
  }
  if (wanted.update_on != "Manual" && !wanted.version_arn.empty()) {
    co_return std::unexpected(
        invalid_parameter("The runtime version ARN can be given for the Manual update mode alone."));
  }
  auto own = runtime_version_arn(target.function->region, target.version->runtime);
  if (!wanted.version_arn.empty() && wanted.version_arn != own) {
    co_return std::unexpected(
        not_implemented("lambda", "PutRuntimeManagementConfig with a runtime version other than " + own));
  }
  auto& kept = target.function->runtime_management[target.version->version] = std::move(wanted);
  operation.functions.save(*target.function);
  co_return json_response(200, runtime_document(*target.function, target.ref.qualifier, kept),
                          operation.call.request_id);
}

constexpr Row k_operations[] = {
    {"GetRuntimeManagementConfig",
     get_runtime_management,
     {.method = "GET", .path = "/2021-07-20/functions/{FunctionName}/runtime-management-config"}},
    {"PutRuntimeManagementConfig",
     put_runtime_management,
     {.method = "PUT", .path = "/2021-07-20/functions/{FunctionName}/runtime-management-config", .json_body = true}},
};

}  // namespace

std::span<const Row> runtime_management_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::lambda
