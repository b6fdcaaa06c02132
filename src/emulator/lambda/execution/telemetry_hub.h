#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "emulator/lambda/execution/extension.h"
#include "emulator/lambda/execution/telemetry.h"
#include "emulator/lambda/logging/function_log.h"
#include "http/message.h"

namespace sortie::emulator::lambda {

/// Lambda's own lines of an environment: for its log, and for the extensions that have subscribed to the Telemetry API.
/// io_context thread only.
class TelemetryHub {
 public:
  /// `log` outlives the object.
  TelemetryHub(Executor executor, FunctionLog& log) : executor_(std::move(executor)), log_(log) {}

  /// A line of Lambda's own for the log, and for the subscribers. `make` makes it in a format.
  template <class Make>
  void write_platform(const Make& make, SystemLevel level = SystemLevel::info) {
    log_.platform(make(log_.format()), level);
    if (!streams_.empty()) publish(TelemetryKind::platform, make(LogFormat::json));
  }
  /// The first event of an init, for those who subscribe after it.
  void set_init_start(std::string event) { init_start_ = std::move(event); }
  /// An init begins, or has ended: extensions may subscribe in between alone.
  void open_subscription() { subscription_open_ = true; }
  void close_subscription() { subscription_open_ = false; }
  /// PUT /telemetry. `open_socket` makes sockets that reach the sandbox.
  http::Response subscribe(const Extension& extension, const std::string& body,
                           TelemetryStream::OpenSocket open_socket);
  [[nodiscard]] bool empty() const { return streams_.empty(); }
  /// Sends what there is without waiting for more.
  void flush();
  /// The subscribers are gone.
  void close();

 private:
  void publish(TelemetryKind kind, const std::string& event);
  void publish_output(FunctionLog::Source source, std::string_view line);

  Executor executor_;
  FunctionLog& log_;
  std::vector<std::shared_ptr<TelemetryStream>> streams_;
  std::string init_start_;
  bool subscription_open_ = true;
};

}  // namespace sortie::emulator::lambda
