#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "emulator/cloudformation/resources/custom_responses.h"
#include "emulator/cloudformation/resources/lambda_types.h"
#include "emulator/cloudformation/template/values.h"
#include "emulator/core/protocol.h"
#include "wire/arn.h"

/// Custom resources: a function gets an event and puts its answer to a URL.
/// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html
namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;
using Change = Property::Change;

constexpr std::array k_properties = {
    Property{"ServiceTimeout", Shape::text},
    Property{"ServiceToken", Shape::text, Change::in_place, true},
};
constexpr std::int64_t k_longest_wait_s = 3600;

/// The event of the function, without the URL.
json::object message_of(const ResourceContext& context, std::string_view kind, const std::string& token) {
  return {{"RequestType", kind},
          {"ServiceToken", token},
          {"StackId", context.stack_id},
          {"RequestId", make_request_id()},
          {"LogicalResourceId", context.logical_id},
          {"ResourceType", context.type}};
}

std::chrono::seconds timeout_of(const Properties& properties) {
  const auto asked = to_number(text_of(properties, "ServiceTimeout"));
  return std::chrono::seconds(asked ? std::clamp(static_cast<std::int64_t>(*asked), std::int64_t{1}, k_longest_wait_s)
                                    : k_longest_wait_s);
}

/// Waits for the answer and takes its physical id and attributes over.
Step wait_for(const ResourceContext& context, CustomResponses::ResponseUrl response_url, json::object message,
              std::chrono::seconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  Step step{.service = "lambda"};
  step.await_reply = [responses = context.responses, secret = response_url.secret, message,
                      deadline]() -> std::optional<Reply> {
    auto body = responses->find(secret);
    const bool late = std::chrono::steady_clock::now() >= deadline;
    if (!body && !late) return std::nullopt;
    responses->close(secret);
    Reply reply{.service = "lambda"};
    if (body) {
      reply.body = *std::move(body);
    } else {
      reply.status = 504;
    }
    return reply;
  };
  step.then = [message = std::move(message)](const Reply& reply, ResourceState& state) {
    if (!reply.ok()) {
      state.failure = fmt::format(
          "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId "
          "[{}]. If you are using the Python cfn-response module, you may need to update your Lambda function code so "
          "that CloudFormation can attach the updated version.",
          text_of(message, "RequestId"));
      return Plan();
    }
    CustomAnswer answer = read_custom_answer(reply.body, message);
    if (!answer.physical_id.empty()) {
      state.physical_id = std::move(answer.physical_id);
      // Also what failed is deleted, once it has a name.
      state.exists = true;
    }
    if (answer.failure.empty()) state.attributes = std::move(answer.data);
    state.failure = std::move(answer.failure);
    return Plan();
  };
  return step;
}

AwsResult<Plan> ask(const ResourceContext& context, json::object message, const Properties& properties) {
  const std::string token = text_of(properties, "ServiceToken");
  const auto arn = wire::parse_arn(token);
  if (arn && arn->service == "sns") {
    return refuse("The embedded AWS does not implement custom resources behind SNS topics. AWS does.");
  }
  if (!arn || arn->service != "lambda") return refuse(fmt::format("Invalid service token. {}", token));
  if (context.responses == nullptr) {
    return refuse("Functions on the host's network cannot reach the URL for answers of custom resources.");
  }
  auto response_url =
      context.responses->open(context.region, fmt::format("{}|{}", context.stack_id, context.logical_id));
  message["ResponseURL"] = response_url.url;
  message["ResourceProperties"] = properties;
  Step invoke = lambda::step("POST", lambda::function_path(token) + "/invocations", &message);
  invoke.request.headers.add("X-Amz-Invocation-Type", "Event");
  Plan plan;
  plan.push_back(std::move(invoke));
  plan.push_back(wait_for(context, std::move(response_url), std::move(message), timeout_of(properties)));
  return plan;
}

AwsResult<Plan> create(const ResourceContext& context, const Properties& properties, ResourceState&) {
  return ask(context, message_of(context, "Create", text_of(properties, "ServiceToken")), properties);
}

AwsResult<Plan> update(const ResourceContext& context, const Properties& before, const Properties& after,
                       ResourceState& state) {
  auto message = message_of(context, "Update", text_of(after, "ServiceToken"));
  message["PhysicalResourceId"] = state.physical_id;
  message["OldResourceProperties"] = before;
  return ask(context, std::move(message), after);
}

AwsResult<Plan> remove(const ResourceContext& context, const Resource& resource) {
  auto message = message_of(context, "Delete", text_of(resource.properties, "ServiceToken"));
  message["PhysicalResourceId"] = resource.physical_id;
  return ask(context, std::move(message), resource.properties);
}

}  // namespace

ResourceType custom_resource_type() {
  return {.name = "AWS::CloudFormation::CustomResource",
          .properties = k_properties,
          .open = true,
          .choose_id = [](const ResourceContext&, const Properties&) { return std::string(); },
          .create = create,
          .update = update,
          .remove = remove};
}

}  // namespace sortie::emulator::cloudformation
