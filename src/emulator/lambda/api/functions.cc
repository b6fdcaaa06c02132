#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "emulator/lambda/api/code_upload.h"
#include "emulator/lambda/api/function_signing.h"
#include "emulator/lambda/api/layer_access.h"
#include "emulator/lambda/api/operation.h"
#include "emulator/lambda/catalogue/configuration.h"
#include "wire/checksum.h"
#include "wire/json.h"

/// Functions: create, show, list, change, delete.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

AwsError update_in_progress(const Function& function) {
  return {409,
          "ResourceConflictException",
          "The operation cannot be performed at this time. An update is in progress for resource: " + function.arn(),
          {}};
}

AwsResult<void> check_changeable(const Function& function, const json::object& body) {
  if (function.latest.status == Version::Status::creating) {
    return aws_fail(409, "ResourceConflictException",
                    "The operation cannot be performed at this time. The function is currently in the following state: "
                    "Pending");
  }
  if (function.latest.status == Version::Status::updating) return std::unexpected(update_in_progress(function));
  auto revision = wire::string_or(body, "RevisionId");
  if (!revision.empty() && revision != function.latest.revision_id) return std::unexpected(wrong_revision());
  return {};
}

/// Refuses a managed runtime that this machine has no interpreter for.
Task<AwsResult<void>> check_interpreter(Operation& operation, std::string runtime) {
  if (!is_native_runtime(runtime) && !co_await operation.runtimes.find(runtime)) {
    co_return std::unexpected(runtime_not_served(runtime));
  }
  co_return AwsResult<void>{};
}

Task<Answer> create_function(Operation& operation) {
  auto text = wire::string_or(operation.body, "FunctionName");
  ASSIGN_OR_CO_RETURN(auto ref, operation.name_of(NameUse::create, text, {}));
  Function function{.region = ref.region, .account = operation.account, .name = ref.name};
  CO_RETURN_IF_ERROR(operation.allow("CreateFunction", function.arn()));
  CO_RETURN_IF_ERROR(apply_configuration(operation.body, Change::create, function.name, function.latest));
  CO_RETURN_IF_ERROR(co_await check_interpreter(operation, function.latest.runtime));
  CO_RETURN_IF_ERROR(apply_layers(operation, function.latest));
  function.tags = wire::string_map(wire::object_or_empty(operation.body, "Tags"));
  CO_RETURN_IF_ERROR(check_tags(function.tags));
  CO_RETURN_IF_ERROR(operation.permissions.check_pass_role(operation.call, function.latest.role));
  function.code_signing_config = wire::string_or(operation.body, "CodeSigningConfigArn");
  CO_RETURN_IF_ERROR(check_code_signing(operation, function));
  auto exists = aws_fail(409, "ResourceConflictException", "Function already exist: " + function.name);
  if (operation.functions.find(function.region, function.name) != nullptr) co_return exists;
  auto turn = co_await operation.packages.take_turn();
  if (is_native_runtime(function.latest.runtime)) operation.environments.prepare();
  ASSIGN_OR_CO_RETURN(auto code, co_await take_code(operation, "Code"));
  if (operation.functions.find(function.region, function.name) != nullptr) co_return exists;
  function.latest.code_id = code.id;
  function.latest.code_sha256 = code.sha256;
  function.latest.code_size = code.size;
  CO_RETURN_IF_ERROR(co_await check_unpacked_size(operation, function.latest));
  operation.activations.mark_changed(function.latest, Version::Status::creating);
  const Version* shown = nullptr;
  if (wire::bool_or(operation.body, "Publish")) {
    shown = &publish(function, function.latest.description, Version::Status::creating);
  }
  auto document = configuration_document(function, shown != nullptr ? *shown : function.latest);
  document["FunctionArn"] = function.arn();
  auto& kept = operation.functions.insert(std::move(function));
  operation.activations.activate_later(kept);
  co_return json_response(201, document, operation.call.request_id);
}

Task<Answer> get_function(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_target(operation, "GetFunction"));
  json::object code{{"RepositoryType", "S3"}};
  auto location = code_location(operation, "functions", target.function->name, target.version->code_id);
  if (!location.empty()) code.emplace("Location", location);
  json::object document{{"Code", std::move(code)}};
  document.emplace("Configuration", configuration_document(*target.function, *target.version, target.ref.qualifier));
  if (!target.function->tags.empty()) document.emplace("Tags", json::value_from(target.function->tags));
  if (target.function->reserved_concurrency) {
    document.emplace("Concurrency",
                     json::object{{"ReservedConcurrentExecutions", *target.function->reserved_concurrency}});
  }
  co_return json_response(200, document, operation.call.request_id);
}

Task<Answer> get_function_configuration(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_target(operation, "GetFunctionConfiguration"));
  co_return json_response(200, configuration_document(*target.function, *target.version, target.ref.qualifier),
                          operation.call.request_id);
}

Task<Answer> list_functions(Operation& operation) {
  CO_RETURN_IF_ERROR(operation.allow("ListFunctions", "*"));
  ASSIGN_OR_CO_RETURN(auto page, read_page(operation.query("MaxItems"), operation.query("Marker")));
  bool all_versions = operation.query("FunctionVersion") == "ALL";
  std::vector<std::pair<std::string, json::object>> items;
  for (const auto& [key, function] : operation.functions.all()) {
    if (function.region != operation.call.region) continue;
    items.emplace_back(function.name,
                       configuration_document(function, function.latest, all_versions ? k_latest : std::string_view()));
    if (!all_versions) continue;
    // '!' sorts before every character of a name: a function's versions follow it directly.
    for (const auto& [number, version] : function.versions) {
      items.emplace_back(fmt::format("{}!{:010}", function.name, number), configuration_document(function, version));
    }
  }
  // Lists show functions as they are, without the state of a change.
  for (auto& [name, document] : items) {
    for (auto member : {"State", "StateReason", "StateReasonCode", "LastUpdateStatus", "LastUpdateStatusReason",
                        "LastUpdateStatusReasonCode", "RuntimeVersionConfig"}) {
      document.erase(member);
    }
  }
  co_return json_response(200, page_document("Functions", std::move(items), page), operation.call.request_id);
}

Task<Answer> update_function_code(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_target(operation, "UpdateFunctionCode"));
  CO_RETURN_IF_ERROR(check_changeable(*target.function, operation.body));
  Version changed = target.function->latest;
  json::object only_architecture;
  if (const auto* list = wire::find(operation.body, "Architectures")) only_architecture.emplace("Architectures", *list);
  CO_RETURN_IF_ERROR(apply_configuration(only_architecture, Change::update, target.ref.name, changed));
  CO_RETURN_IF_ERROR(check_code_signing(operation, *target.function));
  auto turn = co_await operation.packages.take_turn();
  ASSIGN_OR_CO_RETURN(auto code, co_await take_code(operation, {}));
  // The function may have changed while the code was unpacked.
  auto* function = operation.functions.find(target.ref.region, target.ref.name);
  if (function == nullptr) co_return std::unexpected(function_not_found(target.ref.arn()));
  CO_RETURN_IF_ERROR(check_changeable(*function, operation.body));
  changed.code_id = code.id;
  changed.code_sha256 = code.sha256;
  changed.code_size = code.size;
  if (wire::bool_or(operation.body, "DryRun")) {
    co_return json_response(200, configuration_document(*function, changed), operation.call.request_id);
  }
  auto old_code = std::exchange(function->latest, std::move(changed)).code_id;
  operation.activations.mark_changed(function->latest, Version::Status::updating);
  operation.deployments.drain(*function, k_latest);
  const Version* shown = &function->latest;
  if (wire::bool_or(operation.body, "Publish")) {
    shown = &publish(*function, function->latest.description, Version::Status::creating);
  }
  operation.functions.save(*function);
  operation.activations.activate_later(*function);
  if (old_code != code.id) operation.packages.collect_later({old_code});
  co_return json_response(200, configuration_document(*function, *shown), operation.call.request_id);
}

Task<Answer> update_function_configuration(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_target(operation, "UpdateFunctionConfiguration"));
  if (auto runtime = wire::string_or(operation.body, "Runtime"); parse_managed_runtime(runtime)) {
    CO_RETURN_IF_ERROR(co_await check_interpreter(operation, runtime));
    // Others may have come in between.
    ASSIGN_OR_CO_RETURN(target, find_target(operation, "UpdateFunctionConfiguration"));
  }
  auto& function = *target.function;
  CO_RETURN_IF_ERROR(check_changeable(function, operation.body));
  Version changed = function.latest;
  CO_RETURN_IF_ERROR(apply_configuration(operation.body, Change::update, function.name, changed));
  CO_RETURN_IF_ERROR(apply_layers(operation, changed));
  if (changed.layers != function.latest.layers) {
    CO_RETURN_IF_ERROR(co_await check_unpacked_size(operation, changed));
    // Others may have come in between.
    ASSIGN_OR_CO_RETURN(const auto again, find_target(operation, "UpdateFunctionConfiguration"));
    if (again.function != &function) co_return std::unexpected(function_not_found(target.ref.arn()));
    CO_RETURN_IF_ERROR(check_changeable(function, operation.body));
  }
  if (changed.role != function.latest.role) {
    CO_RETURN_IF_ERROR(operation.permissions.check_pass_role(operation.call, changed.role));
  }
  const auto before = std::exchange(function.latest, std::move(changed));
  operation.activations.mark_changed(function.latest, Version::Status::updating);
  operation.deployments.drain(function, k_latest);
  operation.functions.save(function);
  operation.activations.activate_later(function);
  std::vector<std::string> unused;
  for (const auto& layer : before.layers) unused.push_back(layer.code_id);
  operation.packages.collect_later(std::move(unused));
  co_return json_response(200, configuration_document(function, function.latest), operation.call.request_id);
}

Answer delete_version(Operation& operation, Function& function, const Version& version) {
  auto name = version.version;
  for (const auto& [alias_name, alias] : function.aliases) {
    if (alias.version == name || alias.weights.contains(name)) {
      return aws_fail(
          409, "ResourceConflictException",
          fmt::format("Version was not deleted because the following aliases reference it: [{}]", alias_name));
    }
  }
  auto code = packages_of(version);
  operation.provisioner.unprovision(function, name);
  operation.deployments.drain(function, name);
  std::erase_if(function.versions, [&name](const auto& item) { return item.second.version == name; });
  function.forget(name);
  operation.functions.save(function);
  operation.packages.collect_later(std::move(code));
  return empty_response(204, operation.call.request_id);
}

Task<Answer> delete_function(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_target(operation, "DeleteFunction"));
  if (target.function->aliases.contains(target.ref.qualifier)) {
    co_return std::unexpected(invalid_parameter("Deletion of aliases is not currently supported."));
  }
  auto& function = *target.function;
  const auto& qualifier = target.ref.qualifier;
  if (qualifier == k_latest) {
    co_return std::unexpected(invalid_parameter("$LATEST version cannot be deleted without deleting the function."));
  }
  if (!qualifier.empty()) co_return delete_version(operation, function, *target.version);
  auto code = packages_of(function.latest);
  operation.provisioner.unprovision(function);
  operation.deployments.drain(function, k_latest);
  for (const auto& [number, version] : function.versions) {
    operation.deployments.drain(function, version.version);
    for (auto& id : packages_of(version)) code.push_back(std::move(id));
  }
  operation.functions.erase(target.ref.region, target.ref.name);
  operation.packages.collect_later(std::move(code));
  co_return empty_response(204, operation.call.request_id);
}

constexpr Row k_operations[] = {
    {"CreateFunction",
     create_function,
     {.method = "POST", .path = "/2015-03-31/functions", .json_body = true},
     "VPC, file systems, container images, dead-letter queues"},
    {"ListFunctions", list_functions, {.method = "GET", .path = "/2015-03-31/functions"}},
    {"GetFunction", get_function, {.method = "GET", .path = "/2015-03-31/functions/{FunctionName}"}},
    {"DeleteFunction", delete_function, {.method = "DELETE", .path = "/2015-03-31/functions/{FunctionName}"}},
    {"GetFunctionConfiguration",
     get_function_configuration,
     {.method = "GET", .path = "/2015-03-31/functions/{FunctionName}/configuration"}},
    {"UpdateFunctionConfiguration",
     update_function_configuration,
     {.method = "PUT", .path = "/2015-03-31/functions/{FunctionName}/configuration", .json_body = true}},
    {"UpdateFunctionCode",
     update_function_code,
     {.method = "PUT", .path = "/2015-03-31/functions/{FunctionName}/code", .json_body = true}},
};

}  // namespace

std::span<const Row> function_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::lambda
