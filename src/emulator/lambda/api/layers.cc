#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "emulator/core/protocol.h"
#include "emulator/lambda/api/service.h"
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

AwsError no_such_layer_version(const LayerRef& ref) {
  return {404, "ResourceNotFoundException", fmt::format("Layer version {} does not exist.", ref.arn()), {}};
}

AwsError wrong_layer_revision() {
  return {412,
          "PreconditionFailedException",
          "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve the "
          "latest Revision Id",
          {}};
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

std::string policy_document(const LayerVersion& version) {
  if (version.policy.statements.empty()) return {};
  return json::serialize(
      json::object{{"Version", "2012-10-17"}, {"Id", "default"}, {"Statement", version.policy.statements}});
}

}  // namespace

/// Part 0 of the path is a name or an ARN, part 1, if there is one, the version.
AwsResult<LayerRef> Service::layer_of(const Request& request) const {
  const auto& text = request.parts.at(0);
  auto ref = parse_layer_arn(text);
  if (!ref && is_plain_name(text) && text.size() <= 140) {
    ref = LayerRef{.region = request.call.region, .account = options_.account, .name = text};
  }
  if (!ref) {
    return std::unexpected(validation_error({constraint(
        text, "layerName",
        R"(Member must satisfy regular expression pattern: (arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+)")}));
  }
  if (request.parts.size() < 2) return *ref;
  const auto& digits = request.parts[1];
  int number = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number < 1) {
    return std::unexpected(invalid_parameter("Layer Version Cannot be less than 1"));
  }
  ref->version = number;
  return *ref;
}

/// Asks IAM for `lambda:ACTION` on the layer version, its own policy among what allows it.
AwsResult<void> Service::authorize_layer(const Call& call, std::string_view action, const LayerRef& ref) {
  const auto* version = layers_.find(ref);
  return authorize(call, fmt::format("lambda:{}", action), ref.arn(),
                   version != nullptr ? policy_document(*version) : std::string());
}

Task<Service::Answer> Service::publish_layer_version(Request& request) {
  auto ref = layer_of(request);
  if (!ref) co_return std::unexpected(ref.error());
  if (auto allowed = authorize(request.call, "lambda:PublishLayerVersion", ref->arn()); !allowed) {
    co_return std::unexpected(allowed.error());
  }
  auto version = read_layer(request.body);
  if (!version) co_return std::unexpected(version.error());
  auto turn = co_await code_turn_.take();
  auto code = co_await take_code(request, "Content");
  if (!code) co_return std::unexpected(code.error());
  auto& layer = layers_.at(*ref);
  version->number = ++layer.last_version;
  version->created = wire::format_iso8601_offset(clock_.now());
  version->code_id = code->id;
  version->code_sha256 = code->sha256;
  version->code_size = code->size;
  auto& kept = layer.versions[layer.last_version];
  kept = *std::move(version);
  layers_.save(layer);
  co_return json_response(201, layer_document(request.call, layer, kept), request.call.request_id);
}

/// What publishing and getting a version show: its content as well.
json::object Service::layer_document(const Call& call, const Layer& layer, const LayerVersion& version) {
  auto document = layer_version_document(layer, version);
  document.emplace("LayerArn", layer.ref().arn());
  json::object content{{"CodeSha256", version.code_sha256}, {"CodeSize", version.code_size}};
  auto location = code_location(call, "layers", layer.name, version.code_id);
  if (!location.empty()) content.emplace("Location", location);
  document.emplace("Content", std::move(content));
  return document;
}

Task<Service::Answer> Service::get_layer_version(Request& request) {
  auto ref = layer_of(request);
  if (!ref) co_return std::unexpected(ref.error());
  co_return show_layer_version(request, *ref);
}

Task<Service::Answer> Service::list_layers(Request& request) {
  if (request.query("find") == "LayerVersion") {
    auto arn = request.query("Arn");
    auto ref = parse_layer_arn(arn);
    if (!ref || !ref->version) {
      co_return std::unexpected(validation_error({constraint(
          arn, "arn",
          R"(Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+))")}));
    }
    co_return show_layer_version(request, *ref);
  }
  if (auto allowed = authorize(request.call, "lambda:ListLayers", "*"); !allowed) {
    co_return std::unexpected(allowed.error());
  }
  auto filters = check_filters(request.query("CompatibleRuntime"), request.query("CompatibleArchitecture"));
  if (!filters) co_return std::unexpected(filters.error());
  auto page = read_page(request.query("MaxItems"), request.query("Marker"));
  if (!page) co_return std::unexpected(page.error());
  std::vector<std::pair<std::string, json::object>> items;
  for (const auto& [key, layer] : layers_.all()) {
    if (layer.region != request.call.region) continue;
    auto latest = std::find_if(layer.versions.rbegin(), layer.versions.rend(), [&request](const auto& each) {
      return contains(each.second.runtimes, request.query("CompatibleRuntime")) &&
             contains(each.second.architectures, request.query("CompatibleArchitecture"));
    });
    if (latest == layer.versions.rend()) continue;
    json::object item{{"LayerName", layer.name}, {"LayerArn", layer.ref().arn()}};
    item.emplace("LatestMatchingVersion", layer_version_document(layer, latest->second));
    items.emplace_back(layer.name, std::move(item));
  }
  co_return json_response(200, page_document("Layers", std::move(items), *page), request.call.request_id);
}

Service::Answer Service::show_layer_version(Request& request, const LayerRef& ref) {
  if (auto allowed = authorize_layer(request.call, "GetLayerVersion", ref); !allowed) {
    return std::unexpected(allowed.error());
  }
  const auto* version = layers_.find(ref);
  if (version == nullptr) return std::unexpected(no_such_resource());
  return json_response(200, layer_document(request.call, *layers_.find(ref.region, ref.name), *version),
                       request.call.request_id);
}

Task<Service::Answer> Service::list_layer_versions(Request& request) {
  auto ref = layer_of(request);
  if (!ref) co_return std::unexpected(ref.error());
  if (auto allowed = authorize(request.call, "lambda:ListLayerVersions", "*"); !allowed) {
    co_return std::unexpected(allowed.error());
  }
  auto filters = check_filters(request.query("CompatibleRuntime"), request.query("CompatibleArchitecture"));
  if (!filters) co_return std::unexpected(filters.error());
  auto page = read_page(request.query("MaxItems"), request.query("Marker"));
  if (!page) co_return std::unexpected(page.error());
  std::vector<std::pair<std::string, json::object>> items;
  if (const auto* layer = layers_.find(ref->region, ref->name); layer != nullptr) {
    // The newest first: keys that grow as the numbers fall.
    for (auto each = layer->versions.rbegin(); each != layer->versions.rend(); ++each) {
      if (!contains(each->second.runtimes, request.query("CompatibleRuntime")) ||
          !contains(each->second.architectures, request.query("CompatibleArchitecture"))) {
        continue;
      }
      items.emplace_back(fmt::format("{:010}", 2'147'483'647 - each->first),
                         layer_version_document(*layer, each->second));
    }
  }
  co_return json_response(200, page_document("LayerVersions", std::move(items), *page), request.call.request_id);
}

Task<Service::Answer> Service::delete_layer_version(Request& request) {
  auto ref = layer_of(request);
  if (!ref) co_return std::unexpected(ref.error());
  if (auto allowed = authorize_layer(request.call, "DeleteLayerVersion", *ref); !allowed) {
    co_return std::unexpected(allowed.error());
  }
  // One that is not there is deleted all the same. Functions that use it go on doing so.
  if (const auto* version = layers_.find(*ref); version != nullptr) {
    auto code = version->code_id;
    auto& layer = layers_.at(*ref);
    layer.versions.erase(*ref->version);
    layers_.save(layer);
    collect_later(code);
  }
  co_return empty_response(204, request.call.request_id);
}

Task<Service::Answer> Service::add_layer_permission(Request& request) {
  auto ref = layer_of(request);
  if (!ref) co_return std::unexpected(ref.error());
  if (auto allowed = authorize_layer(request.call, "AddLayerVersionPermission", *ref); !allowed) {
    co_return std::unexpected(allowed.error());
  }
  auto action = wire::string_or(request.body, "Action");
  if (action != "lambda:GetLayerVersion") {
    co_return std::unexpected(validation_error(
        {constraint(action, "action", "Member must satisfy regular expression pattern: lambda:GetLayerVersion")}));
  }
  auto* version = layers_.find(*ref);
  if (version == nullptr) co_return std::unexpected(no_such_layer_version(*ref));
  auto revision = request.query("RevisionId");
  if (!revision.empty() && revision != version->policy.revision_id) co_return std::unexpected(wrong_layer_revision());
  auto id = wire::string_or(request.body, "StatementId");
  for (const auto& existing : version->policy.statements) {
    if (wire::string_or(existing.as_object(), "Sid") == id) {
      co_return aws_fail(409, "ResourceConflictException",
                         fmt::format("The statement id ({}) provided already exists. Please provide a new statement "
                                     "id, or remove the existing statement.",
                                     id));
    }
  }
  auto principal = wire::string_or(request.body, "Principal");
  auto organization = wire::string_or(request.body, "OrganizationId");
  json::value who = "*";
  if (principal != "*") {
    auto arn = principal.starts_with("arn:")
                   ? principal
                   : fmt::format("arn:{}:iam::{}:root", wire::partition_of(ref->region), principal);
    who = json::object{{"AWS", std::move(arn)}};
  }
  json::object statement{
      {"Sid", id}, {"Effect", "Allow"}, {"Principal", std::move(who)}, {"Action", action}, {"Resource", ref->arn()}};
  if (!organization.empty()) {
    statement.emplace("Condition", json::object{{"StringEquals", json::object{{"aws:PrincipalOrgID", organization}}}});
  }
  version->policy.statements.push_back(statement);
  version->policy.revision_id = make_request_id();
  layers_.save(layers_.at(*ref));
  co_return json_response(
      201, json::object{{"Statement", json::serialize(statement)}, {"RevisionId", version->policy.revision_id}},
      request.call.request_id);
}

Task<Service::Answer> Service::get_layer_policy(Request& request) {
  auto ref = layer_of(request);
  if (!ref) co_return std::unexpected(ref.error());
  if (auto allowed = authorize_layer(request.call, "GetLayerVersionPolicy", *ref); !allowed) {
    co_return std::unexpected(allowed.error());
  }
  const auto* version = layers_.find(*ref);
  if (version == nullptr) co_return std::unexpected(no_such_layer_version(*ref));
  auto document = policy_document(*version);
  if (document.empty()) {
    co_return aws_fail(404, "ResourceNotFoundException", "No policy is associated with the given resource.");
  }
  co_return json_response(200, json::object{{"Policy", document}, {"RevisionId", version->policy.revision_id}},
                          request.call.request_id);
}

Task<Service::Answer> Service::remove_layer_permission(Request& request) {
  auto ref = layer_of(request);
  if (!ref) co_return std::unexpected(ref.error());
  if (auto allowed = authorize_layer(request.call, "RemoveLayerVersionPermission", *ref); !allowed) {
    co_return std::unexpected(allowed.error());
  }
  auto* version = layers_.find(*ref);
  if (version == nullptr) co_return std::unexpected(no_such_layer_version(*ref));
  auto revision = request.query("RevisionId");
  if (!revision.empty() && revision != version->policy.revision_id) co_return std::unexpected(wrong_layer_revision());
  const auto& id = request.parts.at(2);
  auto& statements = version->policy.statements;
  auto* found = std::find_if(statements.begin(), statements.end(),
                             [&id](const json::value& each) { return wire::string_or(each.as_object(), "Sid") == id; });
  if (found == statements.end()) {
    co_return aws_fail(404, "ResourceNotFoundException",
                       fmt::format("Statement {} is not found in resource policy.", id));
  }
  statements.erase(found);
  version->policy.revision_id = make_request_id();
  layers_.save(layers_.at(*ref));
  co_return empty_response(204, request.call.request_id);
}

/// Puts the layers that `body` asks for into `version`: those that are there, and that the caller may use.
Task<AwsResult<void>> Service::apply_layers(Request& request, Version& version) {
  const auto* list = wire::find(request.body, "Layers");
  if (list == nullptr || !list->is_array()) co_return AwsResult<void>{};
  auto wanted = read_layer_list(list->get_array(), request.call.region);
  if (!wanted) co_return std::unexpected(wanted.error());
  std::vector<LayerUse> uses;
  for (const auto& ref : *wanted) {
    if (auto allowed = authorize_layer(request.call, "GetLayerVersion", ref); !allowed) {
      co_return std::unexpected(allowed.error());
    }
    const auto* layer = layers_.find(ref);
    if (layer == nullptr) {
      co_return std::unexpected(invalid_parameter(fmt::format("Layer version {} does not exist.", ref.arn())));
    }
    uses.push_back({ref.arn(), layer->code_id, layer->code_size});
  }
  version.layers = std::move(uses);
  co_return AwsResult<void>{};
}

/// Code and layers together have a limit as well.
Task<AwsResult<void>> Service::check_unpacked_size(const Version& version) {
  if (version.layers.empty()) co_return AwsResult<void>{};
  std::vector<std::string> ids{version.code_id};
  for (const auto& layer : version.layers) ids.push_back(layer.code_id);
  auto size = co_await codes_.unpacked_size(std::move(ids));
  constexpr std::uint64_t k_limit = 262'144'000;
  if (size > k_limit) {
    co_return std::unexpected(invalid_parameter(
        fmt::format("Function code combined with layers exceeds the maximum allowed size of {} bytes. The actual size "
                    "is {} bytes.",
                    k_limit, size)));
  }
  co_return AwsResult<void>{};
}

}  // namespace sortie::emulator::lambda
