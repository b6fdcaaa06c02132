#include "aws/logs.h"

#include <fmt/format.h>

#include "wire/json.h"

namespace sortie::aws {

namespace {

namespace json = boost::json;

constexpr ServiceTraits k_traits{"Logs", "logs", "logs", Protocol::json, false};

Operation operation(std::string_view action, const json::object& body) {
  Operation out;
  out.name = action;
  out.headers.set("Content-Type", "application/x-amz-json-1.1");
  out.headers.set("X-Amz-Target", fmt::format("Logs_20140328.{}", action));
  out.body = json::serialize(body);
  return out;
}

Task<Result<json::object>> ask(Client client, std::string action, json::object body) {
  ASSIGN_OR_CO_RETURN(const auto reply, co_await client.call(operation(action, body)));
  if (reply.body.empty()) co_return json::object();
  co_return wire::parse_json_object(reply.body);
}

/// For pages of events: ten thousand small values that are read once come and go together.
Task<Result<json::object>> ask_for_page(Client client, std::string action, json::object body) {
  ASSIGN_OR_CO_RETURN(const auto reply, co_await client.call(operation(action, body)));
  boost::system::error_code error;
  auto page = json::parse(reply.body, error, json::make_shared_resource<json::monotonic_resource>(reply.body.size()));
  if (error || !page.is_object()) co_return fail(ErrorKind::protocol, fmt::format("{}: no JSON object", action));
  co_return std::move(page.get_object());
}

Task<Result<void>> call_without_answer(Client client, std::string action, json::object body) {
  CO_RETURN_IF_ERROR(co_await ask(std::move(client), std::move(action), std::move(body)));
  co_return Result<void>();
}

std::int64_t millis(SystemTime time) {
  return time.time_since_epoch().count();
}
SystemTime time_at(const json::object& object, std::string_view name) {
  return SystemTime(std::chrono::milliseconds(wire::int_or(object, name)));
}
void put(json::object& out, const char* name, const std::string& value) {
  if (!value.empty()) out[name] = value;
}
void put(json::object& out, const char* name, const std::optional<SystemTime>& value) {
  if (value) out[name] = millis(*value);
}
void put_limit(json::object& out, int limit) {
  if (limit > 0) out["limit"] = limit;
}

std::vector<LogEvent> read_events(const json::object& object) {
  std::vector<LogEvent> events;
  for (const auto& item : wire::array_or_empty(object, "events")) {
    if (!item.is_object()) continue;
    const auto& event = item.get_object();
    events.push_back({time_at(event, "timestamp"), wire::string_or(event, "message"), time_at(event, "ingestionTime"),
                      wire::string_or(event, "eventId"), wire::string_or(event, "logStreamName")});
  }
  return events;
}

std::optional<int> optional_int(const json::object& object, std::string_view name) {
  if (wire::find(object, name) == nullptr) return std::nullopt;
  return int(wire::int_or(object, name));
}

}  // namespace

Logs::Logs(ClientConfig config) : client_(std::move(config), k_traits) {}

Task<Result<void>> Logs::delete_log_group(std::string group) {
  return call_without_answer(client_, "DeleteLogGroup", {{"logGroupName", group}});
}

Task<Result<RejectedLogEvents>> Logs::put_log_events(std::string group, std::string stream,
                                                     std::vector<LogEvent> events) {
  json::array list;
  list.reserve(events.size());
  for (const auto& event : events) list.push_back({{"timestamp", millis(event.timestamp)}, {"message", event.message}});
  json::object body{{"logGroupName", group}, {"logStreamName", stream}};
  body["logEvents"] = std::move(list);
  ASSIGN_OR_CO_RETURN(const auto answer, co_await ask(client_, "PutLogEvents", std::move(body)));
  const auto& rejected = wire::object_or_empty(answer, "rejectedLogEventsInfo");
  co_return RejectedLogEvents{optional_int(rejected, "tooOldLogEventEndIndex"),
                              optional_int(rejected, "tooNewLogEventStartIndex"),
                              optional_int(rejected, "expiredLogEventEndIndex")};
}

Task<Result<GetLogEventsPage>> Logs::get_log_events(GetLogEventsRequest request) {
  json::object body{{"logGroupName", request.group}, {"logStreamName", request.stream}};
  body["startFromHead"] = request.from_head;
  put(body, "startTime", request.start);
  put(body, "endTime", request.end);
  put(body, "nextToken", request.token);
  put_limit(body, request.limit);
  ASSIGN_OR_CO_RETURN(const auto answer, co_await ask_for_page(client_, "GetLogEvents", std::move(body)));
  co_return GetLogEventsPage{read_events(answer), wire::string_or(answer, "nextForwardToken"),
                             wire::string_or(answer, "nextBackwardToken")};
}

Task<Result<FilterLogEventsPage>> Logs::filter_log_events(FilterLogEventsRequest request) {
  json::object body{{"logGroupName", request.group}};
  if (!request.streams.empty()) body["logStreamNames"] = json::value_from(request.streams);
  put(body, "logStreamNamePrefix", request.stream_prefix);
  put(body, "startTime", request.start);
  put(body, "endTime", request.end);
  put(body, "filterPattern", request.pattern);
  put(body, "nextToken", request.token);
  put_limit(body, request.limit);
  ASSIGN_OR_CO_RETURN(const auto answer, co_await ask_for_page(client_, "FilterLogEvents", std::move(body)));
  co_return FilterLogEventsPage{read_events(answer), wire::string_or(answer, "nextToken")};
}

Task<Result<std::string>> Logs::read_log_events(GetLogEventsRequest request,
                                                std::function<bool(const LogEvent&)> each) {
  request.from_head = true;
  for (;;) {
    ASSIGN_OR_CO_RETURN(auto page, co_await get_log_events(request));
    for (const auto& event : page.events) {
      if (!each(event)) co_return std::move(page.forward_token);
    }
    if (page.forward_token.empty() || page.forward_token == request.token) co_return std::move(page.forward_token);
    request.token = std::move(page.forward_token);
  }
}

Task<Result<void>> Logs::filter_all_log_events(FilterLogEventsRequest request,
                                               std::function<bool(const LogEvent&)> each) {
  for (;;) {
    ASSIGN_OR_CO_RETURN(auto page, co_await filter_log_events(request));
    for (const auto& event : page.events) {
      if (!each(event)) co_return Result<void>();
    }
    if (page.next_token.empty() || page.next_token == request.token) co_return Result<void>();
    request.token = std::move(page.next_token);
  }
}

}  // namespace sortie::aws
