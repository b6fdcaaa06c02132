#include "emulator/lambda/catalogue/layers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>

#include "base/number.h"
#include "emulator/lambda/catalogue/errors.h"
#include "wire/arn.h"
#include "wire/json.h"

namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

constexpr std::size_t k_name_limit = 140;

json::array strings(const std::vector<std::string>& items) {
  json::array list;
  for (const auto& each : items) list.emplace_back(each);
  return list;
}

std::vector<std::string> strings_of(const json::object& document, std::string_view member) {
  std::vector<std::string> items;
  for (const auto& each : wire::array_or_empty(document, member)) {
    if (each.is_string()) items.emplace_back(each.get_string());
  }
  return items;
}

json::object to_document(const Layer& layer) {
  json::array versions;
  for (const auto& [number, version] : layer.versions) {
    versions.push_back(json::object{{"number", number},
                                    {"description", version.description},
                                    {"license", version.license},
                                    {"created", version.created},
                                    {"codeId", version.code_id},
                                    {"codeSha256", version.code_sha256},
                                    {"codeSize", version.code_size},
                                    {"runtimes", strings(version.runtimes)},
                                    {"architectures", strings(version.architectures)},
                                    {"policy", json::object{{"statements", version.policy.statements},
                                                            {"revisionId", version.policy.revision_id}}}});
  }
  return {{"region", layer.region},
          {"account", layer.account},
          {"name", layer.name},
          {"lastVersion", layer.last_version},
          {"versions", std::move(versions)}};
}

Layer layer_from(const json::object& document) {
  Layer layer{.region = wire::string_or(document, "region"),
              .account = wire::string_or(document, "account"),
              .name = wire::string_or(document, "name"),
              .last_version = static_cast<int>(wire::int_or(document, "lastVersion"))};
  for (const auto& item : wire::array_or_empty(document, "versions")) {
    if (!item.is_object()) continue;
    const auto& from = item.get_object();
    const auto& policy = wire::object_or_empty(from, "policy");
    LayerVersion version{.number = static_cast<int>(wire::int_or(from, "number")),
                         .description = wire::string_or(from, "description"),
                         .license = wire::string_or(from, "license"),
                         .created = wire::string_or(from, "created"),
                         .code_id = wire::string_or(from, "codeId"),
                         .code_sha256 = wire::string_or(from, "codeSha256"),
                         .code_size = static_cast<std::uint64_t>(wire::int_or(from, "codeSize")),
                         .runtimes = strings_of(from, "runtimes"),
                         .architectures = strings_of(from, "architectures"),
                         .policy = {wire::array_or_empty(policy, "statements"), wire::string_or(policy, "revisionId")}};
    auto number = version.number;
    layer.versions.emplace(number, std::move(version));
  }
  return layer;
}

AwsError malformed_layer(std::string_view arns) {
  return validation_error({constraint(
      arns, "layers",
      R"(Member must satisfy constraint: [Member must have length less than or equal to 2048, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+), Member must not be null])")});
}

}  // namespace

std::string LayerRef::arn() const {
  auto arn = fmt::format("arn:{}:lambda:{}:{}:layer:{}", wire::partition_of(region), region, account, name);
  return version ? fmt::format("{}:{}", arn, *version) : arn;
}

std::optional<LayerRef> parse_layer_arn(std::string_view text) {
  auto arn = wire::parse_arn(text);
  if (!arn || arn->service != "lambda" || !arn->resource.starts_with("layer:")) return std::nullopt;
  std::string_view resource(arn->resource);
  resource.remove_prefix(6);
  LayerRef ref{
      .region = arn->region, .account = arn->account, .name = std::string(resource.substr(0, resource.find(':')))};
  if (!is_plain_name(ref.name) || ref.name.size() > k_name_limit || ref.account.size() != 12 || ref.region.empty()) {
    return std::nullopt;
  }
  if (resource.size() == ref.name.size()) return ref;
  auto digits = resource.substr(ref.name.size() + 1);
  const auto parsed = parse_number<int>(digits);
  if (!parsed || *parsed < 0) return std::nullopt;
  const int number = *parsed;
  ref.version = number;
  return ref;
}

json::object layer_version_document(const Layer& layer, const LayerVersion& version) {
  json::object document{{"LayerVersionArn", layer.ref(version.number).arn()},
                        {"Version", version.number},
                        {"Description", version.description},
                        {"CreatedDate", version.created}};
  if (!version.runtimes.empty()) document.emplace("CompatibleRuntimes", strings(version.runtimes));
  if (!version.architectures.empty()) document.emplace("CompatibleArchitectures", strings(version.architectures));
  if (!version.license.empty()) document.emplace("LicenseInfo", version.license);
  return document;
}

AwsResult<std::vector<LayerRef>> read_layer_list(const json::array& arns, const std::string& region) {
  std::vector<std::string> shown;
  for (const auto& item : arns) shown.emplace_back(item.is_string() ? std::string(item.get_string()) : "null");
  std::vector<LayerRef> layers;
  for (const auto& text : shown) {
    auto ref = parse_layer_arn(text);
    if (!ref || !ref->version) return std::unexpected(malformed_layer(fmt::format("[{}]", fmt::join(shown, ", "))));
    layers.push_back(*std::move(ref));
  }
  if (layers.size() > k_layer_limit) {
    return std::unexpected(invalid_parameter(fmt::format("Cannot reference more than {} layers.", k_layer_limit)));
  }
  for (auto layer = layers.begin(); layer != layers.end(); ++layer) {
    if (layer->region != region) {
      return std::unexpected(invalid_parameter(fmt::format(
          "Layers are not in the same region as the function. Layers are expected to be in region {}.", region)));
    }
    auto twin = std::find_if(layers.begin(), layer, [&layer](const LayerRef& other) {
      return other.name == layer->name && other.account == layer->account;
    });
    if (twin != layer) {
      return std::unexpected(invalid_parameter(
          fmt::format("Two different versions of the same layer are not allowed to be referenced in the same function. "
                      "{} and {} are versions of the same layer.",
                      twin->arn(), layer->arn())));
    }
  }
  return layers;
}

LayerRegistry::LayerRegistry(Store& store) : statements_(std::in_place, store.db()) {
  store.db().exec(
      "CREATE TABLE IF NOT EXISTS lambda_layers(region TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL, "
      "PRIMARY KEY(region, name)) WITHOUT ROWID");
  auto rows = statements_->query("SELECT document FROM lambda_layers");
  while (rows.next()) {
    auto document = wire::parse_json_object(rows.view(0));
    if (!document) continue;  // not written by us
    auto layer = layer_from(*document);
    layers_.emplace(Key{layer.region, layer.name}, std::move(layer));
  }
}

Layer* LayerRegistry::find(const std::string& region, const std::string& name) {
  auto found = layers_.find(Key{region, name});
  return found == layers_.end() ? nullptr : &found->second;
}

LayerVersion* LayerRegistry::find(const LayerRef& ref) {
  auto* layer = find(ref.region, ref.name);
  if (layer == nullptr || layer->account != ref.account || !ref.version) return nullptr;
  auto found = layer->versions.find(*ref.version);
  return found == layer->versions.end() ? nullptr : &found->second;
}

Layer& LayerRegistry::at(const LayerRef& ref) {
  Layer fresh{.region = ref.region, .account = ref.account, .name = ref.name};
  return layers_.try_emplace(Key{ref.region, ref.name}, std::move(fresh)).first->second;
}

void LayerRegistry::save(const Layer& layer) {
  statements_->query("INSERT OR REPLACE INTO lambda_layers(region, name, document) VALUES(?, ?, ?)")
      .bind(layer.region, layer.name, json::serialize(to_document(layer)))
      .run();
}

}  // namespace sortie::emulator::lambda
