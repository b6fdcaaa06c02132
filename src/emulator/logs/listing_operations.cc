#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "emulator/logs/live_tail.h"
#include "emulator/logs/operations.h"

/// ListLogGroups, and what StartLiveTail asks for.
namespace sortie::emulator::logs {
namespace {

namespace json = boost::json;

constexpr std::size_t k_list_limit = 1000;
constexpr std::size_t k_tail_groups = 10;
constexpr std::size_t k_tail_streams = 10;

}  // namespace

AwsResult<Output> Operations::list_log_groups(const Call& call, Parameters& input) {
  const std::string pattern = input.optional_text("logGroupNamePattern", 512);
  const std::string log_class = input.optional_text("logGroupClass", 32);
  const auto limit = static_cast<std::size_t>(input.number("limit", 1, k_list_limit).value_or(50));
  const std::string after = input.optional_text("nextToken", 4096);
  if (input.error()) return std::unexpected(*input.error());
  // `^` anchors the pattern at the beginning; otherwise it may stand anywhere in the name.
  const bool anchored = pattern.starts_with('^');
  if (auto allowed = authorize(call, "ListLogGroups", stream_arn(call, "", ""), {}); !allowed) {
    return std::unexpected(allowed.error());
  }
  auto groups =
      store_.groups(call.region, anchored ? pattern.substr(1) : "", anchored ? "" : pattern, after, limit + 1);
  json::object out;
  if (groups.size() > limit) {
    groups.pop_back();
    out["nextToken"] = groups.back().name;
  }
  json::array list;
  for (const Group& group : groups) {
    if (!log_class.empty() && log_class != group.log_class) continue;
    list.push_back(json::object{{"logGroupName", group.name},
                                {"logGroupArn", group_arn(call, group.name)},
                                {"logGroupClass", group.log_class}});
  }
  out["logGroups"] = std::move(list);
  return out;
}

AwsResult<LiveTailRequest> Operations::live_tail_request(const Call& call, Parameters& input) {
  auto identifiers = input.texts("logGroupIdentifiers", k_tail_groups);
  auto streams = input.texts("logStreamNames", k_tail_streams);
  auto prefixes = input.texts("logStreamNamePrefixes", k_tail_streams);
  std::string pattern_text = input.optional_text("logEventFilterPattern", 1024);
  auto pattern = FilterPattern::parse(pattern_text);
  if (!pattern) input.complain(pattern.error());
  if (identifiers.empty()) input.complain("At least one log group must be specified in logGroupIdentifiers.");
  if (!streams.empty() && !prefixes.empty()) {
    input.complain("logStreamNames and logStreamNamePrefixes are mutually exclusive parameters.");
  }
  if (identifiers.size() > 1 && !(streams.empty() && prefixes.empty())) {
    input.complain("Log streams can be specified for one log group only.");
  }
  if (input.error()) return std::unexpected(*input.error());
  LiveTailRequest request{
      {}, identifiers, std::move(streams), std::move(prefixes), std::move(pattern_text), *std::move(pattern)};
  for (const std::string& identifier : identifiers) {
    const auto name = group_name_in_arn(identifier);
    if (!name) return aws_fail(400, "InvalidParameterException", "Invalid log group ARN: " + identifier);
    if (auto allowed = authorize(call, "StartLiveTail", group_arn(call, *name), *name); !allowed) {
      return std::unexpected(allowed.error());
    }
    auto group = existing_group(call, *name);
    if (!group) return std::unexpected(group.error());
    request.groups[group->id] = call.account + ":" + group->name;
  }
  return request;
}

}  // namespace sortie::emulator::logs
