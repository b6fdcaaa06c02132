#include "emulator/lambda/catalogue/code_signing.h"

#include <boost/json.hpp>

#include "emulator/lambda/catalogue/names.h"
#include "wire/json.h"

namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

constexpr std::size_t k_id_characters = 17;

json::array publishers_of(const CodeSigningConfig& config) {
  json::array list;
  for (const auto& each : config.publishers) list.emplace_back(each);
  return list;
}

json::object to_document(const CodeSigningConfig& config) {
  json::object tags;
  for (const auto& [key, value] : config.tags) tags.emplace(key, value);
  return {{"region", config.region},
          {"id", config.id},
          {"arn", config.arn},
          {"description", config.description},
          {"publishers", publishers_of(config)},
          {"policy", config.policy},
          {"lastModified", config.last_modified},
          {"tags", std::move(tags)}};
}

CodeSigningConfig config_from(const json::object& document) {
  CodeSigningConfig config{.region = wire::string_or(document, "region"),
                           .id = wire::string_or(document, "id"),
                           .arn = wire::string_or(document, "arn"),
                           .description = wire::string_or(document, "description"),
                           .policy = wire::string_or(document, "policy"),
                           .last_modified = wire::string_or(document, "lastModified"),
                           .tags = wire::string_map(wire::object_or_empty(document, "tags"))};
  for (const auto& each : wire::array_or_empty(document, "publishers")) {
    if (each.is_string()) config.publishers.emplace_back(each.get_string());
  }
  return config;
}

}  // namespace

json::object code_signing_document(const CodeSigningConfig& config) {
  json::object document{{"CodeSigningConfigId", config.id},
                        {"CodeSigningConfigArn", config.arn},
                        {"AllowedPublishers", json::object{{"SigningProfileVersionArns", publishers_of(config)}}},
                        {"CodeSigningPolicies", json::object{{"UntrustedArtifactOnDeployment", config.policy}}},
                        {"LastModified", config.last_modified}};
  if (!config.description.empty()) document.emplace("Description", config.description);
  return document;
}

std::string make_code_signing_id() {
  return "csc-" + random_name(k_id_characters);
}

CodeSigningRegistry::CodeSigningRegistry(Store& store) : statements_(std::in_place, store.db()) {
  store.db().exec(
      "CREATE TABLE IF NOT EXISTS lambda_code_signing(arn TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID");
  auto rows = statements_->query("SELECT document FROM lambda_code_signing");
  while (rows.next()) {
    auto document = wire::parse_json_object(rows.view(0));
    if (!document) continue;  // not written by us
    auto config = config_from(*document);
    configs_.emplace(config.arn, std::move(config));
  }
}

CodeSigningConfig* CodeSigningRegistry::find(const std::string& arn) {
  auto found = configs_.find(arn);
  return found == configs_.end() ? nullptr : &found->second;
}

CodeSigningConfig& CodeSigningRegistry::save(const CodeSigningConfig& config) {
  statements_->query("INSERT OR REPLACE INTO lambda_code_signing(arn, document) VALUES(?, ?)")
      .bind(config.arn, json::serialize(to_document(config)))
      .run();
  return configs_.insert_or_assign(config.arn, config).first->second;
}

void CodeSigningRegistry::erase(const std::string& arn) {
  statements_->query("DELETE FROM lambda_code_signing WHERE arn = ?").bind(arn).run();
  configs_.erase(arn);
}

}  // namespace sortie::emulator::lambda
