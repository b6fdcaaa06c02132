#include "emulator/logs/live_tail.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstring>
#include <utility>

#include "base/deadline.h"
#include "emulator/core/protocol.h"
#include "emulator/logs/log_store.h"
#include "wire/event_stream.h"

namespace sortie::emulator::logs {
namespace {

namespace json = boost::json;

constexpr std::size_t k_max_events = 500;
constexpr auto k_longest_session = std::chrono::hours(3);
constexpr std::string_view k_json = "application/json";

std::string event(std::string_view type, const json::value& payload) {
  return wire::encode_event(type, k_json, json::serialize(payload));
}

json::array array_of(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

}  // namespace

/// What one session has seen and not told yet.
class LiveTails::Session {
 public:
  explicit Session(LiveTailRequest request) : request_(std::move(request)) {}

  [[nodiscard]] bool wants(const Stream& stream) const {
    if (!request_.groups.contains(stream.group)) return false;
    const auto& [streams, prefixes] = std::tie(request_.streams, request_.prefixes);
    if (!streams.empty() && std::ranges::find(streams, stream.name) == streams.end()) return false;
    const auto begins = [&](const std::string& prefix) { return stream.name.starts_with(prefix); };
    return prefixes.empty() || std::ranges::any_of(prefixes, begins);
  }

  void take(const Stream& stream, const LogEvent& event, std::int64_t ingested) {
    if (!request_.pattern.matches(event.message)) return;
    if (results_.size() == k_max_events) {
      sampled_ = true;
      return;
    }
    results_.push_back(json::object{{"logStreamName", stream.name},
                                    {"logGroupIdentifier", request_.groups.at(stream.group)},
                                    {"message", event.message},
                                    {"timestamp", event.timestamp.time_since_epoch().count()},
                                    {"ingestionTime", ingested}});
  }

  [[nodiscard]] std::string start_frames(const std::string& request_id) const {
    json::object start{{"requestId", request_id},
                       {"sessionId", make_request_id()},
                       {"logGroupIdentifiers", array_of(request_.identifiers)}};
    if (!request_.streams.empty()) start["logStreamNames"] = array_of(request_.streams);
    if (!request_.prefixes.empty()) start["logStreamNamePrefixes"] = array_of(request_.prefixes);
    start["logEventFilterPattern"] = request_.pattern_text;
    return event("initial-response", json::object()) + event("sessionStart", start);
  }

  std::string update_frame() {
    const json::object update{{"sessionMetadata", json::object{{"sampled", std::exchange(sampled_, false)}}},
                              {"sessionResults", std::exchange(results_, json::array())}};
    return event("sessionUpdate", update);
  }

 private:
  LiveTailRequest request_;
  json::array results_;
  bool sampled_ = false;
};

namespace {

/// The response body: frames as they become due.
class TailBody final : public http::BodySource {
 public:
  TailBody(std::shared_ptr<LiveTails::Session> session, std::string first, std::chrono::milliseconds interval)
      : session_(std::move(session)),
        ready_(std::move(first)),
        interval_(interval),
        end_(std::chrono::steady_clock::now() + k_longest_session) {}

  [[nodiscard]] std::optional<std::uint64_t> length() const override { return std::nullopt; }

  Task<Result<std::size_t>> read(std::span<char> out) override {
    if (at_ == ready_.size()) {
      if (over_) co_return 0;
      co_await sleep_for(interval_);
      at_ = 0;
      over_ = std::chrono::steady_clock::now() >= end_;
      ready_ = over_ ? wire::encode_event_exception("SessionTimeoutException", k_json,
                                                    R"({"message":"The session has timed out."})")
                     : session_->update_frame();
    }
    const std::size_t count = std::min(out.size(), ready_.size() - at_);
    std::memcpy(out.data(), ready_.data() + at_, count);
    at_ += count;
    co_return count;
  }

 private:
  std::shared_ptr<LiveTails::Session> session_;
  std::string ready_;
  std::size_t at_ = 0;
  bool over_ = false;
  std::chrono::milliseconds interval_;
  std::chrono::steady_clock::time_point end_;
};

}  // namespace

http::Body LiveTails::open(LiveTailRequest request, const std::string& request_id) {
  auto session = std::make_shared<Session>(std::move(request));
  sessions_.push_back(session);
  std::string first = session->start_frames(request_id);
  return std::unique_ptr<http::BodySource>(std::make_unique<TailBody>(std::move(session), std::move(first), interval_));
}

void LiveTails::written(const Stream& stream, std::span<const LogEvent> events, std::int64_t ingested) {
  std::erase_if(sessions_, [](const auto& session) { return session.expired(); });
  for (const auto& weak : sessions_) {
    const auto session = weak.lock();
    if (!session->wants(stream)) continue;
    for (const LogEvent& one : events) session->take(stream, one, ingested);
  }
}

}  // namespace sortie::emulator::logs
