#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aws/client.h"
#include "base/clock.h"

namespace sortie::aws {

struct LogEvent {
  SystemTime timestamp;
  std::string message;
  SystemTime ingested{};   ///< answers only
  std::string event_id;    ///< FilterLogEvents only
  std::string log_stream;  ///< FilterLogEvents only
};

struct GetLogEventsRequest {
  std::string group;
  std::string stream;
  std::optional<SystemTime> start;
  std::optional<SystemTime> end;
  std::string token;  ///< from the page before
  int limit = 0;      ///< 0: the service's (10,000 or 1 MB)
  bool from_head = true;
};

struct GetLogEventsPage {
  std::vector<LogEvent> events;
  std::string forward_token;  ///< the end is where it repeats, not where a page is empty
  std::string backward_token;
};

struct FilterLogEventsRequest {
  std::string group;
  std::vector<std::string> streams;
  std::string stream_prefix;
  std::optional<SystemTime> start;
  std::optional<SystemTime> end;
  std::string pattern;
  std::string token;
  int limit = 0;
};

struct FilterLogEventsPage {
  std::vector<LogEvent> events;
  std::string next_token;  ///< empty: the last page
};

/// What PutLogEvents did not take: counts from the ends of the batch.
struct RejectedLogEvents {
  std::optional<int> too_old_end;
  std::optional<int> too_new_start;
  std::optional<int> expired_end;
};

/// Amazon CloudWatch Logs, API 2014-03-28.
class Logs {
 public:
  explicit Logs(ClientConfig config);

  Task<Result<void>> delete_log_group(std::string group);
  /// One batch: at most 10,000 events or 1,048,576 bytes counting 26 an event, in order of time.
  Task<Result<RejectedLogEvents>> put_log_events(std::string group, std::string stream, std::vector<LogEvent> events);
  Task<Result<GetLogEventsPage>> get_log_events(GetLogEventsRequest request);
  Task<Result<FilterLogEventsPage>> filter_log_events(FilterLogEventsRequest request);

  /// Pages forward from `request` until the token repeats; `each` sees every event in order and ends the reading with
  /// false. Returns the token to go on from.
  Task<Result<std::string>> read_log_events(GetLogEventsRequest request, std::function<bool(const LogEvent&)> each);
  /// Every page of the filter; `each` ends the reading with false.
  Task<Result<void>> filter_all_log_events(FilterLogEventsRequest request, std::function<bool(const LogEvent&)> each);

 private:
  Client client_;
};

}  // namespace sortie::aws
