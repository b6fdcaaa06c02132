#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/number.h"
#include "emulator/core/protocol.h"
#include "emulator/core/validation.h"
#include "emulator/logs/filter_pattern.h"
#include "emulator/logs/operation.h"
#include "wire/checksum.h"

/// PutLogEvents, GetLogEvents, FilterLogEvents.
namespace sortie::emulator::logs {
namespace {

namespace json = boost::json;

constexpr std::size_t k_max_batch_bytes = 1'048'576;
constexpr std::size_t k_event_overhead = 26;
constexpr std::int64_t k_max_events = 10'000;
constexpr std::size_t k_max_streams = 1'000'000;
constexpr std::int64_t k_hour_ms = 3600LL * 1000;
constexpr std::int64_t k_day_ms = 24 * k_hour_ms;
constexpr std::int64_t k_max_time = std::numeric_limits<std::int64_t>::max() - 1;

std::unexpected<AwsError> invalid(std::string message) {
  return aws_fail(400, "InvalidParameterException", std::move(message));
}

AwsResult<std::vector<LogEvent>> read_events(const json::array& list) {
  std::vector<LogEvent> events;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto* object = list[i].if_object();
    const auto* time = object != nullptr ? object->if_contains("timestamp") : nullptr;
    const auto* message = object != nullptr ? object->if_contains("message") : nullptr;
    boost::system::error_code wrong;
    const std::int64_t when = time != nullptr && time->is_number() ? time->to_number<std::int64_t>(wrong) : -1;
    if (time == nullptr || !time->is_number() || wrong || message == nullptr || !message->is_string()) {
      return aws_fail(400, "SerializationException",
                      fmt::format("logEvents.{} must hold a timestamp and a message", i + 1));
    }
    if (when < 0) {
      return invalid(violation(fmt::format("logEvents.{}.member.timestamp", i + 1), fmt::to_string(when),
                               constraint::min_value(0)));
    }
    if (message->get_string().empty()) {
      return invalid(violation(fmt::format("logEvents.{}.member.message", i + 1), "", constraint::min_length(1)));
    }
    bytes += message->get_string().size() + k_event_overhead;
    events.push_back({SystemTime(std::chrono::milliseconds(when)), std::string(message->get_string())});
  }
  if (bytes > k_max_batch_bytes) {
    return invalid(fmt::format("Upload too large: {} bytes exceeds limit of {}", bytes, k_max_batch_bytes));
  }
  if (!std::ranges::is_sorted(events, {}, &LogEvent::timestamp)) {
    return invalid("Log events in a single PutLogEvents request must be in chronological order.");
  }
  return events;
}

std::int64_t millis(const LogEvent& event) {
  return event.timestamp.time_since_epoch().count();
}

/// Takes out what Logs does not keep (too old, expired, too far ahead) and says which.
json::object reject(std::vector<LogEvent>& events, std::int64_t now, std::optional<std::int64_t> retention_days) {
  json::object info;
  const auto too_old = std::ranges::lower_bound(events, now - 14 * k_day_ms, {}, millis);
  const auto expired =
      retention_days ? std::ranges::lower_bound(events, now - *retention_days * k_day_ms, {}, millis) : events.begin();
  const auto too_new = std::ranges::upper_bound(events, now + 2 * k_hour_ms, {}, millis);
  if (too_new != events.end()) info["tooNewLogEventStartIndex"] = too_new - events.begin();
  if (too_old != events.begin()) info["tooOldLogEventEndIndex"] = too_old - events.begin();
  if (expired != events.begin()) info["expiredLogEventEndIndex"] = expired - events.begin();
  events.erase(too_new, events.end());
  events.erase(events.begin(), std::min(std::max(too_old, expired), events.end()));
  return info;
}

// A GetLogEvents token names a gap between two events: `f/` reads what is behind it, `b/` what is before it. ----------

std::string gap_token(char direction, Position gap) {
  return fmt::format("{}/{:026}{:030}/s", direction, gap.time, gap.id);
}

std::optional<Position> read_position(std::string_view time, std::string_view id) {
  const auto read_time = parse_number<std::int64_t>(time);
  const auto read_id = parse_number<std::int64_t>(id);
  if (!read_time || !read_id || *read_time < 0 || *read_id < 0) return std::nullopt;
  return Position{*read_time, *read_id};
}

struct Gap {
  bool forward = true;
  Position at;
};

std::optional<Gap> read_gap(std::string_view token) {
  if (token.size() != 60 || !(token.starts_with("f/") || token.starts_with("b/")) || !token.ends_with("/s")) {
    return std::nullopt;
  }
  const auto at = read_position(token.substr(2, 26), token.substr(28, 30));
  if (!at) return std::nullopt;
  return Gap{token.front() == 'f', *at};
}

std::string filter_token(Position at) {
  return wire::base64_encode(fmt::format("filter/{}/{}", at.time, at.id));
}

std::optional<Position> read_filter_token(std::string_view token) {
  const auto text = wire::base64_decode(token);
  constexpr std::string_view k_kind = "filter/";
  if (!text || !text->starts_with(k_kind)) return std::nullopt;
  const std::string_view rest = std::string_view(*text).substr(k_kind.size());
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  return read_position(rest.substr(0, slash), rest.substr(slash + 1));
}

Window window(const Operation& operation, const Group& group, std::optional<std::int64_t> start,
              std::optional<std::int64_t> end) {
  Window result;
  result.start = start.value_or(0);
  if (end) result.end = *end;
  if (group.retention_days) result.start = std::max(result.start, operation.now() - *group.retention_days * k_day_ms);
  return result;
}

AwsResult<Output> put_log_events(Operation& operation) {
  Parameters& input = operation.input;
  const std::string group_name = input.group_name();
  const std::string stream_name = input.stream_name();
  const auto* list = input.array("logEvents");
  if (list == nullptr && input.check()) input.required_text("logEvents", 0);
  RETURN_IF_ERROR(input.check());
  if (list->empty() || list->size() > k_max_events) {
    return invalid(violation("logEvents", "[...]",
                             list->empty() ? constraint::min_length(1) : constraint::max_length(k_max_events)));
  }
  RETURN_IF_ERROR(operation.allow("PutLogEvents", stream_arn(operation.call, group_name, stream_name), group_name));
  auto events = read_events(*list);
  if (!events) return std::unexpected(events.error());
  ASSIGN_OR_RETURN(const Group group, operation.existing_group(group_name));
  ASSIGN_OR_RETURN(const Stream stream, operation.existing_stream(group, stream_name));

  json::object out{{"nextSequenceToken", fmt::format("49{:054}", stream.id)}};
  if (auto rejected = reject(*events, operation.now(), group.retention_days); !rejected.empty()) {
    out["rejectedLogEventsInfo"] = std::move(rejected);
  }
  if (events->empty()) return out;
  if (millis(events->back()) - millis(events->front()) > k_day_ms) {
    return invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
  }
  operation.store.append(stream, *events, operation.now());
  return out;
}

std::size_t read_limit(Parameters& input) {
  return static_cast<std::size_t>(input.number("limit", 1, k_max_events).value_or(k_max_events));
}

/// `memory`: thousands of small values that come and go together.
json::array shown_events(const std::vector<StoredEvent>& events, const json::storage_ptr& memory) {
  json::array list(memory);
  list.reserve(events.size());
  for (const auto& event : events) {
    json::object& entry = list.emplace_back(json::object(3, memory)).get_object();
    entry.emplace("timestamp", event.at.time);
    entry.emplace("message", event.message);
    entry.emplace("ingestionTime", event.ingested);
  }
  return list;
}

/// The events, and the gaps behind the last and before the first.
json::object shown_page(const std::vector<StoredEvent>& events, const Position& behind, const Position& before) {
  const auto page = json::make_shared_resource<json::monotonic_resource>();
  json::object out(page);
  out.emplace("events", shown_events(events, page));
  out.emplace("nextForwardToken", gap_token('f', behind));
  out.emplace("nextBackwardToken", gap_token('b', before));
  return out;
}

AwsResult<Output> get_log_events(Operation& operation) {
  Parameters& input = operation.input;
  const std::string group_name = input.group();
  const std::string stream_name = input.stream_name();
  const auto start = input.number("startTime", 0, k_max_time);
  const auto end = input.number("endTime", 0, k_max_time);
  PageLimits limits;
  limits.events = read_limit(input);
  Gap gap{input.flag("startFromHead"), {}};
  const std::string token = input.optional_text("nextToken", 4096);
  if (!token.empty()) {
    const auto read = read_gap(token);
    if (!read) input.complain("The specified nextToken is invalid.");
    gap = read.value_or(gap);
  } else if (!gap.forward) {
    gap.at = {k_max_time, 0};
  }
  RETURN_IF_ERROR(input.check());
  RETURN_IF_ERROR(operation.allow("GetLogEvents", stream_arn(operation.call, group_name, stream_name), group_name));
  ASSIGN_OR_RETURN(const Group group, operation.existing_group(group_name));
  ASSIGN_OR_RETURN(const Stream stream, operation.existing_stream(group, stream_name));

  const Window range = window(operation, group, start, end);
  const auto events = gap.forward ? operation.store.read_forward(stream, range, gap.at, limits)
                                  : operation.store.read_backward(stream, range, gap.at, limits);
  // `f` reads what is greater than its position, `b` what is less: a gap between two neighbours has two names.
  Position behind{start.value_or(0), 0};
  Position before = behind;
  if (!events.empty()) {
    behind = events.back().at;
    before = events.front().at;
  } else if (!token.empty()) {
    behind = gap.forward ? gap.at : Position{gap.at.time, std::max<std::int64_t>(gap.at.id - 1, 0)};
    before = gap.forward ? Position{gap.at.time, gap.at.id + 1} : gap.at;
  }
  return shown_page(events, behind, before);
}

struct FilterRequest {
  std::string group_name;
  std::vector<std::string> names;  ///< of streams; empty: all
  std::string prefix;              ///< of streams' names; empty: all
  std::optional<std::int64_t> start;
  std::optional<std::int64_t> end;
  PageLimits limits;
  Position after;
  FilterPattern pattern;
};

AwsResult<FilterRequest> read_filter_request(Parameters& input) {
  std::string group_name = input.group();
  auto names = input.texts("logStreamNames", 100);
  std::string prefix = input.optional_text("logStreamNamePrefix", 512);
  const auto start = input.number("startTime", 0, k_max_time);
  const auto end = input.number("endTime", 0, k_max_time);
  PageLimits limits;
  limits.events = read_limit(input);
  std::optional<Position> after = Position{};
  if (const std::string token = input.optional_text("nextToken", 4096); !token.empty()) {
    after = read_filter_token(token);
    if (!after) input.complain("The specified nextToken is invalid.");
  }
  auto pattern = FilterPattern::parse(input.optional_text("filterPattern", 1024));
  if (!pattern) input.complain(pattern.error());
  if (!names.empty() && !prefix.empty()) {
    input.complain("LogStreamNamePrefix and LogStreamNames are mutually exclusive parameters.");
  }
  RETURN_IF_ERROR(input.check());
  return FilterRequest{std::move(group_name), std::move(names), std::move(prefix), start, end, limits, *after,
                       *std::move(pattern)};
}

/// The ids of the streams that are asked for by name or by prefix.
AwsResult<std::unordered_set<std::int64_t>> chosen_streams(const Operation& operation, const Group& group,
                                                           const FilterRequest& request) {
  std::unordered_set<std::int64_t> chosen;
  for (const auto& name : request.names) {
    ASSIGN_OR_RETURN(const Stream stream, operation.existing_stream(group, name));
    chosen.insert(stream.id);
  }
  if (request.prefix.empty()) return chosen;
  for (const Stream& stream :
       operation.store.streams(group, request.prefix, false, false, std::nullopt, k_max_streams)) {
    chosen.insert(stream.id);
  }
  return chosen;
}

AwsResult<Output> filter_log_events(Operation& operation) {
  ASSIGN_OR_RETURN(const FilterRequest request, read_filter_request(operation.input));
  const std::string& group_name = request.group_name;
  RETURN_IF_ERROR(operation.allow("FilterLogEvents", stream_arn(operation.call, group_name, ""), group_name));
  ASSIGN_OR_RETURN(const Group group, operation.existing_group(group_name));
  ASSIGN_OR_RETURN(const auto chosen, chosen_streams(operation, group, request));
  json::object out{{"searchedLogStreams", json::array()}, {"events", json::array()}};
  if (!request.prefix.empty() && chosen.empty()) return out;
  // Unlike GetLogEvents, the end of the range belongs to it.
  const auto end = request.end ? std::optional(*request.end + 1) : std::nullopt;
  const auto found =
      operation.store.scan(group, chosen, window(operation, group, request.start, end), request.after, request.limits,
                           [&](std::string_view message) { return request.pattern.matches(message); });
  json::array list;
  std::map<std::int64_t, std::string> names_by_id;
  for (const auto& event : found.events) {
    auto [name, missing] = names_by_id.try_emplace(event.stream);
    if (missing) name->second = operation.store.stream_name(event.stream);
    list.push_back(json::object{{"logStreamName", name->second},
                                {"timestamp", event.at.time},
                                {"message", event.message},
                                {"ingestionTime", event.ingested},
                                {"eventId", event_id(event.at)}});
  }
  out["events"] = std::move(list);
  if (!found.done) out["nextToken"] = filter_token(found.reached);
  return out;
}

constexpr Row k_operations[] = {
    {"PutLogEvents", put_log_events},
    {"GetLogEvents", get_log_events},
    {"FilterLogEvents", filter_log_events},
};

}  // namespace

std::span<const Row> event_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::logs
