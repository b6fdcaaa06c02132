#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "emulator/lambda/api/code_upload.h"
#include "emulator/lambda/api/layer_access.h"
#include "emulator/lambda/api/operation.h"
#include "emulator/lambda/catalogue/configuration.h"
#include "wire/arn.h"
#include "wire/date.h"
#include "wire/json.h"

/// Layers and their policies.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

constexpr std::size_t k_runtimes_limit = 15;
constexpr std::size_t k_license_limit = 512;
constexpr std::size_t k_description_limit = 256;

/// What layers may be said to be for: AWS's list, in its order.
constexpr std::string_view k_layer_runtimes =
    "ruby2.6, dotnetcore1.0, python3.7, nodejs8.10, nasa, ruby2.7, python2.7-greengrass, dotnetcore2.0, python3.8, "
    "java21, dotnet6, dotnetcore2.1, python3.9, java11, nodejs6.10, provided, dotnetcore3.1, dotnet8, java25, java17, "
    "nodejs, nodejs4.3, java8.al2, go1.x, dotnet10, nodejs20.x, go1.9, byol, nodejs10.x, provided.al2023, nodejs22.x, "
    "python3.10, java8, nodejs12.x, python3.11, nodejs24.x, nodejs8.x, python3.12, nodejs14.x, nodejs8.9, python3.13, "
    "python3.14, nodejs16.x, provided.al2, nodejs4.3-edge, nodejs18.x, ruby3.2, python3.4, ruby3.3, ruby3.4, ruby2.5, "
    "python3.6, python2.7";

bool is_layer_runtime(const std::string& name) {
  return !name.empty() &&
         fmt::format(", {}, ", k_layer_runtimes).find(fmt::format(", {}, ", name)) != std::string::npos;
}

AwsError no_such_resource() {
  return {404, "ResourceNotFoundException", "The resource you requested does not exist.", {}};
}

/// A list of texts, each of which `accepts` must know.
template <class Accepts>
std::vector<std::string> read_list(const json::object& body, std::string_view member, std::string_view name,
                                   std::string_view known, Accepts accepts, std::vector<std::string>& broken) {
  std::vector<std::string> items;
  bool wrong = false;
  for (const auto& item : wire::array_or_empty(body, member)) {
    items.emplace_back(item.is_string() ? std::string(item.get_string()) : "null");
    wrong = wrong || !accepts(items.back());
  }
  if (wrong) {
    broken.push_back(constraint(
        fmt::format("[{}]", fmt::join(items, ", ")), name,
        fmt::format("Member must satisfy constraint: [Member must satisfy enum value set: [{}], Member must not be "
                    "null]",
                    known)));
  }
  return items;
}

bool is_architecture(const std::string& name) {
  return name == "x86_64" || name == "arm64";
}

bool contains(const std::vector<std::string>& items, const std::string& wanted) {
  return wanted.empty() || std::find(items.begin(), items.end(), wanted) != items.end();
}

AwsResult<LayerVersion> read_layer(const json::object& body) {
  std::vector<std::string> broken;
  LayerVersion version{.description = wire::string_or(body, "Description"),
                       .license = wire::string_or(body, "LicenseInfo")};
  version.runtimes =
      read_list(body, "CompatibleRuntimes", "compatibleRuntimes", k_layer_runtimes, is_layer_runtime, broken);
  version.architectures =
      read_list(body, "CompatibleArchitectures", "compatibleArchitectures", "x86_64, arm64", is_architecture, broken);
  auto too_long = [&broken](std::string_view value, std::string_view name, std::size_t limit) {
    if (value.size() <= limit) return;
    broken.push_back(constraint(value, name, fmt::format("Member must have length less than or equal to {}", limit)));
  };
  too_long(version.description, "description", k_description_limit);
  too_long(version.license, "licenseInfo", k_license_limit);
  if (version.runtimes.size() > k_runtimes_limit) {
    broken.push_back(constraint(fmt::format("[{}]", fmt::join(version.runtimes, ", ")), "compatibleRuntimes",
                                fmt::format("Member must have length less than or equal to {}", k_runtimes_limit)));
  }
  if (!broken.empty()) return std::unexpected(validation_error(broken));
  return version;
}

/// The filters of the two lists.
AwsResult<void> check_filters(const std::string& runtime, const std::string& architecture) {
  std::vector<std::string> broken;
  if (!runtime.empty() && !is_layer_runtime(runtime)) {
    broken.push_back(not_in_set(runtime, "compatibleRuntime", k_layer_runtimes));
  }
  if (!architecture.empty() && !is_architecture(architecture)) {
    broken.push_back(not_in_set(architecture, "compatibleArchitecture", "x86_64, arm64"));
  }
  if (!broken.empty()) return std::unexpected(validation_error(broken));
  return {};
}

/// What publishing and getting a version show: its content as well.
json::object layer_document(const Operation& operation, const Layer& layer, const LayerVersion& version) {
  auto document = layer_version_document(layer, version);
  document.emplace("LayerArn", layer.ref().arn());
  json::object content{{"CodeSha256", version.code_sha256}, {"CodeSize", version.code_size}};
  auto location = code_location(operation, "layers", layer.name, version.code_id);
  if (!location.empty()) content.emplace("Location", location);
  document.emplace("Content", std::move(content));
  return document;
}

Answer show_layer_version(Operation& operation, const LayerRef& ref) {
  RETURN_IF_ERROR(authorize_layer(operation, "GetLayerVersion", ref));
  const auto* version = operation.layers.find(ref);
  if (version == nullptr) return std::unexpected(no_such_resource());
  return json_response(200, layer_document(operation, *operation.layers.find(ref.region, ref.name), *version),
                       operation.call.request_id);
}

Task<Answer> publish_layer_version(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto ref, layer_of(operation));
  CO_RETURN_IF_ERROR(operation.allow("PublishLayerVersion", ref.arn()));
  ASSIGN_OR_CO_RETURN(auto version, read_layer(operation.body));
  auto turn = co_await operation.packages.take_turn();
  ASSIGN_OR_CO_RETURN(auto code, co_await take_code(operation, "Content"));
  auto& layer = operation.layers.at(ref);
  version.number = ++layer.last_version;
  version.created = wire::format_iso8601_offset(operation.clock.now());
  version.code_id = code.id;
  version.code_sha256 = code.sha256;
  version.code_size = code.size;
  auto& kept = layer.versions[layer.last_version];
  kept = std::move(version);
  operation.layers.save(layer);
  co_return json_response(201, layer_document(operation, layer, kept), operation.call.request_id);
}

Task<Answer> get_layer_version(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto ref, layer_of(operation));
  co_return show_layer_version(operation, ref);
}

Task<Answer> get_layer_version_by_arn(Operation& operation) {
  auto arn = operation.query("Arn");
  auto ref = parse_layer_arn(arn);
  if (!ref || !ref->version) {
    co_return std::unexpected(validation_error({constraint(
        arn, "arn",
        R"(Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+))")}));
  }
  co_return show_layer_version(operation, *ref);
}

Task<Answer> list_layers(Operation& operation) {
  CO_RETURN_IF_ERROR(operation.allow("ListLayers", "*"));
  CO_RETURN_IF_ERROR(check_filters(operation.query("CompatibleRuntime"), operation.query("CompatibleArchitecture")));
  ASSIGN_OR_CO_RETURN(auto page, read_page(operation.query("MaxItems"), operation.query("Marker")));
  std::vector<std::pair<std::string, json::object>> items;
  for (const auto& [key, layer] : operation.layers.all()) {
    if (layer.region != operation.call.region) continue;
    auto latest = std::find_if(layer.versions.rbegin(), layer.versions.rend(), [&operation](const auto& each) {
      return contains(each.second.runtimes, operation.query("CompatibleRuntime")) &&
             contains(each.second.architectures, operation.query("CompatibleArchitecture"));
    });
    if (latest == layer.versions.rend()) continue;
    json::object item{{"LayerName", layer.name}, {"LayerArn", layer.ref().arn()}};
    item.emplace("LatestMatchingVersion", layer_version_document(layer, latest->second));
    items.emplace_back(layer.name, std::move(item));
  }
  co_return json_response(200, page_document("Layers", std::move(items), page), operation.call.request_id);
}

Task<Answer> list_layer_versions(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto ref, layer_of(operation));
  CO_RETURN_IF_ERROR(operation.allow("ListLayerVersions", "*"));
  CO_RETURN_IF_ERROR(check_filters(operation.query("CompatibleRuntime"), operation.query("CompatibleArchitecture")));
  ASSIGN_OR_CO_RETURN(auto page, read_page(operation.query("MaxItems"), operation.query("Marker")));
  std::vector<std::pair<std::string, json::object>> items;
  if (const auto* layer = operation.layers.find(ref.region, ref.name); layer != nullptr) {
    // The newest first: keys that grow as the numbers fall.
    for (auto each = layer->versions.rbegin(); each != layer->versions.rend(); ++each) {
      if (!contains(each->second.runtimes, operation.query("CompatibleRuntime")) ||
          !contains(each->second.architectures, operation.query("CompatibleArchitecture"))) {
        continue;
      }
      items.emplace_back(fmt::format("{:010}", 2'147'483'647 - each->first),
                         layer_version_document(*layer, each->second));
    }
  }
  co_return json_response(200, page_document("LayerVersions", std::move(items), page), operation.call.request_id);
}

Task<Answer> delete_layer_version(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto ref, layer_of(operation));
  CO_RETURN_IF_ERROR(authorize_layer(operation, "DeleteLayerVersion", ref));
  // One that is not there is deleted all the same. Functions that use it go on doing so.
  if (const auto* version = operation.layers.find(ref); version != nullptr) {
    auto code = version->code_id;
    auto& layer = operation.layers.at(ref);
    layer.versions.erase(*ref.version);
    operation.layers.save(layer);
    operation.packages.collect_later({code});
  }
  co_return empty_response(204, operation.call.request_id);
}

constexpr Row k_operations[] = {
    {"GetLayerVersionByArn",
     get_layer_version_by_arn,
     {.method = "GET", .path = "/2018-10-31/layers", .query = "find=LayerVersion"}},
    {"ListLayers", list_layers, {.method = "GET", .path = "/2018-10-31/layers"}},
    {"ListLayerVersions", list_layer_versions, {.method = "GET", .path = "/2018-10-31/layers/{LayerName}/versions"}},
    {"PublishLayerVersion",
     publish_layer_version,
     {.method = "POST", .path = "/2018-10-31/layers/{LayerName}/versions", .json_body = true}},
    {"DeleteLayerVersion",
     delete_layer_version,
     {.method = "DELETE", .path = "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}"}},
    {"GetLayerVersion",
     get_layer_version,
     {.method = "GET", .path = "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}"}},
};

}  // namespace

std::span<const Row> layer_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::lambda
