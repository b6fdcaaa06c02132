#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "emulator/core/validation.h"
#include "emulator/logs/operation.h"
#include "wire/arn.h"

/// Subscription filters, and TestMetricFilter, which tries a pattern.
namespace sortie::emulator::logs {
namespace {

namespace json = boost::json;

constexpr std::size_t k_max_filters = 2;
constexpr std::size_t k_describe_limit = 50;
constexpr std::size_t k_max_messages = 50;

json::object describe(const Subscription& subscription) {
  return {{"filterName", subscription.name},
          {"logGroupName", subscription.group_name},
          {"filterPattern", subscription.pattern_text},
          {"destinationArn", subscription.destination},
          {"distribution", subscription.distribution},
          {"applyOnTransformedLogs", false},
          {"creationTime", subscription.created}};
}

/// A name without `:` and `*`.
std::string filter_name(Parameters& input, std::string_view member, bool required) {
  std::string name = required ? input.required_text(member, 512) : input.optional_text(member, 512);
  if (name.find_first_of(":*") != std::string::npos) {
    input.complain(violation(member, name, constraint::pattern("[^:*]*")));
  }
  return name;
}

/// What a filter asks for that there is not, by name.
std::optional<AwsError> unsupported_part(const Parameters& input, const std::string& destination) {
  for (const auto* member : {"fieldSelectionCriteria", "emitSystemFields"}) {
    if (input.has(member)) return not_implemented("logs", fmt::format("PutSubscriptionFilter with {}", member));
  }
  const auto arn = wire::parse_arn(destination);
  if (arn && (arn->service == "kinesis" || arn->service == "firehose" || arn->service == "logs")) {
    return not_implemented("logs", fmt::format("PutSubscriptionFilter with destinations of {}", arn->service));
  }
  return std::nullopt;
}

/// May be empty, but must be there.
std::string read_pattern(Parameters& input) {
  if (!input.has("filterPattern")) return input.required_text("filterPattern", 1024);
  return input.optional_text("filterPattern", 1024);
}

/// `Random` or `ByLogStream`.
std::string read_distribution(Parameters& input) {
  std::string distribution = input.optional_text("distribution", 32);
  if (distribution.empty()) return "ByLogStream";
  if (distribution != "Random" && distribution != "ByLogStream") {
    input.complain(violation("distribution", distribution, constraint::one_of(std::array{"Random", "ByLogStream"})));
  }
  return distribution;
}

AwsResult<Output> put_subscription_filter(Operation& operation) {
  Parameters& input = operation.input;
  const std::string group_name = input.group_name();
  std::string name = filter_name(input, "filterName", true);
  std::string pattern_text = read_pattern(input);
  std::string destination = input.required_text("destinationArn", 2048);
  std::string distribution = read_distribution(input);
  RETURN_IF_ERROR(input.check());
  RETURN_IF_ERROR(operation.allow("PutSubscriptionFilter", stream_arn(operation.call, group_name, ""), group_name));
  if (auto unsupported = unsupported_part(input, destination)) return std::unexpected(*std::move(unsupported));
  auto pattern = FilterPattern::parse(pattern_text);
  if (!pattern) return aws_fail(400, "InvalidParameterException", pattern.error());
  ASSIGN_OR_RETURN(const Group group, operation.existing_group(group_name));
  if (const auto arn = wire::parse_arn(destination); !arn || arn->service != "lambda") {
    return aws_fail(400, "InvalidParameterException", "Invalid destination ARN: " + destination);
  }
  const auto filters = operation.subscriptions.of(group.id);
  const auto existing = std::ranges::find(filters, name, &Subscription::name);
  const bool replaces = existing != filters.end();
  if (!replaces && filters.size() >= k_max_filters) {
    return aws_fail(400, "LimitExceededException", "Resource limit exceeded.");
  }
  Subscription subscription{.group = group.id,
                            .group_name = group_name,
                            .region = operation.call.region,
                            .account = operation.call.account,
                            .name = std::move(name),
                            .pattern_text = std::move(pattern_text),
                            .destination = std::move(destination),
                            .distribution = std::move(distribution),
                            .created = replaces ? existing->created : operation.now(),
                            .pattern = *std::move(pattern)};
  if (!operation.subscriptions.may_invoke(subscription)) {
    return aws_fail(400, "InvalidParameterException",
                    "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to "
                    "execute your function.");
  }
  operation.subscriptions.put(std::move(subscription));
  return Output();
}

AwsResult<Output> describe_subscription_filters(Operation& operation) {
  Parameters& input = operation.input;
  const std::string group_name = input.group_name();
  const std::string prefix = filter_name(input, "filterNamePrefix", false);
  const std::string after = input.optional_text("nextToken", 4096);
  const auto limit = static_cast<std::size_t>(input.number("limit", 1, k_describe_limit).value_or(k_describe_limit));
  RETURN_IF_ERROR(input.check());
  RETURN_IF_ERROR(
      operation.allow("DescribeSubscriptionFilters", stream_arn(operation.call, group_name, ""), group_name));
  ASSIGN_OR_RETURN(const Group group, operation.existing_group(group_name));
  json::array list;
  json::object out;
  for (const Subscription& subscription : operation.subscriptions.of(group.id)) {
    if (!subscription.name.starts_with(prefix) || subscription.name <= after) continue;
    if (list.size() == limit) {
      out["nextToken"] = list.back().at("filterName");
      break;
    }
    list.push_back(describe(subscription));
  }
  out["subscriptionFilters"] = std::move(list);
  return out;
}

AwsResult<Output> delete_subscription_filter(Operation& operation) {
  Parameters& input = operation.input;
  const std::string group_name = input.group_name();
  const std::string name = filter_name(input, "filterName", true);
  RETURN_IF_ERROR(input.check());
  RETURN_IF_ERROR(operation.allow("DeleteSubscriptionFilter", stream_arn(operation.call, group_name, ""), group_name));
  ASSIGN_OR_RETURN(const Group group, operation.existing_group(group_name));
  if (!operation.subscriptions.remove(group.id, name)) {
    return aws_fail(400, "ResourceNotFoundException", "The specified subscription filter does not exist.");
  }
  return Output();
}

AwsResult<Output> test_metric_filter(Operation& operation) {
  Parameters& input = operation.input;
  const std::string pattern_text = read_pattern(input);
  const auto messages = input.texts("logEventMessages", k_max_messages);
  if (!input.has("logEventMessages")) input.required_text("logEventMessages", 0);
  RETURN_IF_ERROR(input.check());
  RETURN_IF_ERROR(operation.allow("TestMetricFilter", "*", {}));
  const auto pattern = FilterPattern::parse(pattern_text);
  if (!pattern) return aws_fail(400, "InvalidParameterException", pattern.error());
  json::array matches;
  for (std::size_t number = 0; number < messages.size(); ++number) {
    if (!pattern->matches(messages[number])) continue;
    json::object values;
    for (const auto& [name, value] : pattern->fields(messages[number])) values["$" + name] = value;
    matches.push_back(json::object{
        {"eventNumber", number}, {"eventMessage", messages[number]}, {"extractedValues", std::move(values)}});
  }
  return json::object{{"matches", std::move(matches)}};
}

constexpr Row k_operations[] = {
    {"PutSubscriptionFilter", put_subscription_filter},
    {"DescribeSubscriptionFilters", describe_subscription_filters},
    {"DeleteSubscriptionFilter", delete_subscription_filter},
    {"TestMetricFilter", test_metric_filter},
};

}  // namespace

std::span<const Row> subscription_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::logs
