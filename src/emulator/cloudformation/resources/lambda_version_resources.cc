#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "emulator/cloudformation/resources/lambda_types.h"
#include "emulator/cloudformation/template/values.h"
#include "wire/uri.h"

/// Versions, aliases, permissions and layers.
namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;
using Change = Property::Change;
using lambda::function_path;
using lambda::step;

constexpr std::size_t k_statement_limit = 100;
constexpr std::size_t k_layer_name_limit = 140;

std::string no_id(const ResourceContext&, const Properties&) {
  return {};
}

AwsResult<Plan> no_update(const ResourceContext&, const Properties&, const Properties&, ResourceState&) {
  return Plan();
}

/// The members of `names` that are there, as they are.
json::object pick(const Properties& properties, std::initializer_list<const char*> names) {
  json::object picked;
  for (const char* name : names) {
    if (properties.contains(name)) picked[name] = properties.at(name);
  }
  return picked;
}

/// `arn:…:function:NAME:7` -> (`…:function:NAME`, `7`)
std::pair<std::string, std::string> split_last(const std::string& arn) {
  const auto colon = arn.rfind(':');
  if (colon == std::string::npos) return {arn, {}};
  return {arn.substr(0, colon), arn.substr(colon + 1)};
}

// Versions

constexpr std::array k_version_properties = {
    Property{"CodeSha256", Shape::text, Change::replaces},
    Property{"Description", Shape::text, Change::replaces},
    Property{"FunctionName", Shape::text, Change::replaces, true},
    Property{"ProvisionedConcurrencyConfig", Shape::object, Change::in_place, false, true},
    Property{"RuntimePolicy", Shape::object, Change::in_place, false, true},
};
constexpr std::array<std::string_view, 2> k_version_attributes = {"FunctionArn", "Version"};

/// Lambda answers with the last version when nothing has changed since; CloudFormation does not take that for its own.
Step publish(const Properties& properties, std::vector<std::string> there) {
  const json::object body = pick(properties, {"CodeSha256", "Description"});
  Step publish = step("POST", function_path(text_of(properties, "FunctionName")) + "/versions", &body);
  publish.then = [there = std::move(there)](const Reply& reply, ResourceState& state) {
    const json::object answer = reply.json();
    const std::string version = text_of(answer, "Version");
    if (std::ranges::find(there, version) != there.end()) {
      state.failure = fmt::format(
          "A version for this Lambda function exists ( {} ). Modify the function to create a new version.", version);
      return Plan();
    }
    state.exists = true;
    state.physical_id = text_of(answer, "FunctionArn");
    state.attributes["FunctionArn"] = state.physical_id;
    state.attributes["Version"] = version;
    return Plan();
  };
  return publish;
}

AwsResult<Plan> create_version(const ResourceContext&, const Properties& properties, ResourceState&) {
  Plan plan;
  Step list = step("GET", function_path(text_of(properties, "FunctionName")) + "/versions");
  list.tolerated = {"AccessDeniedException"};
  list.then = [properties](const Reply& reply, ResourceState&) {
    std::vector<std::string> there;
    for (const Properties& version : objects_of(reply.json(), "Versions")) there.push_back(text_of(version, "Version"));
    Plan more;
    more.push_back(publish(properties, std::move(there)));
    return more;
  };
  plan.push_back(std::move(list));
  return plan;
}

AwsResult<Plan> remove_version(const ResourceContext&, const Resource& resource) {
  const auto [function, version] = split_last(resource.physical_id);
  Plan plan;
  plan.push_back(step("DELETE", function_path(function)));
  plan.back().request.query = "Qualifier=" + wire::uri_encode(version);
  plan.back().tolerated = {"ResourceNotFoundException"};
  return plan;
}

// Aliases

constexpr std::array k_alias_properties = {
    Property{"Description"},
    Property{"FunctionName", Shape::text, Change::replaces, true},
    Property{"FunctionVersion", Shape::text, Change::in_place, true},
    Property{"Name", Shape::text, Change::replaces, true},
    Property{"ProvisionedConcurrencyConfig", Shape::object, Change::in_place, false, true},
    Property{"RoutingConfig", Shape::object},
};
constexpr std::array<std::string_view, 1> k_alias_attributes = {"AliasArn"};

json::object alias_body(const Properties& properties) {
  json::object body = pick(properties, {"Description", "FunctionVersion"});
  json::object weights;
  for (const Properties& weight : objects_of(object_of(properties, "RoutingConfig"), "AdditionalVersionWeights")) {
    weights[text_of(weight, "FunctionVersion")] = to_number(text_of(weight, "FunctionWeight")).value_or(0);
  }
  if (!weights.empty()) body["RoutingConfig"] = json::object{{"AdditionalVersionWeights", std::move(weights)}};
  return body;
}

AwsResult<Plan> create_alias(const ResourceContext&, const Properties& properties, ResourceState&) {
  json::object body = alias_body(properties);
  body["Name"] = properties.at("Name");
  Plan plan;
  plan.push_back(step("POST", function_path(text_of(properties, "FunctionName")) + "/aliases", &body));
  plan.back().creates = true;
  plan.back().then = [](const Reply& reply, ResourceState& state) {
    state.physical_id = text_of(reply.json(), "AliasArn");
    state.attributes["AliasArn"] = state.physical_id;
    return Plan();
  };
  return plan;
}

std::string alias_path(const Properties& properties) {
  return function_path(text_of(properties, "FunctionName")) + "/aliases/" +
         wire::uri_encode(text_of(properties, "Name"));
}

AwsResult<Plan> update_alias(const ResourceContext&, const Properties& before, const Properties& after,
                             ResourceState&) {
  json::object body = alias_body(after);
  if (!body.contains("Description")) body["Description"] = "";
  if (differs(before, after, "RoutingConfig") && !body.contains("RoutingConfig"))
    body["RoutingConfig"] = json::object();
  Plan plan;
  plan.push_back(step("PUT", alias_path(after), &body));
  return plan;
}

AwsResult<Plan> remove_alias(const ResourceContext&, const Resource& resource) {
  Plan plan;
  plan.push_back(step("DELETE", alias_path(resource.properties)));
  plan.back().tolerated = {"ResourceNotFoundException"};
  return plan;
}

// Permissions

constexpr std::array k_permission_properties = {
    Property{"Action", Shape::text, Change::replaces, true},
    Property{"EventSourceToken", Shape::text, Change::replaces},
    Property{"FunctionName", Shape::text, Change::replaces, true},
    Property{"FunctionUrlAuthType", Shape::text, Change::replaces},
    Property{"InvokedViaFunctionUrl", Shape::boolean, Change::replaces},
    Property{"Principal", Shape::text, Change::replaces, true},
    Property{"PrincipalOrgID", Shape::text, Change::replaces},
    Property{"SourceAccount", Shape::text, Change::replaces},
    Property{"SourceArn", Shape::text, Change::replaces},
};
constexpr std::array<std::string_view, 1> k_id_attribute = {"Id"};

AwsResult<Plan> create_permission(const ResourceContext&, const Properties& properties, ResourceState& state) {
  json::object body = properties;
  body.erase("FunctionName");
  body["StatementId"] = state.physical_id;
  state.attributes["Id"] = state.physical_id;
  Plan plan;
  plan.push_back(step("POST", function_path(text_of(properties, "FunctionName")) + "/policy", &body));
  plan.back().creates = true;
  return plan;
}

AwsResult<Plan> remove_permission(const ResourceContext&, const Resource& resource) {
  Plan plan;
  plan.push_back(step("DELETE", function_path(text_of(resource.properties, "FunctionName")) + "/policy/" +
                                    wire::uri_encode(resource.physical_id)));
  plan.back().tolerated = {"ResourceNotFoundException"};
  return plan;
}

// Layers

constexpr std::array k_layer_properties = {
    Property{"CompatibleArchitectures", Shape::texts, Change::replaces},
    Property{"CompatibleRuntimes", Shape::texts, Change::replaces},
    Property{"Content", Shape::object, Change::replaces, true},
    Property{"Description", Shape::text, Change::replaces},
    Property{"LayerName", Shape::text, Change::replaces},
    Property{"LicenseInfo", Shape::text, Change::replaces},
};
constexpr std::array<std::string_view, 1> k_layer_attributes = {"LayerVersionArn"};

AwsResult<Plan> create_layer(const ResourceContext& context, const Properties& properties, ResourceState&) {
  std::string name = text_of(properties, "LayerName");
  if (name.empty()) name = generated_name(context, k_layer_name_limit);
  const json::object body =
      pick(properties, {"CompatibleArchitectures", "CompatibleRuntimes", "Content", "Description", "LicenseInfo"});
  Plan plan;
  plan.push_back(step("POST", "/2018-10-31/layers/" + wire::uri_encode(name) + "/versions", &body));
  plan.back().creates = true;
  plan.back().then = [](const Reply& reply, ResourceState& state) {
    state.physical_id = text_of(reply.json(), "LayerVersionArn");
    state.attributes["LayerVersionArn"] = state.physical_id;
    return Plan();
  };
  return plan;
}

AwsResult<Plan> remove_layer(const ResourceContext&, const Resource& resource) {
  const auto [layer, version] = split_last(resource.physical_id);
  Plan plan;
  plan.push_back(
      step("DELETE", "/2018-10-31/layers/" + wire::uri_encode(split_last(layer).second) + "/versions/" + version));
  plan.back().tolerated = {"ResourceNotFoundException"};
  return plan;
}

}  // namespace

ResourceType lambda_version_type() {
  return {.name = "AWS::Lambda::Version",
          .properties = k_version_properties,
          .attributes = k_version_attributes,
          .choose_id = no_id,
          .create = create_version,
          .update = no_update,
          .remove = remove_version};
}

ResourceType lambda_alias_type() {
  return {.name = "AWS::Lambda::Alias",
          .properties = k_alias_properties,
          .attributes = k_alias_attributes,
          .name_property = "Name",
          .scope_property = "FunctionName",
          .choose_id = no_id,
          .create = create_alias,
          .update = update_alias,
          .remove = remove_alias};
}

ResourceType lambda_permission_type() {
  return {.name = "AWS::Lambda::Permission",
          .properties = k_permission_properties,
          .attributes = k_id_attribute,
          .choose_id = [](const ResourceContext& context,
                          const Properties&) { return generated_name(context, k_statement_limit); },
          .create = create_permission,
          .update = no_update,
          .remove = remove_permission};
}

ResourceType lambda_layer_version_type() {
  return {.name = "AWS::Lambda::LayerVersion",
          .properties = k_layer_properties,
          .attributes = k_layer_attributes,
          .choose_id = no_id,
          .create = create_layer,
          .update = no_update,
          .remove = remove_layer};
}

}  // namespace sortie::emulator::cloudformation
