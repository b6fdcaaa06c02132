#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>

#include "emulator/cloudformation/resources/lambda_types.h"
#include "emulator/core/protocol.h"
#include "wire/uri.h"

/// How functions are invoked: their URLs, and what becomes of asynchronous invocations.
namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;
using Change = Property::Change;
using lambda::step;

std::string with_qualifier(std::string path, const Properties& properties) {
  const std::string qualifier = text_of(properties, "Qualifier");
  if (!qualifier.empty() && qualifier != "$LATEST") path += "?Qualifier=" + wire::uri_encode(qualifier);
  return path;
}

// URLs ----------------------------------------------------------------------------------------------------------------

constexpr std::array k_url_properties = {
    Property{"AuthType", Shape::text, Change::in_place, true},
    Property{"Cors", Shape::object},
    Property{"InvokeMode"},
    Property{"Qualifier", Shape::text, Change::replaces},
    Property{"TargetFunctionArn", Shape::text, Change::replaces, true},
};
constexpr std::array<std::string_view, 2> k_url_attributes = {"FunctionArn", "FunctionUrl"};

std::string url_path(const Properties& properties) {
  return with_qualifier("/2021-10-31/functions/" + wire::uri_encode(text_of(properties, "TargetFunctionArn")) + "/url",
                        properties);
}

json::object url_body(const Properties& properties) {
  json::object body;
  for (const auto* name : {"AuthType", "InvokeMode"}) {
    if (properties.contains(name)) body[name] = properties.at(name);
  }
  json::object cors = object_of(properties, "Cors");
  if (const auto* age = cors.if_contains("MaxAge"); age != nullptr && age->is_string()) {
    cors["MaxAge"] = std::atoi(text_of(cors, "MaxAge").c_str());
  }
  if (cors.contains("AllowCredentials")) cors["AllowCredentials"] = flag_of(cors, "AllowCredentials");
  if (!cors.empty()) body["Cors"] = std::move(cors);
  return body;
}

AwsResult<Plan> create_url(const ResourceContext&, const Properties& properties, ResourceState&) {
  const json::object body = url_body(properties);
  Plan plan;
  plan.push_back(step("POST", url_path(properties), &body));
  plan.back().creates = true;
  plan.back().then = [](const Reply& reply, ResourceState& state) {
    const json::object answer = reply.json();
    state.physical_id = text_of(answer, "FunctionArn");
    state.attributes["FunctionArn"] = state.physical_id;
    state.attributes["FunctionUrl"] = text_of(answer, "FunctionUrl");
    return Plan();
  };
  return plan;
}

AwsResult<Plan> update_url(const ResourceContext&, const Properties&, const Properties& after, ResourceState&) {
  json::object body = url_body(after);
  if (!body.contains("Cors")) body["Cors"] = json::object();
  if (!body.contains("InvokeMode")) body["InvokeMode"] = "BUFFERED";
  Plan plan;
  plan.push_back(step("PUT", url_path(after), &body));
  return plan;
}

AwsResult<Plan> remove_url(const ResourceContext&, const Resource& resource) {
  Plan plan;
  plan.push_back(step("DELETE", url_path(resource.properties)));
  plan.back().tolerated = {"ResourceNotFoundException"};
  return plan;
}

// Asynchronous invocations --------------------------------------------------------------------------------------------

constexpr std::array k_invoke_properties = {
    Property{"DestinationConfig", Shape::object},
    Property{"FunctionName", Shape::text, Change::replaces, true},
    Property{"MaximumEventAgeInSeconds", Shape::number},
    Property{"MaximumRetryAttempts", Shape::number},
    Property{"Qualifier", Shape::text, Change::replaces, true},
};

std::string invoke_path(const Properties& properties) {
  return with_qualifier(
      "/2019-09-25/functions/" + wire::uri_encode(text_of(properties, "FunctionName")) + "/event-invoke-config",
      properties);
}

/// Put as a whole: what is not named goes back to its default.
Step put_invoke(const Properties& properties) {
  json::object body;
  for (const auto* name : {"DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts"}) {
    if (properties.contains(name)) body[name] = properties.at(name);
  }
  return step("PUT", invoke_path(properties), &body);
}

AwsResult<Plan> create_invoke(const ResourceContext&, const Properties& properties, ResourceState&) {
  Plan plan;
  plan.push_back(put_invoke(properties));
  plan.back().creates = true;
  return plan;
}

AwsResult<Plan> update_invoke(const ResourceContext&, const Properties&, const Properties& after, ResourceState&) {
  Plan plan;
  plan.push_back(put_invoke(after));
  return plan;
}

AwsResult<Plan> remove_invoke(const ResourceContext&, const Resource& resource) {
  Plan plan;
  plan.push_back(step("DELETE", invoke_path(resource.properties)));
  plan.back().tolerated = {"ResourceNotFoundException"};
  return plan;
}

}  // namespace

ResourceType lambda_url_type() {
  return {.name = "AWS::Lambda::Url",
          .properties = k_url_properties,
          .attributes = k_url_attributes,
          .choose_id = [](const ResourceContext&, const Properties&) { return std::string(); },
          .create = create_url,
          .update = update_url,
          .remove = remove_url};
}

ResourceType lambda_event_invoke_type() {
  return {.name = "AWS::Lambda::EventInvokeConfig",
          .properties = k_invoke_properties,
          .choose_id = [](const ResourceContext&, const Properties&) { return make_request_id(); },
          .create = create_invoke,
          .update = update_invoke,
          .remove = remove_invoke};
}

}  // namespace sortie::emulator::cloudformation
