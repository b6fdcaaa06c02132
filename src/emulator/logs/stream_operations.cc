#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "emulator/core/validation.h"
#include "emulator/logs/operation.h"

/// Log streams.
namespace sortie::emulator::logs {
namespace {

namespace json = boost::json;

constexpr std::size_t k_describe_limit = 50;

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

AwsResult<Output> create_log_stream(Operation& operation) {
  Parameters& input = operation.input;
  const std::string group_name = input.group_name();
  const std::string name = input.stream_name();
  RETURN_IF_ERROR(input.check());
  RETURN_IF_ERROR(operation.allow("CreateLogStream", stream_arn(operation.call, group_name, name), group_name));
  ASSIGN_OR_RETURN(const Group group, operation.existing_group(group_name));
  if (operation.store.find_stream(group, name)) {
    return aws_fail(400, "ResourceAlreadyExistsException", "The specified log stream already exists");
  }
  operation.store.create_stream(group, name, operation.now());
  return Output();
}

AwsResult<Output> delete_log_stream(Operation& operation) {
  Parameters& input = operation.input;
  const std::string group_name = input.group_name();
  const std::string name = input.stream_name();
  RETURN_IF_ERROR(input.check());
  RETURN_IF_ERROR(operation.allow("DeleteLogStream", stream_arn(operation.call, group_name, name), group_name));
  ASSIGN_OR_RETURN(const Group group, operation.existing_group(group_name));
  ASSIGN_OR_RETURN(const Stream stream, operation.existing_stream(group, name));
  operation.store.delete_stream(stream);
  return Output();
}

AwsResult<Output> describe_log_streams(Operation& operation) {
  Parameters& input = operation.input;
  const std::string group_name = input.group();
  const std::string prefix = input.optional_text("logStreamNamePrefix", 512);
  const std::string order = input.optional_text("orderBy", 32);
  const bool by_time = order == "LastEventTime";
  const bool descending = input.flag("descending");
  const auto limit = static_cast<std::size_t>(input.number("limit", 1, k_describe_limit).value_or(k_describe_limit));
  if (!order.empty() && !by_time && order != "LogStreamName") {
    input.complain(violation("orderBy", order, constraint::one_of(std::array{"LogStreamName", "LastEventTime"})));
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
  RETURN_IF_ERROR(input.check());
  RETURN_IF_ERROR(operation.allow("DescribeLogStreams", stream_arn(operation.call, group_name, ""), group_name));
  ASSIGN_OR_RETURN(const Group group, operation.existing_group(group_name));
  auto streams = operation.store.streams(group, prefix, by_time, descending, after, limit + 1);
  json::object out;
  if (streams.size() > limit) {
    streams.pop_back();
    const Stream& last = streams.back();
    out["nextToken"] = make_token("streams", fmt::format("{}/{}", last.last_event.value_or(0), last.name));
  }
  json::array list;
  for (const Stream& stream : streams) list.push_back(describe(operation.call, group, stream));
  out["logStreams"] = std::move(list);
  return out;
}

constexpr Row k_operations[] = {
    {"CreateLogStream", create_log_stream},
    {"DeleteLogStream", delete_log_stream},
    {"DescribeLogStreams", describe_log_streams},
};

}  // namespace

std::span<const Row> stream_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::logs
