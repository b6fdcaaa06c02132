#include "emulator/lambda/catalogue/function.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/number.h"
#include "wire/arn.h"
#include "wire/checksum.h"
#include "wire/json.h"

namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

json::object string_members(const std::map<std::string, std::string>& strings) {
  json::object object;
  for (const auto& [name, value] : strings) object.emplace(name, value);
  return object;
}

void add_state(json::object& document, const Version& version) {
  if (version.status == Version::Status::creating) {
    document.emplace("State", "Pending");
    document.emplace("StateReason", "The function is being created.");
    document.emplace("StateReasonCode", "Creating");
    return;
  }
  document.emplace("State", "Active");
  if (version.status == Version::Status::updating) {
    document.emplace("LastUpdateStatus", "InProgress");
    document.emplace("LastUpdateStatusReason", "The function is being created.");
    document.emplace("LastUpdateStatusReasonCode", "Creating");
  } else {
    document.emplace("LastUpdateStatus", "Successful");
  }
}

json::object logging_document(const Version& version) {
  json::object document{{"LogFormat", version.log_format == LogFormat::json ? "JSON" : "Text"},
                        {"LogGroup", version.log_group}};
  if (version.log_format == LogFormat::json) {
    document.emplace("ApplicationLogLevel", version.application_log_level);
    document.emplace("SystemLogLevel", version.system_log_level);
  }
  return document;
}

json::object snap_start_document(const Version& version) {
  if (version.snap_start.empty()) return {{"ApplyOn", "None"}, {"OptimizationStatus", "Off"}};
  return {{"ApplyOn", version.snap_start}, {"OptimizationStatus", version.version == k_latest ? "Off" : "On"}};
}

int to_number(std::string_view text) {
  return parse_number<int>(text).value_or(-1);
}

}  // namespace

std::string Function::arn(std::string_view qualifier) const {
  return FunctionRef{region, account, name, std::string(qualifier)}.arn();
}

const Version* Function::find(std::string_view qualifier) const {
  if (qualifier.empty() || qualifier == k_latest) return &latest;
  if (is_version(qualifier)) {
    auto found = versions.find(to_number(qualifier));
    return found == versions.end() ? nullptr : &found->second;
  }
  auto alias = aliases.find(std::string(qualifier));
  return alias == aliases.end() || alias->second.version == qualifier ? nullptr : find(alias->second.version);
}

const Version* Function::find(std::string_view qualifier, double chance) const {
  auto alias = aliases.find(std::string(qualifier));
  if (alias != aliases.end()) {
    for (const auto& [version, weight] : alias->second.weights) {
      if (chance < weight) return find(version);
    }
  }
  return find(qualifier);
}

std::string Function::provisioned_name(const std::string& qualifier, const std::string& version) const {
  for (const auto& name : {qualifier, version}) {
    if (provisioned.contains(name)) return name;
  }
  for (const auto& [name, alias] : aliases) {
    if (alias.version == version && provisioned.contains(name)) return name;
  }
  return {};
}

int Function::provisioned_total() const {
  int total = 0;
  for (const auto& [qualifier, config] : provisioned) total += config.executions;
  return total;
}

int Function::set_aside() const {
  return reserved_concurrency.value_or(provisioned_total());
}

std::string* Function::revision_of(std::string_view qualifier) {
  if (qualifier.empty() || qualifier == k_latest) return &latest.revision_id;
  if (auto alias = aliases.find(std::string(qualifier)); alias != aliases.end()) return &alias->second.revision_id;
  auto found = versions.find(to_number(qualifier));
  return found == versions.end() ? nullptr : &found->second.revision_id;
}

void Function::forget(const std::string& qualifier) {
  policies.erase(qualifier);
  event_configs.erase(qualifier);
  urls.erase(qualifier);
  provisioned.erase(qualifier);
  runtime_management.erase(qualifier);
}

std::string Function::policy_document(std::string_view qualifier) const {
  // The policy of $LATEST is that of the function: AWS shows one for both.
  auto found = policies.find(qualifier == k_latest ? std::string() : std::string(qualifier));
  if (found == policies.end() || found->second.statements.empty()) return {};
  return json::serialize(
      json::object{{"Version", "2012-10-17"}, {"Id", "default"}, {"Statement", found->second.statements}});
}

bool is_native_runtime(std::string_view runtime) {
  return runtime == "provided.al2023" || runtime == "provided.al2";
}

std::string runtime_version(std::string_view runtime, std::string_view interpreter) {
  if (!interpreter.empty()) {
    return fmt::format("{}:{}.v1", runtime.substr(0, runtime.find_first_of("0123456789")), interpreter);
  }
  auto dot = runtime.find('.');
  return fmt::format("{}:{}.v1", runtime.substr(0, dot), dot == std::string_view::npos ? "" : runtime.substr(dot + 1));
}

std::string runtime_version_arn(std::string_view region, std::string_view runtime) {
  return fmt::format("arn:{}:lambda:{}::runtime:{}", wire::partition_of(region), region,
                     wire::sha256_hex(runtime_version(runtime)));
}

json::object configuration_document(const Function& function, const Version& version, std::string_view qualifier) {
  const bool published = version.version != k_latest;
  if (qualifier.empty() && published) qualifier = version.version;
  json::object document{{"FunctionName", function.name},
                        {"FunctionArn", function.arn(qualifier)},
                        {"Runtime", version.runtime},
                        {"Role", version.role},
                        {"Handler", version.handler},
                        {"CodeSize", version.code_size},
                        {"Description", version.description},
                        {"Timeout", version.timeout.count()},
                        {"MemorySize", version.memory_mb},
                        {"LastModified", version.last_modified},
                        {"CodeSha256", version.code_sha256},
                        {"Version", version.version},
                        {"TracingConfig", json::object{{"Mode", version.tracing_mode}}},
                        {"RevisionId", version.revision_id},
                        {"PackageType", "Zip"},
                        {"Architectures", json::array{version.architecture}},
                        {"EphemeralStorage", json::object{{"Size", version.ephemeral_mb}}},
                        {"SnapStart", snap_start_document(version)},
                        {"RuntimeVersionConfig",
                         json::object{{"RuntimeVersionArn", runtime_version_arn(function.region, version.runtime)}}},
                        {"LoggingConfig", logging_document(version)}};
  if (version.environment) {
    document.emplace("Environment", json::object{{"Variables", string_members(*version.environment)}});
  }
  if (!version.layers.empty()) {
    json::array layers;
    for (const auto& layer : version.layers) {
      layers.push_back(json::object{{"Arn", layer.arn}, {"CodeSize", layer.code_size}});
    }
    document.emplace("Layers", std::move(layers));
  }
  if (!version.kms_key_arn.empty()) document.emplace("KMSKeyArn", version.kms_key_arn);
  add_state(document, version);
  return document;
}

json::object alias_document(const Function& function, const std::string& name, const Alias& alias) {
  json::object document{{"AliasArn", function.arn(name)},
                        {"Name", name},
                        {"FunctionVersion", alias.version},
                        {"Description", alias.description},
                        {"RevisionId", alias.revision_id}};
  if (!alias.weights.empty()) {
    document.emplace("RoutingConfig",
                     json::object{{"AdditionalVersionWeights", json::value_from(alias.weights).as_object()}});
  }
  return document;
}

}  // namespace sortie::emulator::lambda
