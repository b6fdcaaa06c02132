#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/signal.h"
#include "base/task.h"
#include "base/unique_fd.h"
#include "emulator/lambda/execution/extension_api.h"

/// Lambda's Telemetry API: what an extension subscribes to is sent to a server of its own in the sandbox.
/// https://docs.aws.amazon.com/lambda/latest/dg/telemetry-api-reference.html
namespace sortie::emulator::lambda {

enum class TelemetryKind : std::uint8_t { platform, function, extension };

struct TelemetrySubscription {
  std::uint16_t port = 0;
  std::string target = "/";
  bool platform = false;
  bool function = false;
  bool extension = false;
  bool json_records = false;  ///< from schema 2022-12-13 on a line of JSON is given as what it is
  std::size_t max_items = 10'000;
  std::size_t max_bytes = 262'144;
  std::chrono::milliseconds timeout{1000};

  [[nodiscard]] bool wants(TelemetryKind kind) const;
  /// `Platform`, `Function`, `Extension`, as the log names them.
  [[nodiscard]] std::vector<std::string_view> types() const;
};

/// The body of a subscription. Servers are HTTP ones at `sandbox.localdomain` or `sandbox.local`.
std::expected<TelemetrySubscription, ExtensionRefusal> parse_subscription(std::string_view body);

/// A line of output as an event.
std::string output_event(TelemetryKind kind, std::string_view time, std::string_view line, bool json_record);

/// What goes to one subscriber: in batches, in order, each until it was taken. A subscriber that is too far behind
/// loses events, and receives their number. Shared with the coroutine that sends. io_context thread only.
class TelemetryStream : public std::enable_shared_from_this<TelemetryStream> {
 public:
  static constexpr std::size_t k_buffer_bytes = 8 << 20;
  /// Makes sockets that reach the subscriber.
  using OpenSocket = std::function<Task<Result<UniqueFd>>()>;

  /// `subscriber` is the identifier of the extension.
  TelemetryStream(Executor executor, std::string subscriber, TelemetrySubscription subscription,
                  OpenSocket open_socket);
  /// Once.
  void begin();
  void add(TelemetryKind kind, std::string event);
  /// Sends what there is without waiting for more.
  void flush();
  /// The subscriber is gone.
  void close();
  [[nodiscard]] const std::string& subscriber() const { return subscriber_; }
  [[nodiscard]] const TelemetrySubscription& subscription() const { return subscription_; }

 private:
  static Task<void> run(std::shared_ptr<TelemetryStream> self);
  Task<bool> post(std::string body);
  std::string take_batch();
  [[nodiscard]] bool due() const;

  Executor executor_;
  std::string subscriber_;
  TelemetrySubscription subscription_;
  OpenSocket open_socket_;
  std::deque<std::string> events_;
  std::size_t bytes_ = 0;
  std::size_t dropped_ = 0;
  std::size_t dropped_bytes_ = 0;
  std::chrono::steady_clock::time_point send_at_;
  bool flush_ = false;
  bool closed_ = false;
  std::unique_ptr<asio::ip::tcp::socket> socket_;
  Signal changed_;
};

}  // namespace sortie::emulator::lambda
