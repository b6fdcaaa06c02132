#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>

#include "emulator/cloudformation/resources/resource_type.h"
#include "emulator/core/protocol.h"
#include "wire/arn.h"

/// CloudWatch Logs, and what is CloudFormation's own.
namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;
using Change = Property::Change;

constexpr std::size_t k_log_name_limit = 512;

constexpr std::array k_group_properties = {
    Property{"DataProtectionPolicy", Shape::object, Change::in_place, false, true},
    Property{"DeletionProtectionEnabled", Shape::boolean, Change::in_place, false, true},
    Property{"FieldIndexPolicies", Shape::list, Change::in_place, false, true},
    Property{"KmsKeyId", Shape::text, Change::in_place, false, true},
    Property{"LogGroupClass"},
    Property{"LogGroupName", Shape::text, Change::replaces},
    Property{"ResourcePolicyDocument", Shape::document, Change::in_place, false, true},
    Property{"RetentionInDays", Shape::number},
    Property{"Tags", Shape::list},
};
constexpr std::array<std::string_view, 1> k_group_attributes = {"Arn"};

constexpr std::array k_stream_properties = {
    Property{"LogGroupName", Shape::text, Change::replaces, true},
    Property{"LogStreamName", Shape::text, Change::replaces},
};

constexpr std::array k_subscription_properties = {
    Property{"ApplyOnTransformedLogs", Shape::boolean, Change::in_place, false, true},
    Property{"DestinationArn", Shape::text, Change::in_place, true},
    Property{"Distribution"},
    Property{"EmitSystemFields", Shape::texts, Change::in_place, false, true},
    Property{"FieldSelectionCriteria", Shape::text, Change::in_place, false, true},
    Property{"FilterName", Shape::text, Change::replaces},
    Property{"FilterPattern", Shape::text, Change::in_place, true},
    Property{"LogGroupName", Shape::text, Change::replaces, true},
    Property{"RoleArn", Shape::text, Change::in_place, false, true},
};

Step step(std::string_view operation, const json::object& body) {
  return Step{.service = "logs", .request = logs_request(operation, body)};
}

Step set_retention(const std::string& group, const Properties& properties) {
  json::object body{{"logGroupName", group}};
  if (!properties.contains("RetentionInDays")) return step("DeleteRetentionPolicy", body);
  body["retentionInDays"] = properties.at("RetentionInDays");
  return step("PutRetentionPolicy", body);
}

json::object tags_object(const Tags& tags) {
  json::object object;
  for (const auto& [key, value] : tags) object[key] = value;
  return object;
}

std::string group_arn(const ResourceContext& context, const std::string& group) {
  return fmt::format("arn:{}:logs:{}:{}:log-group:{}", context.partition, context.region, context.account, group);
}

AwsResult<Plan> create_group(const ResourceContext& context, const Properties& properties, ResourceState& state) {
  const std::string& group = state.physical_id;
  json::object body{{"logGroupName", group}};
  if (const std::string kind = text_of(properties, "LogGroupClass"); !kind.empty()) body["logGroupClass"] = kind;
  if (const Tags tags = tags_of(properties); !tags.empty()) body["tags"] = tags_object(tags);
  Plan plan;
  plan.push_back(step("CreateLogGroup", body));
  plan.back().creates = true;
  if (properties.contains("RetentionInDays")) plan.push_back(set_retention(group, properties));
  state.attributes["Arn"] = group_arn(context, group) + ":*";
  return plan;
}

AwsResult<Plan> update_group(const ResourceContext& context, const Properties& before, const Properties& after,
                             ResourceState& state) {
  Plan plan;
  if (differs(before, after, "LogGroupClass"))
    return refuse("LogGroupClass cannot be changed once the log group is created.");
  if (differs(before, after, "RetentionInDays")) plan.push_back(set_retention(state.physical_id, after));
  const TagChanges changes = tag_changes(before, after);
  json::object body{{"resourceArn", group_arn(context, state.physical_id)}};
  if (!changes.gone.empty()) {
    json::object untag = body;
    json::array keys;
    for (const std::string& key : changes.gone) keys.emplace_back(key);
    untag["tagKeys"] = std::move(keys);
    plan.push_back(step("UntagResource", untag));
  }
  if (!changes.put.empty()) {
    body["tags"] = tags_object(changes.put);
    plan.push_back(step("TagResource", body));
  }
  return plan;
}

AwsResult<Plan> remove_group(const ResourceContext&, const Resource& resource) {
  Plan plan;
  plan.push_back(step("DeleteLogGroup", {{"logGroupName", resource.physical_id}}));
  plan.back().tolerated = {"ResourceNotFoundException"};
  return plan;
}

json::object stream_body(const Properties& properties, const std::string& stream) {
  return {{"logGroupName", text_of(properties, "LogGroupName")}, {"logStreamName", stream}};
}

AwsResult<Plan> create_stream(const ResourceContext&, const Properties& properties, ResourceState& state) {
  Plan plan;
  plan.push_back(step("CreateLogStream", stream_body(properties, state.physical_id)));
  plan.back().creates = true;
  return plan;
}

AwsResult<Plan> remove_stream(const ResourceContext&, const Resource& resource) {
  Plan plan;
  plan.push_back(step("DeleteLogStream", stream_body(resource.properties, resource.physical_id)));
  plan.back().tolerated = {"ResourceNotFoundException"};
  return plan;
}

Step put_subscription(const Properties& properties, const std::string& filter) {
  json::object body{{"logGroupName", text_of(properties, "LogGroupName")},
                    {"filterName", filter},
                    {"filterPattern", text_of(properties, "FilterPattern")},
                    {"destinationArn", text_of(properties, "DestinationArn")}};
  if (const std::string kind = text_of(properties, "Distribution"); !kind.empty()) body["distribution"] = kind;
  return step("PutSubscriptionFilter", body);
}

AwsResult<Plan> create_subscription(const ResourceContext&, const Properties& properties, ResourceState& state) {
  Plan plan;
  plan.push_back(put_subscription(properties, state.physical_id));
  plan.back().creates = true;
  return plan;
}

AwsResult<Plan> update_subscription(const ResourceContext&, const Properties&, const Properties& after,
                                    ResourceState& state) {
  Plan plan;
  plan.push_back(put_subscription(after, state.physical_id));
  return plan;
}

AwsResult<Plan> remove_subscription(const ResourceContext&, const Resource& resource) {
  Plan plan;
  plan.push_back(step("DeleteSubscriptionFilter", {{"logGroupName", text_of(resource.properties, "LogGroupName")},
                                                   {"filterName", resource.physical_id}}));
  plan.back().tolerated = {"ResourceNotFoundException"};
  return plan;
}

AwsResult<Plan> nothing(const ResourceContext&, const Properties&, const Properties&, ResourceState&) {
  return Plan();
}

// Macros: the stack's own record of the resource is all that there is of one.

constexpr std::array k_macro_properties = {
    Property{"Description"},
    Property{"FunctionName", Shape::text, Change::in_place, true},
    Property{"LogGroupName", Shape::text, Change::in_place, false, true},
    Property{"LogRoleARN", Shape::text, Change::in_place, false, true},
    Property{"Name", Shape::text, Change::replaces, true},
};

constexpr std::array k_cdk_properties = {Property{"Analytics"}, Property{"Modules"}};

/// A name that somebody gave, or a generated one.
std::string log_name(const ResourceContext& context, const Properties& properties, std::string_view property) {
  const std::string name = text_of(properties, property);
  return name.empty() ? generated_name(context, k_log_name_limit) : name;
}

const std::array k_types = {
    ResourceType{.name = "AWS::Logs::LogGroup",
                 .properties = k_group_properties,
                 .attributes = k_group_attributes,
                 .name_property = "LogGroupName",
                 .choose_id = [](const ResourceContext& context,
                                 const Properties& given) { return log_name(context, given, "LogGroupName"); },
                 .create = create_group,
                 .update = update_group,
                 .remove = remove_group},
    ResourceType{.name = "AWS::Logs::LogStream",
                 .properties = k_stream_properties,
                 .name_property = "LogStreamName",
                 .scope_property = "LogGroupName",
                 .choose_id = [](const ResourceContext& context,
                                 const Properties& given) { return log_name(context, given, "LogStreamName"); },
                 .create = create_stream,
                 .update = nothing,
                 .remove = remove_stream},
    ResourceType{.name = "AWS::Logs::SubscriptionFilter",
                 .properties = k_subscription_properties,
                 .name_property = "FilterName",
                 .scope_property = "LogGroupName",
                 .choose_id = [](const ResourceContext& context,
                                 const Properties& given) { return log_name(context, given, "FilterName"); },
                 .create = create_subscription,
                 .update = update_subscription,
                 .remove = remove_subscription},
    custom_resource_type(),
    ResourceType{
        .name = k_macro_type,
        .properties = k_macro_properties,
        .name_property = "Name",
        .choose_id = [](const ResourceContext&, const Properties& given) { return text_of(given, "Name"); },
        .create = [](const ResourceContext&, const Properties&, ResourceState&) -> AwsResult<Plan> { return Plan(); },
        .update = nothing,
        .remove = [](const ResourceContext&, const Resource&) -> AwsResult<Plan> { return Plan(); }},
    // What the CDK adds to its templates: nothing but a record of which constructs were used.
    ResourceType{.name = "AWS::CDK::Metadata",
                 .properties = k_cdk_properties,
                 .choose_id = [](const ResourceContext&, const Properties&) { return make_request_id(); },
                 .create = [](const ResourceContext&, const Properties&, ResourceState& state) -> AwsResult<Plan> {
                   state.exists = true;
                   return Plan();
                 },
                 .update = nothing,
                 .remove = [](const ResourceContext&, const Resource&) -> AwsResult<Plan> { return Plan(); }},
    // Nothing waits for its signals here (AWS::CloudFormation::WaitCondition is not implemented): it is what templates
    // use that need some resource.
    ResourceType{.name = "AWS::CloudFormation::WaitConditionHandle",
                 .choose_id =
                     [](const ResourceContext& context, const Properties&) {
                       return fmt::format("https://cloudformation-waitcondition-{0}.s3.{0}.{1}/{2}/{3}/{4}",
                                          context.region, wire::dns_suffix_of(context.region), context.stack_id,
                                          context.logical_id, make_request_id());
                     },
                 .create = [](const ResourceContext&, const Properties&, ResourceState& state) -> AwsResult<Plan> {
                   state.exists = true;
                   return Plan();
                 },
                 .update = nothing,
                 .remove = [](const ResourceContext&, const Resource&) -> AwsResult<Plan> { return Plan(); }},
};

}  // namespace

std::span<const ResourceType> other_resource_types() {
  return k_types;
}

}  // namespace sortie::emulator::cloudformation
