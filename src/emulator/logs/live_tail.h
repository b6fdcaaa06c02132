#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "emulator/core/ports.h"
#include "emulator/logs/filter_pattern.h"
#include "http/message.h"

namespace sortie::emulator::logs {

struct Stream;

/// What a StartLiveTail session shows.
struct LiveTailRequest {
  std::unordered_map<std::int64_t, std::string> groups;  ///< by id: the ARN as results show it
  std::vector<std::string> identifiers;                  ///< as they were asked for
  std::vector<std::string> streams;                      ///< names; empty: all
  std::vector<std::string> prefixes;                     ///< of names; empty: all
  std::string pattern_text;
  FilterPattern pattern;
};

/// The StartLiveTail sessions that are open: each is a response body in event-stream framing that tells once in an
/// interval what was written meanwhile, at most 500 events (the rest is left out and `sampled` says so), and ends after
/// three hours with SessionTimeoutException.
/// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html
/// io_context thread only. Bodies may outlive this object.
class LiveTails {
 public:
  explicit LiveTails(std::chrono::milliseconds interval = std::chrono::seconds(1)) : interval_(interval) {}

  /// Starts a session with the id of its request.
  http::Body open(LiveTailRequest request, const std::string& request_id);
  [[nodiscard]] bool idle() const { return sessions_.empty(); }
  /// Events were written: sessions that want them take them up.
  void written(const Stream& stream, std::span<const LogEvent> events, std::int64_t ingested);

  class Session;

 private:
  std::chrono::milliseconds interval_;
  std::vector<std::weak_ptr<Session>> sessions_;
};

}  // namespace sortie::emulator::logs
