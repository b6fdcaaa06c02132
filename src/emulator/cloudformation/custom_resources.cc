#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "emulator/cloudformation/custom_responses.h"
#include "emulator/cloudformation/lambda_types.h"
#include "emulator/cloudformation/values.h"
#include "emulator/core/protocol.h"
#include "wire/arn.h"

/// Custom resources: a function is told what to do and leaves its answer at a URL.
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

/// What a function is told, without the URL.
json::object message_of(const Owner& owner, std::string_view kind, const std::string& token) {
  return {{"RequestType", kind},
          {"ServiceToken", token},
          {"StackId", owner.stack_id},
          {"RequestId", make_request_id()},
          {"LogicalResourceId", owner.logical_id},
          {"ResourceType", owner.type}};
}

std::chrono::seconds patience_of(const Properties& properties) {
  const auto asked = to_number(text_of(properties, "ServiceTimeout"));
  return std::chrono::seconds(asked ? std::clamp(static_cast<std::int64_t>(*asked), std::int64_t{1}, k_longest_wait_s)
                                    : k_longest_wait_s);
}

/// Waits for the answer at `place`, and takes over what it says.
Step wait_for(const Owner& owner, CustomResponses::Place place, json::object message, std::chrono::seconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  Step step{.service = "lambda"};
  step.await_reply = [responses = owner.responses, place, message, deadline]() -> std::optional<Reply> {
    auto body = responses->find(place.secret);
    const bool late = std::chrono::steady_clock::now() >= deadline;
    if (!body && !late) return std::nullopt;
    responses->close(place.secret);
    Reply reply{.service = "lambda"};
    if (body) {
      reply.body = *std::move(body);
    } else {
      reply.status = 504;
    }
    return reply;
  };
  step.then = [message = std::move(message)](const Reply& reply, Made& made) {
    if (!reply.ok()) {
      made.failure = fmt::format(
          "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId "
          "[{}]. If you are using the Python cfn-response module, you may need to update your Lambda function code so "
          "that CloudFormation can attach the updated version.",
          text_of(message, "RequestId"));
      return Plan();
    }
    CustomAnswer answer = read_custom_answer(reply.body, message);
    if (!answer.physical_id.empty()) {
      made.physical_id = std::move(answer.physical_id);
      // Also what failed is deleted, once it has a name.
      made.exists = true;
    }
    if (answer.failure.empty()) made.attributes = std::move(answer.data);
    made.failure = std::move(answer.failure);
    return Plan();
  };
  return step;
}

AwsResult<Plan> ask(const Owner& owner, json::object message, const Properties& properties) {
  const std::string token = text_of(properties, "ServiceToken");
  const auto arn = wire::parse_arn(token);
  if (arn && arn->service == "sns") {
    return refuse("The embedded AWS does not implement custom resources behind SNS topics. AWS does.");
  }
  if (!arn || arn->service != "lambda") return refuse(fmt::format("Invalid service token. {}", token));
  if (owner.responses == nullptr) {
    return refuse("Functions on the host's network cannot reach the URL for answers of custom resources.");
  }
  auto place = owner.responses->open(owner.region, fmt::format("{}|{}", owner.stack_id, owner.logical_id));
  message["ResponseURL"] = place.url;
  message["ResourceProperties"] = properties;
  Step invoke = lambda::step("POST", lambda::function_path(token) + "/invocations", &message);
  invoke.request.headers.add("X-Amz-Invocation-Type", "Event");
  Plan plan;
  plan.push_back(std::move(invoke));
  plan.push_back(wait_for(owner, std::move(place), std::move(message), patience_of(properties)));
  return plan;
}

AwsResult<Plan> create(const Owner& owner, const Properties& properties, Made&) {
  return ask(owner, message_of(owner, "Create", text_of(properties, "ServiceToken")), properties);
}

AwsResult<Plan> update(const Owner& owner, const Properties& before, const Properties& after, Made& made) {
  auto message = message_of(owner, "Update", text_of(after, "ServiceToken"));
  message["PhysicalResourceId"] = made.physical_id;
  message["OldResourceProperties"] = before;
  return ask(owner, std::move(message), after);
}

AwsResult<Plan> remove(const Owner& owner, const Resource& resource) {
  auto message = message_of(owner, "Delete", text_of(resource.properties, "ServiceToken"));
  message["PhysicalResourceId"] = resource.physical_id;
  return ask(owner, std::move(message), resource.properties);
}

}  // namespace

ResourceType custom_resource_type() {
  return {.name = "AWS::CloudFormation::CustomResource",
          .properties = k_properties,
          .open = true,
          .choose_id = [](const Owner&, const Properties&) { return std::string(); },
          .create = create,
          .update = update,
          .remove = remove};
}

}  // namespace sortie::emulator::cloudformation
