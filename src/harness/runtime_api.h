#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/connection.h"
#include "suite/protocol.h"

namespace sortie::harness {

/// One invocation as the Runtime API hands it out.
struct RuntimeInvocation {
  std::string request_id;
  std::string trace_id;
  std::int64_t deadline_ms = 0;  ///< wall clock, milliseconds since 1970
  std::string payload;
};

/// Lambda's Runtime API (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
class RuntimeApi {
 public:
  explicit RuntimeApi(const std::string& authority) : connection_(authority) {}

  /// Waits for work; the environment may be frozen meanwhile.
  Result<RuntimeInvocation> next();
  /// Reports that the harness cannot start at all.
  Result<void> report_init_error(const std::string& type, const std::string& message);

 private:
  friend class Answer;
  Connection connection_;
};

/// The streamed answer to one invocation (response streaming for custom runtimes): events, one a line. Never blocks
/// before `finish`; what the connection does not take waits here.
class Answer {
 public:
  /// Output events are streamed up to this many bytes: AWS slows a response down after its first 6 MB.
  static constexpr std::size_t k_stream_limit = 6'000'000;
  static constexpr std::size_t k_congestion_limit = 1UL << 20;

  Answer(RuntimeApi& api, const std::string& request_id);

  void send(const suite::HarnessEvent& event);
  /// A batch's last event; tells how much output was left out.
  void send_end(suite::BatchEnded ended);
  /// Says that the harness is there when nothing has been said for suite::k_alive_interval.
  void stay_alive(TimePoint now);
  /// When that is due next.
  [[nodiscard]] TimePoint alive_at() const { return said_at_ + suite::k_alive_interval; }

  [[nodiscard]] bool congested() const { return lines_.size() + wire_.size() - sent_ >= k_congestion_limit; }
  /// False when nobody reads the answer any more: the invocation is over, or the connection broke.
  [[nodiscard]] bool wanted() const { return !error_; }
  void add_poll(std::vector<pollfd>& fds) const;
  void flush();
  /// Sends the rest and waits for the Runtime API's word.
  Result<void> finish();

 private:
  void put_lines_on_wire();
  void send_all();
  Result<void> flush_some();

  Connection& connection_;
  std::string lines_;  ///< events not yet in a chunk
  std::string wire_;   ///< chunks
  std::size_t sent_ = 0;
  std::size_t streamed_ = 0;
  std::uint64_t left_out_ = 0;
  TimePoint said_at_ = std::chrono::steady_clock::now();
  std::optional<Error> error_;
};

}  // namespace sortie::harness
