#include "emulator/logs/live_tail.h"
#include "emulator/logs/operation.h"

/// StartLiveTail, whose answer is a stream.
namespace sortie::emulator::logs {
namespace {

constexpr std::size_t k_tail_groups = 10;
constexpr std::size_t k_tail_streams = 10;

/// What a session is to show, authorized.
AwsResult<LiveTailRequest> read_request(Operation& operation) {
  Parameters& input = operation.input;
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
  RETURN_IF_ERROR(input.check());
  LiveTailRequest request{
      {}, identifiers, std::move(streams), std::move(prefixes), std::move(pattern_text), *std::move(pattern)};
  for (const std::string& identifier : identifiers) {
    const auto name = group_name_in_arn(identifier);
    if (!name) return aws_fail(400, "InvalidParameterException", "Invalid log group ARN: " + identifier);
    RETURN_IF_ERROR(operation.allow("StartLiveTail", group_arn(operation.call, *name), *name));
    ASSIGN_OR_RETURN(const Group group, operation.existing_group(*name));
    request.groups[group.id] = operation.call.account + ":" + group.name;
  }
  return request;
}

AwsResult<Output> start_live_tail(Operation& operation) {
  ASSIGN_OR_RETURN(LiveTailRequest request, read_request(operation));
  return operation.tails.open(std::move(request), operation.call.request_id);
}

constexpr Row k_operations[] = {
    {"StartLiveTail", start_live_tail},
};

}  // namespace

std::span<const Row> live_tail_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::logs
