#include "emulator/lambda/function.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>

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

json::object version_to_document(const Version& version) {
  json::object document{{"version", version.version},
                        {"runtime", version.runtime},
                        {"role", version.role},
                        {"handler", version.handler},
                        {"description", version.description},
                        {"timeout", version.timeout.count()},
                        {"memory", version.memory_mb},
                        {"ephemeral", version.ephemeral_mb},
                        {"architecture", version.architecture},
                        {"codeId", version.code_id},
                        {"codeSha256", version.code_sha256},
                        {"codeSize", version.code_size},
                        {"logFormat", version.log_format == LogFormat::json ? "JSON" : "Text"},
                        {"applicationLogLevel", version.application_log_level},
                        {"systemLogLevel", version.system_log_level},
                        {"logGroup", version.log_group},
                        {"tracing", version.tracing_mode},
                        {"kmsKeyArn", version.kms_key_arn},
                        {"lastModified", version.last_modified},
                        {"revisionId", version.revision_id}};
  if (version.environment) document.emplace("environment", string_members(*version.environment));
  json::array layers;
  for (const auto& layer : version.layers) {
    layers.push_back(json::object{{"arn", layer.arn}, {"codeId", layer.code_id}, {"codeSize", layer.code_size}});
  }
  if (!layers.empty()) document.emplace("layers", std::move(layers));
  return document;
}

Version version_from_document(const json::object& document) {
  auto text = [&document](std::string_view name) { return wire::string_or(document, name); };
  Version version{.version = text("version"),
                  .runtime = text("runtime"),
                  .role = text("role"),
                  .handler = text("handler"),
                  .description = text("description"),
                  .timeout = std::chrono::seconds(wire::int_or(document, "timeout", 3)),
                  .memory_mb = static_cast<int>(wire::int_or(document, "memory", 128)),
                  .ephemeral_mb = static_cast<int>(wire::int_or(document, "ephemeral", 512)),
                  .architecture = text("architecture"),
                  .code_id = text("codeId"),
                  .code_sha256 = text("codeSha256"),
                  .code_size = static_cast<std::uint64_t>(wire::int_or(document, "codeSize")),
                  .log_format = text("logFormat") == "JSON" ? LogFormat::json : LogFormat::text,
                  .application_log_level = text("applicationLogLevel"),
                  .system_log_level = text("systemLogLevel"),
                  .log_group = text("logGroup"),
                  .tracing_mode = text("tracing"),
                  .kms_key_arn = text("kmsKeyArn"),
                  .last_modified = text("lastModified"),
                  .revision_id = text("revisionId"),
                  .status = Version::Status::active};
  if (wire::find(document, "environment") != nullptr) {
    version.environment = wire::string_map(wire::object_or_empty(document, "environment"));
  }
  for (const auto& item : wire::array_or_empty(document, "layers")) {
    if (!item.is_object()) continue;
    const auto& layer = item.get_object();
    version.layers.push_back({wire::string_or(layer, "arn"), wire::string_or(layer, "codeId"),
                              static_cast<std::uint64_t>(wire::int_or(layer, "codeSize"))});
  }
  return version;
}

int to_number(std::string_view text) {
  int number = -1;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : -1;
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

json::object configuration_document(const Function& function, const Version& version, bool qualified) {
  bool published = version.version != k_latest;
  json::object document{{"FunctionName", function.name},
                        {"FunctionArn", published || qualified ? function.arn(version.version) : function.arn()},
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
                        {"SnapStart", json::object{{"ApplyOn", "None"}, {"OptimizationStatus", "Off"}}},
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

json::object to_document(const Function& function) {
  json::array versions;
  for (const auto& [number, version] : function.versions) versions.push_back(version_to_document(version));
  json::object aliases;
  for (const auto& [name, alias] : function.aliases) {
    aliases.emplace(name, json::object{{"version", alias.version},
                                       {"description", alias.description},
                                       {"revisionId", alias.revision_id},
                                       {"weights", json::value_from(alias.weights)}});
  }
  json::object policies;
  for (const auto& [qualifier, policy] : function.policies) {
    policies.emplace(qualifier, json::object{{"statements", policy.statements}, {"revisionId", policy.revision_id}});
  }
  json::object document{{"region", function.region},       {"account", function.account},
                        {"name", function.name},           {"latest", version_to_document(function.latest)},
                        {"versions", std::move(versions)}, {"lastVersion", function.last_version},
                        {"aliases", std::move(aliases)},   {"tags", string_members(function.tags)},
                        {"policies", std::move(policies)}};
  json::object event_configs;
  for (const auto& [qualifier, config] : function.event_configs) {
    json::object item{{"lastModified", config.last_modified}};
    if (config.retries) item.emplace("retries", *config.retries);
    if (config.event_age) item.emplace("eventAge", config.event_age->count());
    event_configs.emplace(qualifier, std::move(item));
  }
  document.emplace("eventConfigs", std::move(event_configs));
  if (function.reserved_concurrency) document.emplace("reservedConcurrency", *function.reserved_concurrency);
  return document;
}

Function from_document(const json::object& document) {
  Function function{.region = wire::string_or(document, "region"),
                    .account = wire::string_or(document, "account"),
                    .name = wire::string_or(document, "name"),
                    .latest = version_from_document(wire::object_or_empty(document, "latest")),
                    .last_version = static_cast<int>(wire::int_or(document, "lastVersion")),
                    .tags = wire::string_map(wire::object_or_empty(document, "tags"))};
  for (const auto& item : wire::array_or_empty(document, "versions")) {
    if (!item.is_object()) continue;
    auto version = version_from_document(item.get_object());
    auto number = to_number(version.version);
    function.versions.emplace(number, std::move(version));
  }
  for (const auto& [name, item] : wire::object_or_empty(document, "aliases")) {
    if (!item.is_object()) continue;
    const auto& alias = item.get_object();
    function.aliases[std::string(name)] = {.version = wire::string_or(alias, "version"),
                                           .description = wire::string_or(alias, "description"),
                                           .revision_id = wire::string_or(alias, "revisionId")};
    for (const auto& [version, weight] : wire::object_or_empty(alias, "weights")) {
      if (weight.is_double()) function.aliases[std::string(name)].weights.emplace(version, weight.get_double());
    }
  }
  for (const auto& [qualifier, item] : wire::object_or_empty(document, "policies")) {
    if (!item.is_object()) continue;
    const auto& policy = item.get_object();
    function.policies[std::string(qualifier)] = {.statements = wire::array_or_empty(policy, "statements"),
                                                 .revision_id = wire::string_or(policy, "revisionId")};
  }
  for (const auto& [qualifier, item] : wire::object_or_empty(document, "eventConfigs")) {
    if (!item.is_object()) continue;
    const auto& from = item.get_object();
    auto& config = function.event_configs[std::string(qualifier)];
    if (wire::find(from, "retries") != nullptr) config.retries = static_cast<int>(wire::int_or(from, "retries"));
    if (wire::find(from, "eventAge") != nullptr)
      config.event_age = std::chrono::seconds(wire::int_or(from, "eventAge"));
    const auto* modified = wire::find(from, "lastModified");
    if (modified != nullptr && modified->is_double()) config.last_modified = modified->get_double();
  }
  if (wire::find(document, "reservedConcurrency") != nullptr) {
    function.reserved_concurrency = static_cast<int>(wire::int_or(document, "reservedConcurrency"));
  }
  return function;
}

}  // namespace sortie::emulator::lambda
