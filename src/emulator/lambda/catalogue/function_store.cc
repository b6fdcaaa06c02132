#include <boost/json.hpp>
#include <charconv>

#include "emulator/lambda/catalogue/function.h"
#include "wire/json.h"

/// Functions as the store keeps them.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

json::object string_members(const std::map<std::string, std::string>& strings) {
  json::object object;
  for (const auto& [name, value] : strings) object.emplace(name, value);
  return object;
}

int to_number(std::string_view text) {
  int number = -1;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : -1;
}

double real_of(const json::object& document, std::string_view member) {
  const auto* value = wire::find(document, member);
  return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
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
                        {"snapStart", version.snap_start},
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
                  .snap_start = text("snapStart"),
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

json::object event_configs_document(const Function& function) {
  json::object configs;
  for (const auto& [qualifier, config] : function.event_configs) {
    json::object item{
        {"lastModified", config.last_modified}, {"onSuccess", config.on_success}, {"onFailure", config.on_failure}};
    if (config.retries) item.emplace("retries", *config.retries);
    if (config.event_age) item.emplace("eventAge", config.event_age->count());
    configs.emplace(qualifier, std::move(item));
  }
  return configs;
}

void read_event_configs(const json::object& configs, Function& function) {
  for (const auto& [qualifier, item] : configs) {
    if (!item.is_object()) continue;
    const auto& from = item.get_object();
    auto& config = function.event_configs[std::string(qualifier)];
    if (wire::find(from, "retries") != nullptr) config.retries = static_cast<int>(wire::int_or(from, "retries"));
    if (wire::find(from, "eventAge") != nullptr)
      config.event_age = std::chrono::seconds(wire::int_or(from, "eventAge"));
    config.on_success = wire::string_or(from, "onSuccess");
    config.on_failure = wire::string_or(from, "onFailure");
    config.last_modified = real_of(from, "lastModified");
  }
}

json::object urls_document(const Function& function) {
  json::object urls;
  for (const auto& [qualifier, url] : function.urls) {
    json::object item{{"url", url.url},
                      {"authType", url.auth_type},
                      {"invokeMode", url.invoke_mode},
                      {"created", url.created},
                      {"lastModified", url.last_modified}};
    if (url.cors) item.emplace("cors", *url.cors);
    urls.emplace(qualifier, std::move(item));
  }
  return urls;
}

void read_urls(const json::object& urls, Function& function) {
  for (const auto& [qualifier, item] : urls) {
    if (!item.is_object()) continue;
    const auto& from = item.get_object();
    UrlConfig url{.url = wire::string_or(from, "url"),
                  .auth_type = wire::string_or(from, "authType"),
                  .invoke_mode = wire::string_or(from, "invokeMode"),
                  .created = wire::string_or(from, "created"),
                  .last_modified = wire::string_or(from, "lastModified")};
    if (wire::find(from, "cors") != nullptr) url.cors = wire::object_or_empty(from, "cors");
    function.urls.emplace(qualifier, std::move(url));
  }
}

/// What controls the function beside its configuration.
json::object controls_document(const Function& function) {
  json::object provisioned;
  for (const auto& [qualifier, config] : function.provisioned) {
    provisioned.emplace(qualifier,
                        json::object{{"executions", config.executions}, {"lastModified", config.last_modified}});
  }
  json::object runtimes;
  for (const auto& [version, management] : function.runtime_management) {
    runtimes.emplace(version, json::object{{"updateOn", management.update_on}, {"versionArn", management.version_arn}});
  }
  return {{"provisioned", std::move(provisioned)},
          {"runtimeManagement", std::move(runtimes)},
          {"recursiveLoop", function.recursive_loop},
          {"codeSigningConfig", function.code_signing_config}};
}

void read_controls(const json::object& document, Function& function) {
  for (const auto& [qualifier, item] : wire::object_or_empty(document, "provisioned")) {
    if (!item.is_object()) continue;
    const auto& from = item.get_object();
    function.provisioned[std::string(qualifier)] = {.executions = static_cast<int>(wire::int_or(from, "executions")),
                                                    .last_modified = wire::string_or(from, "lastModified")};
  }
  for (const auto& [version, item] : wire::object_or_empty(document, "runtimeManagement")) {
    if (!item.is_object()) continue;
    function.runtime_management[std::string(version)] = {wire::string_or(item.get_object(), "updateOn", "Auto"),
                                                         wire::string_or(item.get_object(), "versionArn")};
  }
  function.recursive_loop = wire::string_or(document, "recursiveLoop", "Terminate");
  function.code_signing_config = wire::string_or(document, "codeSigningConfig");
}

}  // namespace

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
    policies.emplace(qualifier, json::object{{"statements", policy.statements}});
  }
  json::object document{{"region", function.region},       {"account", function.account},
                        {"name", function.name},           {"latest", version_to_document(function.latest)},
                        {"versions", std::move(versions)}, {"lastVersion", function.last_version},
                        {"aliases", std::move(aliases)},   {"tags", string_members(function.tags)},
                        {"policies", std::move(policies)}};
  document.emplace("eventConfigs", event_configs_document(function));
  document.emplace("urls", urls_document(function));
  document.emplace("controls", controls_document(function));
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
    function.policies[std::string(qualifier)] = {.statements = wire::array_or_empty(policy, "statements")};
  }
  read_event_configs(wire::object_or_empty(document, "eventConfigs"), function);
  read_urls(wire::object_or_empty(document, "urls"), function);
  read_controls(wire::object_or_empty(document, "controls"), function);
  if (wire::find(document, "reservedConcurrency") != nullptr) {
    function.reserved_concurrency = static_cast<int>(wire::int_or(document, "reservedConcurrency"));
  }
  return function;
}

}  // namespace sortie::emulator::lambda
