#include <fmt/format.h>

#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "emulator/lambda/api/service.h"
#include "wire/json.h"

/// What is kept for a function and does not change how it runs here: what happens to loops of invocations, and when
/// the runtime is updated.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

json::object runtime_document(const Function& function, const std::string& qualifier,
                              const RuntimeManagement& management) {
  json::object document{{"UpdateRuntimeOn", management.update_on}, {"FunctionArn", function.arn(qualifier)}};
  if (!management.version_arn.empty()) document.emplace("RuntimeVersionArn", management.version_arn);
  return document;
}

}  // namespace

Task<Service::Answer> Service::get_recursion(Request& request) {
  auto target = find_target(request, "GetFunctionRecursionConfig");
  if (!target) co_return std::unexpected(target.error());
  co_return json_response(200, json::object{{"RecursiveLoop", target->function->recursive_loop}},
                          request.call.request_id);
}

Task<Service::Answer> Service::put_recursion(Request& request) {
  auto wanted = wire::string_or(request.body, "RecursiveLoop");
  if (wanted != "Allow" && wanted != "Terminate") {
    co_return std::unexpected(validation_error({not_in_set(wanted, "recursiveLoop", "Terminate, Allow")}));
  }
  auto target = find_target(request, "PutFunctionRecursionConfig");
  if (!target) co_return std::unexpected(target.error());
  target->function->recursive_loop = wanted;
  registry_.save(*target->function);
  co_return json_response(200, json::object{{"RecursiveLoop", wanted}}, request.call.request_id);
}

Task<Service::Answer> Service::get_runtime_management(Request& request) {
  auto target = find_target(request, "GetRuntimeManagementConfig");
  if (!target) co_return std::unexpected(target.error());
  const auto& known = target->function->runtime_management;
  auto found = known.find(target->version->version);
  co_return json_response(200,
                          runtime_document(*target->function, target->ref.qualifier,
                                           found == known.end() ? RuntimeManagement{} : found->second),
                          request.call.request_id);
}

Task<Service::Answer> Service::put_runtime_management(Request& request) {
  RuntimeManagement wanted{wire::string_or(request.body, "UpdateRuntimeOn"),
                           wire::string_or(request.body, "RuntimeVersionArn")};
  if (wanted.update_on != "Auto" && wanted.update_on != "Manual" && wanted.update_on != "FunctionUpdate") {
    co_return std::unexpected(
        validation_error({not_in_set(wanted.update_on, "updateRuntimeOn", "Auto, FunctionUpdate, Manual")}));
  }
  auto target = find_target(request, "PutRuntimeManagementConfig");
  if (!target) co_return std::unexpected(target.error());
  if (wanted.update_on == "Manual" && wanted.version_arn.empty()) {
    co_return std::unexpected(invalid_parameter("The runtime version ARN is required for the Manual update mode."));
  }
  if (wanted.update_on != "Manual" && !wanted.version_arn.empty()) {
    co_return std::unexpected(
        invalid_parameter("The runtime version ARN can be given for the Manual update mode alone."));
  }
  auto own = runtime_version_arn(target->function->region, target->version->runtime);
  if (!wanted.version_arn.empty() && wanted.version_arn != own) {
    co_return std::unexpected(
        not_implemented("lambda", "PutRuntimeManagementConfig with a runtime version other than " + own));
  }
  auto& kept = target->function->runtime_management[target->version->version] = std::move(wanted);
  registry_.save(*target->function);
  co_return json_response(200, runtime_document(*target->function, target->ref.qualifier, kept),
                          request.call.request_id);
}

}  // namespace sortie::emulator::lambda
