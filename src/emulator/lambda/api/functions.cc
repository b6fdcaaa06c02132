#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "emulator/lambda/api/service.h"
#include "emulator/lambda/catalogue/configuration.h"
#include "wire/checksum.h"
#include "wire/json.h"

/// Functions: create, show, list, change, delete.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

constexpr std::size_t k_direct_zip_limit = 52'428'800;
constexpr std::size_t k_s3_zip_limit = 262'144'000;

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

}  // namespace

Task<AwsResult<void>> Service::check_interpreter(std::string runtime) {
  if (!is_native_runtime(runtime) && !co_await runtimes_.find(runtime)) {
    co_return std::unexpected(runtime_not_served(runtime));
  }
  co_return AwsResult<void>{};
}

Task<AwsResult<Code>> Service::take_code(Request& request, std::string_view member) {
  json::object none;
  auto* found = member.empty() ? nullptr : request.body.if_contains(member);
  auto& code = member.empty() ? request.body : found != nullptr && found->is_object() ? found->get_object() : none;
  for (std::string_view unknown : {"ImageUri", "SourceKMSKeyArn", "S3ObjectStorageMode"}) {
    if (wire::find(code, unknown) != nullptr) {
      co_return std::unexpected(not_implemented("lambda", std::string("code with ").append(unknown)));
    }
  }
  auto* zip = code.if_contains("ZipFile");
  if (zip != nullptr && zip->is_string() && !zip->get_string().empty()) {
    co_return co_await codes_.add_base64(std::move(zip->get_string()), k_direct_zip_limit);
  }
  auto bucket = wire::string_or(code, "S3Bucket");
  auto key = wire::string_or(code, "S3Key");
  if (bucket.empty() || key.empty()) {
    co_return std::unexpected(invalid_parameter("Please provide a source for function code."));
  }
  auto object =
      co_await objects_.get_object(request.call, bucket, key, wire::string_or(code, "S3ObjectVersion"), k_s3_zip_limit);
  if (!object) {
    auto message = object.error().message;
    if (object.error().code == "NoSuchBucket" && message.ends_with('.')) message.pop_back();
    co_return std::unexpected(invalid_parameter(fmt::format(
        "Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}", object.error().code, message)));
  }
  co_return co_await codes_.add(*std::move(object), k_s3_zip_limit);
}

Task<Service::Answer> Service::create_function(Request& request) {
  auto text = wire::string_or(request.body, "FunctionName");
  auto ref = name_of(request, NameUse::create, text, {});
  if (!ref) co_return std::unexpected(ref.error());
  Function function{.region = ref->region, .account = options_.account, .name = ref->name};
  if (auto allowed = authorize(request.call, "lambda:CreateFunction", function.arn()); !allowed) {
    co_return std::unexpected(allowed.error());
  }
  if (auto applied = apply_configuration(request.body, Change::create, function.name, function.latest); !applied) {
    co_return std::unexpected(applied.error());
  }
  if (auto served = co_await check_interpreter(function.latest.runtime); !served) {
    co_return std::unexpected(served.error());
  }
  if (auto layers = co_await apply_layers(request, function.latest); !layers) {
    co_return std::unexpected(layers.error());
  }
  function.tags = wire::string_map(wire::object_or_empty(request.body, "Tags"));
  if (auto tags = check_tags(function.tags); !tags) co_return std::unexpected(tags.error());
  if (auto passed = may_pass_role(request.call, function.latest.role); !passed) {
    co_return std::unexpected(passed.error());
  }
  function.code_signing_config = wire::string_or(request.body, "CodeSigningConfigArn");
  if (auto unsigned_too = check_code_signing(function); !unsigned_too) co_return std::unexpected(unsigned_too.error());
  auto exists = aws_fail(409, "ResourceConflictException", "Function already exist: " + function.name);
  if (registry_.find(function.region, function.name) != nullptr) co_return exists;
  auto turn = co_await code_turn_.take();
  if (is_native_runtime(function.latest.runtime)) pool_->prepare();
  auto code = co_await take_code(request, "Code");
  if (!code) co_return std::unexpected(code.error());
  if (registry_.find(function.region, function.name) != nullptr) co_return exists;
  function.latest.code_id = code->id;
  function.latest.code_sha256 = code->sha256;
  function.latest.code_size = code->size;
  if (auto fits = co_await check_unpacked_size(function.latest); !fits) co_return std::unexpected(fits.error());
  touch(function.latest, Version::Status::creating);
  const Version* shown = nullptr;
  if (wire::bool_or(request.body, "Publish")) {
    shown = &publish(function, function.latest.description, Version::Status::creating);
  }
  auto document = configuration_document(function, shown != nullptr ? *shown : function.latest);
  document["FunctionArn"] = function.arn();
  auto& kept = registry_.insert(std::move(function));
  activate_later(kept);
  co_return json_response(201, document, request.call.request_id);
}

Task<Service::Answer> Service::get_function(Request& request) {
  auto target = find_target(request, "GetFunction");
  if (!target) co_return std::unexpected(target.error());
  json::object code{{"RepositoryType", "S3"}};
  auto location = code_location(request.call, "functions", target->function->name, target->version->code_id);
  if (!location.empty()) code.emplace("Location", location);
  json::object document{{"Code", std::move(code)}};
  document.emplace("Configuration", configuration_document(*target->function, *target->version, target->ref.qualifier));
  if (!target->function->tags.empty()) document.emplace("Tags", json::value_from(target->function->tags));
  if (target->function->reserved_concurrency) {
    document.emplace("Concurrency",
                     json::object{{"ReservedConcurrentExecutions", *target->function->reserved_concurrency}});
  }
  co_return json_response(200, document, request.call.request_id);
}

Task<Service::Answer> Service::get_function_configuration(Request& request) {
  auto target = find_target(request, "GetFunctionConfiguration");
  if (!target) co_return std::unexpected(target.error());
  co_return json_response(200, configuration_document(*target->function, *target->version, target->ref.qualifier),
                          request.call.request_id);
}

Task<Service::Answer> Service::list_functions(Request& request) {
  if (auto allowed = authorize(request.call, "lambda:ListFunctions", "*"); !allowed) {
    co_return std::unexpected(allowed.error());
  }
  auto page = read_page(request.query("MaxItems"), request.query("Marker"));
  if (!page) co_return std::unexpected(page.error());
  bool all_versions = request.query("FunctionVersion") == "ALL";
  std::vector<std::pair<std::string, json::object>> items;
  for (const auto& [key, function] : registry_.all()) {
    if (function.region != request.call.region) continue;
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
  co_return json_response(200, page_document("Functions", std::move(items), *page), request.call.request_id);
}

Task<Service::Answer> Service::update_function_code(Request& request) {
  auto target = find_target(request, "UpdateFunctionCode");
  if (!target) co_return std::unexpected(target.error());
  if (auto changeable = check_changeable(*target->function, request.body); !changeable) {
    co_return std::unexpected(changeable.error());
  }
  Version changed = target->function->latest;
  json::object only_architecture;
  if (const auto* list = wire::find(request.body, "Architectures")) only_architecture.emplace("Architectures", *list);
  if (auto applied = apply_configuration(only_architecture, Change::update, target->ref.name, changed); !applied) {
    co_return std::unexpected(applied.error());
  }
  if (auto unsigned_too = check_code_signing(*target->function); !unsigned_too) {
    co_return std::unexpected(unsigned_too.error());
  }
  auto turn = co_await code_turn_.take();
  auto code = co_await take_code(request, {});
  if (!code) co_return std::unexpected(code.error());
  // The function may have changed while the code was unpacked.
  auto* function = registry_.find(target->ref.region, target->ref.name);
  if (function == nullptr) co_return std::unexpected(function_not_found(target->ref.arn()));
  if (auto changeable = check_changeable(*function, request.body); !changeable) {
    co_return std::unexpected(changeable.error());
  }
  changed.code_id = code->id;
  changed.code_sha256 = code->sha256;
  changed.code_size = code->size;
  if (wire::bool_or(request.body, "DryRun")) {
    co_return json_response(200, configuration_document(*function, changed), request.call.request_id);
  }
  auto old_code = std::exchange(function->latest, std::move(changed)).code_id;
  touch(function->latest, Version::Status::updating);
  drain(*function, k_latest);
  const Version* shown = &function->latest;
  if (wire::bool_or(request.body, "Publish")) {
    shown = &publish(*function, function->latest.description, Version::Status::creating);
  }
  registry_.save(*function);
  activate_later(*function);
  if (old_code != code->id) collect_later(old_code);
  co_return json_response(200, configuration_document(*function, *shown), request.call.request_id);
}

Task<Service::Answer> Service::update_function_configuration(Request& request) {
  auto target = find_target(request, "UpdateFunctionConfiguration");
  if (!target) co_return std::unexpected(target.error());
  if (auto runtime = wire::string_or(request.body, "Runtime"); parse_managed_runtime(runtime)) {
    if (auto served = co_await check_interpreter(runtime); !served) co_return std::unexpected(served.error());
    target = find_target(request, "UpdateFunctionConfiguration");  // others may have come in between
    if (!target) co_return std::unexpected(target.error());
  }
  auto& function = *target->function;
  if (auto changeable = check_changeable(function, request.body); !changeable) {
    co_return std::unexpected(changeable.error());
  }
  Version changed = function.latest;
  if (auto applied = apply_configuration(request.body, Change::update, function.name, changed); !applied) {
    co_return std::unexpected(applied.error());
  }
  if (auto layers = co_await apply_layers(request, changed); !layers) co_return std::unexpected(layers.error());
  if (changed.layers != function.latest.layers) {
    if (auto fits = co_await check_unpacked_size(changed); !fits) co_return std::unexpected(fits.error());
    auto again = find_target(request, "UpdateFunctionConfiguration");  // others may have come in between
    if (!again) co_return std::unexpected(again.error());
    if (again->function != &function) co_return std::unexpected(function_not_found(target->ref.arn()));
    if (auto changeable = check_changeable(function, request.body); !changeable) {
      co_return std::unexpected(changeable.error());
    }
  }
  if (changed.role != function.latest.role) {
    if (auto passed = may_pass_role(request.call, changed.role); !passed) co_return std::unexpected(passed.error());
  }
  const auto before = std::exchange(function.latest, std::move(changed));
  touch(function.latest, Version::Status::updating);
  drain(function, k_latest);
  registry_.save(function);
  activate_later(function);
  for (const auto& layer : before.layers) collect_later(layer.code_id);
  co_return json_response(200, configuration_document(function, function.latest), request.call.request_id);
}

Task<Service::Answer> Service::delete_function(Request& request) {
  auto target = find_target(request, "DeleteFunction");
  if (!target) co_return std::unexpected(target.error());
  if (target->function->aliases.contains(target->ref.qualifier)) {
    co_return std::unexpected(invalid_parameter("Deletion of aliases is not currently supported."));
  }
  auto& function = *target->function;
  const auto& qualifier = target->ref.qualifier;
  if (qualifier == k_latest) {
    co_return std::unexpected(invalid_parameter("$LATEST version cannot be deleted without deleting the function."));
  }
  if (!qualifier.empty()) co_return delete_version(function, *target->version, request.call.request_id);
  auto code = packages_of(function.latest);
  unprovision(function);
  drain(function, k_latest);
  for (const auto& [number, version] : function.versions) {
    drain(function, version.version);
    for (auto& id : packages_of(version)) code.push_back(std::move(id));
  }
  registry_.erase(target->ref.region, target->ref.name);
  for (auto& id : code) collect_later(id);
  co_return empty_response(204, request.call.request_id);
}

Service::Answer Service::delete_version(Function& function, const Version& version, const std::string& request_id) {
  auto name = version.version;
  for (const auto& [alias_name, alias] : function.aliases) {
    if (alias.version == name || alias.weights.contains(name)) {
      return aws_fail(
          409, "ResourceConflictException",
          fmt::format("Version was not deleted because the following aliases reference it: [{}]", alias_name));
    }
  }
  auto code = packages_of(version);
  pool_->unprovision(function.arn(name));
  drain(function, name);
  std::erase_if(function.versions, [&name](const auto& item) { return item.second.version == name; });
  function.forget(name);
  registry_.save(function);
  for (const auto& id : code) collect_later(id);
  return empty_response(204, request_id);
}

}  // namespace sortie::emulator::lambda
