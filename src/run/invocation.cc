#include "run/invocation.h"

#include <boost/json.hpp>
#include <utility>

#include "base/deadline.h"

namespace sortie::run {
namespace {

namespace json = boost::json;

/// Past the function's own time limit: for the answer to travel.
constexpr auto k_answer_margin = std::chrono::seconds(30);
/// Clocks here and there differ; log events are looked for from this much before.
constexpr auto k_clock_margin = std::chrono::minutes(5);
constexpr auto k_first_poll = std::chrono::milliseconds(20);
constexpr auto k_slowest_poll = std::chrono::milliseconds(2000);
/// A log event is a line: many of them make one piece.
constexpr std::size_t k_piece = 32 * 1024;

/// `errorMessage` of Lambda's error JSON, or the text itself. Without the request id in front: it is no help to a
/// reader.
std::string readable(std::string_view details) {
  std::string text(details);
  boost::system::error_code failed;
  if (const json::value value = json::parse(text, failed); !failed && value.is_object()) {
    if (const json::value* message = value.as_object().if_contains("errorMessage"); message && message->is_string()) {
      text = std::string(message->as_string());
    }
  }
  constexpr std::string_view k_error = " Error: ";
  if (text.starts_with("RequestId: ")) {
    if (const std::size_t at = text.find(k_error); at != std::string::npos) text.erase(0, at + k_error.size());
  }
  return text;
}

std::string silence_in_words(std::chrono::milliseconds silence) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(silence).count();
  return "the harness was stopped: it has said nothing for " + std::to_string(seconds) + " s";
}

Task<Result<InvocationResult>> invoke(aws::Lambda& lambda, std::string function, std::string payload,
                                      InvocationLimits limits, std::function<void(std::string_view)> on_bytes) {
  InvocationResult result;
  auto stream = co_await lambda.invoke_with_response_stream(
      {.function = std::move(function), .payload = std::move(payload), .log_tail = true});
  if (!stream) co_return std::unexpected(std::move(stream).error());
  result.request_id = stream->request_id();
  for (std::chrono::milliseconds patience = limits.first_word;; patience = limits.silence) {
    auto piece = co_await with_deadline(deadline_in(patience), stream->next(), "the harness says nothing any more");
    if (!piece) {
      const bool silent = piece.error().kind == ErrorKind::timeout;
      result.end = silent ? InvocationEnd::silent : InvocationEnd::cut;
      result.message = silent ? silence_in_words(patience) : describe(piece.error());
      co_return result;
    }
    if (!*piece) break;
    on_bytes(**piece);
  }
  const aws::InvokeComplete& complete = stream->complete();
  result.log_tail = complete.log_result;
  result.report = find_report(complete.log_result, result.request_id);
  result.end = classify_end(complete.error_code, complete.error_details, result.report);
  if (result.end != InvocationEnd::succeeded) {
    result.message = readable(complete.error_details.empty() ? complete.error_code : complete.error_details);
  }
  co_return result;
}

/// Follows the lines of one invocation through a log stream.
class LogFollower {
 public:
  LogFollower(const LogQuery& query, std::function<void(std::string_view)> on_bytes)
      : query_(query), on_bytes_(std::move(on_bytes)) {}

  /// False when the REPORT line was reached.
  bool on(const aws::LogEvent& event) {
    const std::string& message = event.message;
    if (is_platform_line(message, "START", query_.request_id)) {
      inside_ = true;
      add(std::exchange(before_, {}));
      platform(message);
    } else if (is_platform_line(message, "REPORT", query_.request_id)) {
      report_ = parse_report(message);
      platform(message);
      return false;
    } else if (is_platform_line(message, "END", query_.request_id)) {
      inside_ = false;
      platform(message);
    } else if (inside_) {
      add(message);
    } else if (query_.with_init) {
      remember(message);
    }
    return true;
  }
  [[nodiscard]] const std::optional<Report>& report() const { return report_; }
  /// Hands on what has been read.
  void flush() {
    if (!piece_.empty()) on_bytes_(std::exchange(piece_, {}));
  }

 private:
  void add(std::string_view text) {
    piece_ += text;
    if (piece_.size() >= k_piece) flush();
  }
  void platform(const std::string& line) {
    if (query_.with_platform_lines) add(line);
  }
  /// Before START: what came since the invocation before this one, if any.
  void remember(const std::string& message) {
    constexpr std::size_t k_most = 4UL << 20;
    if (parse_report(message) || before_.size() > k_most) {
      before_.clear();
    } else {
      before_ += message;
    }
  }

  const LogQuery& query_;
  std::function<void(std::string_view)> on_bytes_;
  std::string before_;
  std::string piece_;
  bool inside_ = false;
  std::optional<Report> report_;
};

/// The stream that has the invocation's START line; empty when none has it yet.
Task<Result<std::string>> find_stream(aws::Logs& logs, LogQuery query) {
  std::string stream;
  aws::FilterLogEventsRequest request{.group = query.group, .pattern = "\"START RequestId: " + query.request_id + "\""};
  request.start = query.from - k_clock_margin;
  const auto read = co_await logs.filter_all_log_events(std::move(request), [&stream](const aws::LogEvent& event) {
    stream = event.log_stream;
    return false;
  });
  if (!read) co_return std::unexpected(read.error());
  co_return stream;
}

}  // namespace

Task<Result<InvocationResult>> invoke_harness(aws::Lambda& lambda, std::string function, std::string payload,
                                              InvocationLimits limits, std::function<void(std::string_view)> on_bytes) {
  const auto begin = std::chrono::steady_clock::now();
  auto result =
      co_await with_deadline(deadline_in(limits.total + k_answer_margin),
                             invoke(lambda, std::move(function), std::move(payload), limits, std::move(on_bytes)),
                             "the invocation did not end in time");
  if (!result && result.error().kind == ErrorKind::timeout) {
    result = InvocationResult{.end = InvocationEnd::cut, .message = describe(result.error())};
  }
  if (result) {
    result->duration = std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now() - begin);
  }
  co_return result;
}

Task<Result<std::optional<Report>>> read_invocation_log(aws::Logs& logs, LogQuery query, Patience patience,
                                                        std::function<void(std::string_view)> on_bytes) {
  LogFollower follower(query, std::move(on_bytes));
  std::string token;
  std::chrono::milliseconds pause = k_first_poll;
  for (std::chrono::milliseconds waited{0};; waited += std::exchange(pause, std::min(pause * 2, k_slowest_poll))) {
    if (query.stream.empty()) {
      const auto found = co_await find_stream(logs, query);
      if (!found && found.error().kind != ErrorKind::not_found) co_return std::unexpected(found.error());
      if (found) query.stream = *found;
    }
    if (!query.stream.empty()) {
      aws::GetLogEventsRequest request{.group = query.group, .stream = query.stream, .token = token};
      request.start = query.from - k_clock_margin;
      auto next = co_await logs.read_log_events(std::move(request),
                                                [&follower](const aws::LogEvent& event) { return follower.on(event); });
      if (!next && next.error().kind != ErrorKind::not_found) co_return std::unexpected(next.error());
      if (next) token = *next;
      follower.flush();
      if (follower.report()) co_return follower.report();
    }
    if (waited + pause > patience.total) co_return std::optional<Report>{};
    co_await patience.sleep(pause);
  }
}

std::optional<std::string_view> whole_log(std::string_view tail, std::string_view request_id) {
  if (!is_platform_line(tail, "START", request_id)) return std::nullopt;
  const std::size_t begin = std::min(tail.find('\n'), tail.size() - 1) + 1;
  const std::size_t end = tail.rfind("END RequestId: " + std::string(request_id));
  if (end == std::string_view::npos || end < begin) return std::nullopt;
  return tail.substr(begin, end - begin);
}

InvocationEnd classify_end(std::string_view error_code, std::string_view error_details,
                           const std::optional<Report>& report) {
  const auto says = [&](std::string_view word) {
    return error_code.find(word) != std::string_view::npos || error_details.find(word) != std::string_view::npos;
  };
  if (report && report->status == "timeout") return InvocationEnd::timed_out;
  if (report && report->error_type == "Runtime.OutOfMemory") return InvocationEnd::out_of_memory;
  if (error_code.empty()) return InvocationEnd::succeeded;
  if (says("Sandbox.Timedout") || says("Task timed out")) return InvocationEnd::timed_out;
  if (says("OutOfMemory")) return InvocationEnd::out_of_memory;
  if (says("Runtime.ExitError") || says("Runtime exited") || says("signal: killed")) return InvocationEnd::crashed;
  return InvocationEnd::function_error;
}

std::string_view to_string(InvocationEnd end) {
  switch (end) {
    case InvocationEnd::succeeded: return "succeeded";
    case InvocationEnd::function_error: return "function error";
    case InvocationEnd::timed_out: return "timed out";
    case InvocationEnd::crashed: return "crashed";
    case InvocationEnd::out_of_memory: return "out of memory";
    case InvocationEnd::silent: return "silent";
    case InvocationEnd::cut: return "cut";
  }
  return "cut";
}

}  // namespace sortie::run
