#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "emulator/core/validation.h"
#include "emulator/logs/operation.h"

/// Log groups and their retention.
namespace sortie::emulator::logs {
namespace {

namespace json = boost::json;

constexpr std::size_t k_list_limit = 1000;
constexpr std::size_t k_describe_limit = 50;
constexpr std::int64_t k_day_ms = 24LL * 3600 * 1000;
constexpr std::array<std::int64_t, 22> k_retention_days{1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                                                        365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};

json::object describe(const Call& call, const Group& group) {
  const std::string arn = group_arn(call, group.name);
  json::object out{{"logGroupName", group.name}, {"creationTime", group.created},
                   {"metricFilterCount", 0},     {"arn", arn + ":*"},
                   {"storedBytes", 0},           {"logGroupClass", group.log_class},
                   {"logGroupArn", arn},         {"deletionProtectionEnabled", false}};
  if (group.retention_days) out["retentionInDays"] = *group.retention_days;
  return out;
}

AwsResult<Output> create_log_group(Operation& operation) {
  Parameters& input = operation.input;
  const std::string name = input.group_name();
  const auto tags = input.tags("tags", false);
  std::string log_class = input.optional_text("logGroupClass", 32);
  if (log_class.empty()) log_class = "STANDARD";
  if (log_class != "STANDARD" && log_class != "INFREQUENT_ACCESS")
    input.complain("Invalid logGroupClass: " + log_class);
  if (name.starts_with("aws/")) input.complain("Log groups starting with AWS/ are reserved for AWS.");
  if (input.has("kmsKeyId")) return std::unexpected(not_implemented("logs", "CreateLogGroup with kmsKeyId"));
  if (input.flag("deletionProtectionEnabled")) {
    return std::unexpected(not_implemented("logs", "CreateLogGroup with deletionProtectionEnabled"));
  }
  RETURN_IF_ERROR(input.check());
  RETURN_IF_ERROR(operation.allow("CreateLogGroup", stream_arn(operation.call, name, ""), name, tags));
  if (operation.store.find_group(operation.call.region, name)) {
    return aws_fail(400, "ResourceAlreadyExistsException", "The specified log group already exists");
  }
  operation.store.create_group(operation.call.region, name, log_class, tags, operation.now());
  return Output();
}

AwsResult<Output> delete_log_group(Operation& operation) {
  Parameters& input = operation.input;
  const std::string name = input.group_name();
  RETURN_IF_ERROR(input.check());
  RETURN_IF_ERROR(operation.allow("DeleteLogGroup", stream_arn(operation.call, name, ""), name));
  ASSIGN_OR_RETURN(const Group group, operation.existing_group(name));
  operation.store.delete_group(group);
  operation.subscriptions.drop(group.id);
  return Output();
}

AwsResult<Output> describe_log_groups(Operation& operation) {
  Parameters& input = operation.input;
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
  RETURN_IF_ERROR(input.check());
  RETURN_IF_ERROR(operation.allow("DescribeLogGroups", stream_arn(operation.call, prefix, ""), {}));
  auto groups = operation.store.groups(operation.call.region, prefix, pattern, after, limit + 1);
  json::object out;
  if (groups.size() > limit) {
    groups.pop_back();
    out["nextToken"] = make_token("groups", groups.back().name);
  }
  json::array list;
  for (const Group& group : groups) {
    if (wanted_class.empty() || wanted_class == group.log_class) list.push_back(describe(operation.call, group));
  }
  out["logGroups"] = std::move(list);
  return out;
}

AwsResult<Output> put_retention_policy(Operation& operation) {
  Parameters& input = operation.input;
  const std::string name = input.group_name();
  const auto days = input.number("retentionInDays", INT32_MIN, INT32_MAX);
  if (!days) input.required_text("retentionInDays", 16);
  RETURN_IF_ERROR(input.check());
  if (std::ranges::find(k_retention_days, *days) == k_retention_days.end()) {
    return aws_fail(400, "InvalidParameterException",
                    violation("retentionInDays", fmt::to_string(*days), constraint::one_of(k_retention_days)));
  }
  RETURN_IF_ERROR(operation.allow("PutRetentionPolicy", stream_arn(operation.call, name, ""), name));
  ASSIGN_OR_RETURN(const Group group, operation.existing_group(name));
  operation.store.set_retention(group, days);
  operation.store.drop_before(group, operation.now() - *days * k_day_ms);
  return Output();
}

AwsResult<Output> delete_retention_policy(Operation& operation) {
  Parameters& input = operation.input;
  const std::string name = input.group_name();
  RETURN_IF_ERROR(input.check());
  RETURN_IF_ERROR(operation.allow("DeleteRetentionPolicy", stream_arn(operation.call, name, ""), name));
  ASSIGN_OR_RETURN(const Group group, operation.existing_group(name));
  operation.store.set_retention(group, std::nullopt);
  return Output();
}

AwsResult<Output> list_log_groups(Operation& operation) {
  Parameters& input = operation.input;
  const std::string pattern = input.optional_text("logGroupNamePattern", 512);
  const std::string log_class = input.optional_text("logGroupClass", 32);
  const auto limit = static_cast<std::size_t>(input.number("limit", 1, k_list_limit).value_or(50));
  const std::string after = input.optional_text("nextToken", 4096);
  RETURN_IF_ERROR(input.check());
  // `^` anchors the pattern at the beginning; otherwise it may stand anywhere in the name.
  const bool anchored = pattern.starts_with('^');
  RETURN_IF_ERROR(operation.allow("ListLogGroups", stream_arn(operation.call, "", ""), {}));
  auto groups = operation.store.groups(operation.call.region, anchored ? pattern.substr(1) : "",
                                       anchored ? "" : pattern, after, limit + 1);
  json::object out;
  if (groups.size() > limit) {
    groups.pop_back();
    out["nextToken"] = groups.back().name;
  }
  json::array list;
  for (const Group& group : groups) {
    if (!log_class.empty() && log_class != group.log_class) continue;
    list.push_back(json::object{{"logGroupName", group.name},
                                {"logGroupArn", group_arn(operation.call, group.name)},
                                {"logGroupClass", group.log_class}});
  }
  out["logGroups"] = std::move(list);
  return out;
}

constexpr Row k_operations[] = {
    {.name = "CreateLogGroup", .handler = create_log_group, .lacks = "KMS keys"},
    {"DeleteLogGroup", delete_log_group},
    {"DescribeLogGroups", describe_log_groups},
    {"ListLogGroups", list_log_groups},
    {"PutRetentionPolicy", put_retention_policy},
    {"DeleteRetentionPolicy", delete_retention_policy},
};

}  // namespace

std::span<const Row> group_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::logs
