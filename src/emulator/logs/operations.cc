#include "emulator/logs/operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "wire/arn.h"
#include "wire/checksum.h"

namespace sortie::emulator::logs {
namespace {

namespace json = boost::json;

constexpr std::size_t k_describe_limit = 50;
constexpr std::int64_t k_day_ms = 24LL * 3600 * 1000;
constexpr std::array<std::int64_t, 22> k_retention_days{1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                                                        365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};

std::unexpected<AwsError> not_found(std::string message) {
  return aws_fail(400, "ResourceNotFoundException", std::move(message));
}

json::object describe(const Call& call, const Group& group) {
  const std::string arn = group_arn(call, group.name);
  json::object out{{"logGroupName", group.name}, {"creationTime", group.created},
                   {"metricFilterCount", 0},     {"arn", arn + ":*"},
                   {"storedBytes", 0},           {"logGroupClass", group.log_class},
                   {"logGroupArn", arn},         {"deletionProtectionEnabled", false}};
  if (group.retention_days) out["retentionInDays"] = *group.retention_days;
  return out;
}

json::object describe(const Call& call, const Group& group, const Stream& stream) {
  json::object out{{"logStreamName", stream.name},
                   {"creationTime", stream.created},
                   {"arn", stream_arn(call, group.name, stream.name)},
                   {"storedBytes", 0}};
  if (stream.first_event) out["firstEventTimestamp"] = *stream.first_event;
  if (stream.last_event) out["lastEventTimestamp"] = *stream.last_event;
  if (stream.last_ingestion) {
    out["lastIngestionTime"] = *stream.last_ingestion;
    out["uploadSequenceToken"] = fmt::format("49{:054}", stream.id);
  }
  return out;
}

/// Tokens are opaque to callers; the kind keeps one operation's from being taken for another's.
std::string make_token(std::string_view kind, std::string_view content) {
  return wire::base64_encode(fmt::format("{}/{}", kind, content));
}

std::optional<std::string> read_token(std::string_view kind, std::string_view token) {
  auto text = wire::base64_decode(token);
  if (!text || !text->starts_with(fmt::format("{}/", kind))) return std::nullopt;
  return text->substr(kind.size() + 1);
}

}  // namespace

std::string group_arn(const Call& call, std::string_view group) {
  return fmt::format("arn:{}:logs:{}:{}:log-group:{}", wire::partition_of(call.region), call.region, call.account,
                     group);
}

std::string stream_arn(const Call& call, std::string_view group, std::string_view stream) {
  return fmt::format("{}:log-stream:{}", group_arn(call, group), stream);
}

Operations::Operations(const Clock& clock, LogStore& store, Subscriptions& subscriptions, Authorizer& authorizer)
    : clock_(clock), store_(store), subscriptions_(subscriptions), authorizer_(authorizer) {}

const std::map<std::string_view, Operations::Handler>& Operations::handlers() {
  static const std::map<std::string_view, Handler> k_handlers{
      {"CreateLogGroup", &Operations::create_log_group},
      {"DeleteLogGroup", &Operations::delete_log_group},
      {"DescribeLogGroups", &Operations::describe_log_groups},
      {"ListLogGroups", &Operations::list_log_groups},
      {"PutRetentionPolicy", &Operations::put_retention_policy},
      {"DeleteRetentionPolicy", &Operations::delete_retention_policy},
      {"TagResource", &Operations::tag_resource},
      {"UntagResource", &Operations::untag_resource},
      {"ListTagsForResource", &Operations::list_tags_for_resource},
      {"TagLogGroup", &Operations::tag_log_group},
      {"UntagLogGroup", &Operations::untag_log_group},
      {"ListTagsLogGroup", &Operations::list_tags_log_group},
      {"CreateLogStream", &Operations::create_log_stream},
      {"DeleteLogStream", &Operations::delete_log_stream},
      {"DescribeLogStreams", &Operations::describe_log_streams},
      {"PutLogEvents", &Operations::put_log_events},
      {"GetLogEvents", &Operations::get_log_events},
      {"FilterLogEvents", &Operations::filter_log_events},
      {"PutSubscriptionFilter", &Operations::put_subscription_filter},
      {"DescribeSubscriptionFilters", &Operations::describe_subscription_filters},
      {"DeleteSubscriptionFilter", &Operations::delete_subscription_filter},
      {"TestMetricFilter", &Operations::test_metric_filter},
  };
  return k_handlers;
}

AwsResult<Output> Operations::run(std::string_view operation, const Call& call, const json::object& input) {
  const auto found = handlers().find(operation);
  if (found == handlers().end()) return std::unexpected(not_implemented("logs", operation));
  Parameters parameters(input);
  return (this->*found->second)(call, parameters);
}

AwsResult<void> Operations::authorize(const Call& call, const std::string& action, const std::string& resource,
                                      const std::string& group,
                                      const std::map<std::string, std::string>& request_tags) {
  AuthorizationRequest question;
  question.action = "logs:" + action;
  question.resource = resource;
  question.resource_account = call.account;
  for (const auto& [key, value] : request_tags) {
    question.context.emplace_back("aws:RequestTag/" + key, value);
    question.context.emplace_back("aws:TagKeys", key);
  }
  if (const auto existing = store_.find_group(call.region, group)) {
    for (const auto& [key, value] : store_.tags(*existing)) {
      question.context.emplace_back("aws:ResourceTag/" + key, value);
    }
  }
  auto decision = authorizer_.authorize(call, question);
  if (decision) return {};
  AwsError error = std::move(decision).error();
  if (error.code == "AccessDenied") error.code = "AccessDeniedException";
  error.status = 400;  // JSON 1.1 services answer 400 where others say 403
  return std::unexpected(std::move(error));
}

AwsResult<Group> Operations::existing_group(const Call& call, const std::string& name) {
  auto group = store_.find_group(call.region, name);
  if (!group) return not_found("The specified log group does not exist.");
  return *std::move(group);
}

AwsResult<Stream> Operations::existing_stream(const Group& group, const std::string& name) {
  auto stream = store_.find_stream(group, name);
  if (!stream) return not_found("The specified log stream does not exist.");
  return *std::move(stream);
}

AwsResult<Output> Operations::create_log_group(const Call& call, Parameters& input) {
  const std::string name = input.group_name();
  const auto tags = input.tags("tags", false);
  std::string log_class = input.optional_text("logGroupClass", 32);
  if (log_class.empty()) log_class = "STANDARD";
  if (log_class != "STANDARD" && log_class != "INFREQUENT_ACCESS")
    input.complain("Invalid logGroupClass: " + log_class);
  if (name.starts_with("aws/")) input.complain("Log groups starting with AWS/ are reserved for AWS.");
  for (const auto* absent : {"kmsKeyId", "deletionProtectionEnabled"}) {
    if (input.has(absent) && !(absent[0] == 'd' && !input.flag(absent))) {
      return std::unexpected(not_implemented("logs", fmt::format("CreateLogGroup with {}", absent)));
    }
  }
  if (input.error()) return std::unexpected(*input.error());
  if (auto allowed = authorize(call, "CreateLogGroup", stream_arn(call, name, ""), name, tags); !allowed) {
    return std::unexpected(allowed.error());
  }
  if (store_.find_group(call.region, name)) {
    return aws_fail(400, "ResourceAlreadyExistsException", "The specified log group already exists");
  }
  store_.create_group(call.region, name, log_class, tags, now());
  return Output();
}

AwsResult<Output> Operations::delete_log_group(const Call& call, Parameters& input) {
  const std::string name = input.group_name();
  if (input.error()) return std::unexpected(*input.error());
  if (auto allowed = authorize(call, "DeleteLogGroup", stream_arn(call, name, ""), name); !allowed) {
    return std::unexpected(allowed.error());
  }
  auto group = existing_group(call, name);
  if (!group) return std::unexpected(group.error());
  store_.delete_group(*group);
  subscriptions_.drop(group->id);
  return Output();
}

AwsResult<Output> Operations::describe_log_groups(const Call& call, Parameters& input) {
  const std::string prefix = input.optional_text("logGroupNamePrefix", 512);
  const std::string pattern = input.optional_text("logGroupNamePattern", 512);
  const auto limit = static_cast<std::size_t>(input.number("limit", 1, k_describe_limit).value_or(k_describe_limit));
  const std::string wanted_class = input.optional_text("logGroupClass", 32);
  std::string after;
  if (const std::string token = input.optional_text("nextToken", 4096); !token.empty()) {
    const auto content = read_token("groups", token);
    if (!content) input.complain("The specified nextToken is invalid.");
    after = content.value_or("");
  }
  if (!prefix.empty() && !pattern.empty()) {
    input.complain("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
  }
  if (input.has("logGroupIdentifiers")) {
    return std::unexpected(not_implemented("logs", "DescribeLogGroups with logGroupIdentifiers"));
  }
  if (input.error()) return std::unexpected(*input.error());
  if (auto allowed = authorize(call, "DescribeLogGroups", stream_arn(call, prefix, ""), {}); !allowed) {
    return std::unexpected(allowed.error());
  }
  auto groups = store_.groups(call.region, prefix, pattern, after, limit + 1);
  json::object out;
  if (groups.size() > limit) {
    groups.pop_back();
    out["nextToken"] = make_token("groups", groups.back().name);
  }
  json::array list;
  for (const Group& group : groups) {
    if (wanted_class.empty() || wanted_class == group.log_class) list.push_back(describe(call, group));
  }
  out["logGroups"] = std::move(list);
  return out;
}

AwsResult<Output> Operations::put_retention_policy(const Call& call, Parameters& input) {
  const std::string name = input.group_name();
  const auto days = input.number("retentionInDays", INT32_MIN, INT32_MAX);
  if (!days) input.required_text("retentionInDays", 16);
  if (input.error()) return std::unexpected(*input.error());
  if (std::ranges::find(k_retention_days, *days) == k_retention_days.end()) {
    return aws_fail(400, "InvalidParameterException",
                    fmt::format("1 validation error detected: Value '{}' at 'retentionInDays' failed to satisfy "
                                "constraint: Member must satisfy enum value set: [{}]",
                                *days, fmt::join(k_retention_days, ", ")));
  }
  if (auto allowed = authorize(call, "PutRetentionPolicy", stream_arn(call, name, ""), name); !allowed) {
    return std::unexpected(allowed.error());
  }
  auto group = existing_group(call, name);
  if (!group) return std::unexpected(group.error());
  store_.set_retention(*group, days);
  store_.drop_before(*group, now() - *days * k_day_ms);
  return Output();
}

AwsResult<Output> Operations::delete_retention_policy(const Call& call, Parameters& input) {
  const std::string name = input.group_name();
  if (input.error()) return std::unexpected(*input.error());
  if (auto allowed = authorize(call, "DeleteRetentionPolicy", stream_arn(call, name, ""), name); !allowed) {
    return std::unexpected(allowed.error());
  }
  auto group = existing_group(call, name);
  if (!group) return std::unexpected(group.error());
  store_.set_retention(*group, std::nullopt);
  return Output();
}

// Tags ----------------------------------------------------------------------------------------------------------------

AwsResult<Output> Operations::change_tags(const Call& call, const std::string& action, const Tagging& tagging) {
  auto allowed = authorize(call, action, group_arn(call, tagging.group), tagging.group, tagging.add);
  if (!allowed) return std::unexpected(allowed.error());
  auto group = existing_group(call, tagging.group);
  if (!group) return std::unexpected(group.error());
  auto tags = store_.tags(*group);
  for (const auto& [key, value] : tagging.add) tags[key] = value;
  if (tags.size() > 50) return aws_fail(400, "TooManyTagsException", "A resource can have no more than 50 tags.");
  store_.put_tags(*group, tagging.add);
  store_.remove_tags(*group, tagging.remove);
  return Output();
}

AwsResult<Output> Operations::list_tags(const Call& call, const std::string& action, const std::string& name) {
  if (auto allowed = authorize(call, action, group_arn(call, name), name); !allowed) {
    return std::unexpected(allowed.error());
  }
  auto group = existing_group(call, name);
  if (!group) return std::unexpected(group.error());
  json::object tags;
  for (const auto& [key, value] : store_.tags(*group)) tags[key] = value;
  return json::object{{"tags", std::move(tags)}};
}

AwsResult<Output> Operations::tag_resource(const Call& call, Parameters& input) {
  const Tagging tagging{input.group_of_arn("resourceArn"), input.tags("tags", true), {}};
  if (input.error()) return std::unexpected(*input.error());
  return change_tags(call, "TagResource", tagging);
}

AwsResult<Output> Operations::untag_resource(const Call& call, Parameters& input) {
  const Tagging tagging{input.group_of_arn("resourceArn"), {}, input.texts("tagKeys", 50)};
  if (input.error()) return std::unexpected(*input.error());
  return change_tags(call, "UntagResource", tagging);
}

AwsResult<Output> Operations::list_tags_for_resource(const Call& call, Parameters& input) {
  const std::string group = input.group_of_arn("resourceArn");
  if (input.error()) return std::unexpected(*input.error());
  return list_tags(call, "ListTagsForResource", group);
}

AwsResult<Output> Operations::tag_log_group(const Call& call, Parameters& input) {
  const Tagging tagging{input.group_name(), input.tags("tags", true), {}};
  if (input.error()) return std::unexpected(*input.error());
  return change_tags(call, "TagLogGroup", tagging);
}

AwsResult<Output> Operations::untag_log_group(const Call& call, Parameters& input) {
  const Tagging tagging{input.group_name(), {}, input.texts("tags", 50)};
  if (input.error()) return std::unexpected(*input.error());
  return change_tags(call, "UntagLogGroup", tagging);
}

AwsResult<Output> Operations::list_tags_log_group(const Call& call, Parameters& input) {
  const std::string group = input.group_name();
  if (input.error()) return std::unexpected(*input.error());
  return list_tags(call, "ListTagsLogGroup", group);
}

// Streams -------------------------------------------------------------------------------------------------------------

AwsResult<Output> Operations::create_log_stream(const Call& call, Parameters& input) {
  const std::string group_name = input.group_name();
  const std::string name = input.stream_name();
  if (input.error()) return std::unexpected(*input.error());
  if (auto allowed = authorize(call, "CreateLogStream", stream_arn(call, group_name, name), group_name); !allowed) {
    return std::unexpected(allowed.error());
  }
  auto group = existing_group(call, group_name);
  if (!group) return std::unexpected(group.error());
  if (store_.find_stream(*group, name)) {
    return aws_fail(400, "ResourceAlreadyExistsException", "The specified log stream already exists");
  }
  store_.create_stream(*group, name, now());
  return Output();
}

AwsResult<Output> Operations::delete_log_stream(const Call& call, Parameters& input) {
  const std::string group_name = input.group_name();
  const std::string name = input.stream_name();
  if (input.error()) return std::unexpected(*input.error());
  if (auto allowed = authorize(call, "DeleteLogStream", stream_arn(call, group_name, name), group_name); !allowed) {
    return std::unexpected(allowed.error());
  }
  auto group = existing_group(call, group_name);
  if (!group) return std::unexpected(group.error());
  auto stream = existing_stream(*group, name);
  if (!stream) return std::unexpected(stream.error());
  store_.delete_stream(*stream);
  return Output();
}

AwsResult<Output> Operations::describe_log_streams(const Call& call, Parameters& input) {
  const std::string group_name = input.group();
  const std::string prefix = input.optional_text("logStreamNamePrefix", 512);
  const std::string order = input.optional_text("orderBy", 32);
  const bool by_time = order == "LastEventTime";
  const bool descending = input.flag("descending");
  const auto limit = static_cast<std::size_t>(input.number("limit", 1, k_describe_limit).value_or(k_describe_limit));
  if (!order.empty() && !by_time && order != "LogStreamName") {
    input.complain(
        fmt::format("1 validation error detected: Value '{}' at 'orderBy' failed to satisfy constraint: "
                    "Member must satisfy enum value set: [LogStreamName, LastEventTime]",
                    order));
  }
  if (by_time && !prefix.empty()) input.complain("Cannot order by LastEventTime with a logStreamNamePrefix.");
  std::optional<Stream> after;
  if (const std::string token = input.optional_text("nextToken", 4096); !token.empty()) {
    const auto content = read_token("streams", token);
    const auto slash = content ? content->find('/') : std::string::npos;
    if (slash == std::string::npos) {
      input.complain("The specified nextToken is invalid.");
    } else {
      after.emplace();
      after->last_event = std::strtoll(content->c_str(), nullptr, 10);
      after->name = content->substr(slash + 1);
    }
  }
  if (input.error()) return std::unexpected(*input.error());
  if (auto allowed = authorize(call, "DescribeLogStreams", stream_arn(call, group_name, ""), group_name); !allowed) {
    return std::unexpected(allowed.error());
  }
  auto group = existing_group(call, group_name);
  if (!group) return std::unexpected(group.error());
  auto streams = store_.streams(*group, prefix, by_time, descending, after, limit + 1);
  json::object out;
  if (streams.size() > limit) {
    streams.pop_back();
    const Stream& last = streams.back();
    out["nextToken"] = make_token("streams", fmt::format("{}/{}", last.last_event.value_or(0), last.name));
  }
  json::array list;
  for (const Stream& stream : streams) list.push_back(describe(call, *group, stream));
  out["logStreams"] = std::move(list);
  return out;
}

Window Operations::window(const Group& group, std::optional<std::int64_t> start,
                          std::optional<std::int64_t> end) const {
  Window result;
  result.start = start.value_or(0);
  if (end) result.end = *end;
  if (group.retention_days) result.start = std::max(result.start, now() - *group.retention_days * k_day_ms);
  return result;
}

}  // namespace sortie::emulator::logs
