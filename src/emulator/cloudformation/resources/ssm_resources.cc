#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>

#include "emulator/cloudformation/resources/resource_type.h"

/// Parameters of Systems Manager.
/// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ssm-parameter.html
namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;
using Change = Property::Change;

constexpr std::size_t k_generated_limit = 255;

constexpr std::array k_properties = {
    Property{"AllowedPattern"},
    Property{"DataType"},
    Property{"Description"},
    Property{"Name", Shape::text, Change::replaces},
    Property{"Policies", Shape::text, Change::in_place, false, true},
    Property{"Tags", Shape::object},
    Property{"Tier"},
    Property{"Type", Shape::text, Change::in_place, true},
    Property{"Value", Shape::text, Change::in_place, true},
};
constexpr std::array<std::string_view, 2> k_attributes = {"Type", "Value"};

Step step(std::string_view operation, const json::object& body) {
  return Step{.service = "ssm", .request = ssm_request(operation, body)};
}

json::object body_of(const Properties& properties, const ResourceState& state) {
  json::object body{{"Name", state.physical_id}};
  for (const char* name : {"Type", "Value", "Description", "AllowedPattern", "Tier", "DataType"}) {
    if (properties.contains(name)) body[name] = text_of(properties, name);
  }
  return body;
}

json::array tag_list(const Properties& tags) {
  json::array list;
  for (const auto& tag : tags) list.push_back(json::object{{"Key", tag.key()}, {"Value", text_of(tags, tag.key())}});
  return list;
}

void set_attributes(const Properties& properties, ResourceState& state) {
  state.attributes["Type"] = text_of(properties, "Type");
  state.attributes["Value"] = text_of(properties, "Value");
}

AwsResult<void> check_type(const Properties& properties) {
  const auto type = text_of(properties, "Type");
  if (type == "String" || type == "StringList") return {};
  return refuse(fmt::format("#/Type: {} is not a valid enum value", type));  // no secrets in templates
}

AwsResult<Plan> create(const ResourceContext&, const Properties& properties, ResourceState& state) {
  RETURN_IF_ERROR(check_type(properties));
  json::object body = body_of(properties, state);
  if (const Properties tags = object_of(properties, "Tags"); !tags.empty()) body["Tags"] = tag_list(tags);
  set_attributes(properties, state);
  Plan plan;
  plan.push_back(step("PutParameter", body));
  plan.back().creates = true;
  return plan;
}

AwsResult<Plan> update(const ResourceContext&, const Properties& before, const Properties& after,
                       ResourceState& state) {
  RETURN_IF_ERROR(check_type(after));
  Plan plan;
  json::object body = body_of(after, state);
  const json::object old_body = body_of(before, state);
  if (body != old_body) {
    body["Overwrite"] = true;
    // What the template does not say any more.
    for (const char* name : {"Description", "AllowedPattern"}) {
      if (!body.contains(name) && old_body.contains(name)) body[name] = "";
    }
    plan.push_back(step("PutParameter", body));
  }
  const Properties old_tags = object_of(before, "Tags");
  const Properties tags = object_of(after, "Tags");
  const json::object resource{{"ResourceType", "Parameter"}, {"ResourceId", state.physical_id}};
  json::array gone;
  for (const auto& tag : old_tags) {
    if (!tags.contains(tag.key())) gone.emplace_back(tag.key());
  }
  if (!gone.empty()) {
    json::object untag = resource;
    untag["TagKeys"] = std::move(gone);
    plan.push_back(step("RemoveTagsFromResource", untag));
  }
  if (!tags.empty() && tags != old_tags) {
    json::object tag = resource;
    tag["Tags"] = tag_list(tags);
    plan.push_back(step("AddTagsToResource", tag));
  }
  set_attributes(after, state);
  return plan;
}

AwsResult<Plan> remove(const ResourceContext&, const Resource& resource) {
  Plan plan;
  plan.push_back(step("DeleteParameter", {{"Name", resource.physical_id}}));
  plan.back().tolerated = {"ParameterNotFound"};
  return plan;
}

std::string choose_name(const ResourceContext& context, const Properties& properties) {
  const std::string name = text_of(properties, "Name");
  return name.empty() ? "CFN-" + generated_name(context, k_generated_limit) : name;
}

const std::array k_types = {ResourceType{.name = "AWS::SSM::Parameter",
                                         .properties = k_properties,
                                         .attributes = k_attributes,
                                         .name_property = "Name",
                                         .choose_id = choose_name,
                                         .create = create,
                                         .update = update,
                                         .remove = remove}};

}  // namespace

std::span<const ResourceType> ssm_resource_types() {
  return k_types;
}

}  // namespace sortie::emulator::cloudformation
