#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "emulator/logs/operations.h"
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
    input.complain(
        fmt::format("1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member "
                    "must satisfy regular expression pattern: [^:*]*",
                    name, member));
  }
  return name;
}

/// What a filter asks for that there is not, by name.
std::optional<AwsError> absent_part(const Parameters& input, const std::string& destination) {
  for (const auto* member : {"fieldSelectionCriteria", "emitSystemFields"}) {
    if (input.has(member)) return not_implemented("logs", fmt::format("PutSubscriptionFilter with {}", member));
  }
  const auto arn = wire::parse_arn(destination);
  if (arn && (arn->service == "kinesis" || arn->service == "firehose" || arn->service == "logs")) {
    return not_implemented("logs", fmt::format("PutSubscriptionFilter with destinations of {}", arn->service));
  }
  return std::nullopt;
}

}  // namespace

AwsResult<Output> Operations::put_subscription_filter(const Call& call, Parameters& input) {
  const std::string group_name = input.group_name();
  std::string name = filter_name(input, "filterName", true);
  std::string pattern_text = input.optional_text("filterPattern", 1024);
  if (!input.has("filterPattern")) input.required_text("filterPattern", 1024);
  std::string destination = input.required_text("destinationArn", 2048);
  std::string distribution = input.optional_text("distribution", 32);
  if (!distribution.empty() && distribution != "Random" && distribution != "ByLogStream") {
    input.complain(
        fmt::format("1 validation error detected: Value '{}' at 'distribution' failed to satisfy "
                    "constraint: Member must satisfy enum value set: [Random, ByLogStream]",
                    distribution));
  }
  if (input.error()) return std::unexpected(*input.error());
  if (auto allowed = authorize(call, "PutSubscriptionFilter", stream_arn(call, group_name, ""), group_name); !allowed) {
    return std::unexpected(allowed.error());
  }
  if (auto absent = absent_part(input, destination)) return std::unexpected(*std::move(absent));
  auto pattern = FilterPattern::parse(pattern_text);
  if (!pattern) return aws_fail(400, "InvalidParameterException", pattern.error());
  auto group = existing_group(call, group_name);
  if (!group) return std::unexpected(group.error());
  if (const auto arn = wire::parse_arn(destination); !arn || arn->service != "lambda") {
    return aws_fail(400, "InvalidParameterException", "Invalid destination ARN: " + destination);
  }
  const auto filters = subscriptions_.of(group->id);
  const auto existing = std::ranges::find(filters, name, &Subscription::name);
  const bool replaces = existing != filters.end();
  if (!replaces && filters.size() >= k_max_filters) {
    return aws_fail(400, "LimitExceededException", "Resource limit exceeded.");
  }
  Subscription subscription{.group = group->id,
                            .group_name = group_name,
                            .region = call.region,
                            .account = call.account,
                            .name = std::move(name),
                            .pattern_text = std::move(pattern_text),
                            .destination = std::move(destination),
                            .distribution = distribution.empty() ? "ByLogStream" : std::move(distribution),
                            .created = replaces ? existing->created : now(),
                            .pattern = *std::move(pattern)};
  if (!subscriptions_.may_invoke(subscription)) {
    return aws_fail(400, "InvalidParameterException",
                    "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to "
                    "execute your function.");
  }
  subscriptions_.put(std::move(subscription));
  return Output();
}

AwsResult<Output> Operations::describe_subscription_filters(const Call& call, Parameters& input) {
  const std::string group_name = input.group_name();
  const std::string prefix = filter_name(input, "filterNamePrefix", false);
  const std::string after = input.optional_text("nextToken", 4096);
  const auto limit = static_cast<std::size_t>(input.number("limit", 1, k_describe_limit).value_or(k_describe_limit));
  if (input.error()) return std::unexpected(*input.error());
  auto allowed = authorize(call, "DescribeSubscriptionFilters", stream_arn(call, group_name, ""), group_name);
  if (!allowed) return std::unexpected(allowed.error());
  auto group = existing_group(call, group_name);
  if (!group) return std::unexpected(group.error());
  json::array list;
  json::object out;
  for (const Subscription& subscription : subscriptions_.of(group->id)) {
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

AwsResult<Output> Operations::delete_subscription_filter(const Call& call, Parameters& input) {
  const std::string group_name = input.group_name();
  const std::string name = filter_name(input, "filterName", true);
  if (input.error()) return std::unexpected(*input.error());
  auto allowed = authorize(call, "DeleteSubscriptionFilter", stream_arn(call, group_name, ""), group_name);
  if (!allowed) return std::unexpected(allowed.error());
  auto group = existing_group(call, group_name);
  if (!group) return std::unexpected(group.error());
  if (!subscriptions_.remove(group->id, name)) {
    return aws_fail(400, "ResourceNotFoundException", "The specified subscription filter does not exist.");
  }
  return Output();
}

AwsResult<Output> Operations::test_metric_filter(const Call& call, Parameters& input) {
  const std::string pattern_text = input.optional_text("filterPattern", 1024);
  if (!input.has("filterPattern")) input.required_text("filterPattern", 1024);
  const auto messages = input.texts("logEventMessages", k_max_messages);
  if (!input.has("logEventMessages")) input.required_text("logEventMessages", 0);
  if (input.error()) return std::unexpected(*input.error());
  if (auto allowed = authorize(call, "TestMetricFilter", "*", {}); !allowed) return std::unexpected(allowed.error());
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

}  // namespace sortie::emulator::logs
