#include "emulator/lambda/execution/telemetry_hub.h"

#include "emulator/lambda/execution/runtime_api.h"
#include "wire/date.h"

namespace sortie::emulator::lambda {

http::Response TelemetryHub::subscribe(const Extension& extension, const std::string& body,
                                       TelemetryStream::OpenSocket open_socket) {
  if (!subscription_open_) {
    return runtime_error(403, "Telemetry.SubscriptionClosed", "Telemetry API subscription is closed already");
  }
  auto subscription = parse_subscription(body);
  if (!subscription) {
    const auto& refusal = subscription.error();
    return runtime_error(refusal.type == "ValidationError" ? 400 : 501, refusal.type, refusal.message);
  }
  auto stream =
      std::make_shared<TelemetryStream>(executor_, extension.id, *std::move(subscription), std::move(open_socket));
  // Who subscribes again has one subscription, the last.
  std::erase_if(streams_, [&](const auto& before) {
    if (before->subscriber() != extension.id) return false;
    before->close();
    return true;
  });
  stream->begin();
  if (!init_start_.empty()) stream->add(TelemetryKind::platform, init_start_);
  streams_.push_back(stream);
  log_.listen([this](FunctionLog::Source source, std::string_view line) { publish_output(source, line); });
  write_platform([&](LogFormat format) {
    return telemetry_line(format, log_.now(), extension.name, stream->subscription().types());
  });
  return {.status = 200, .headers = {{"Content-Type", "application/json"}}, .body = std::string("\"OK\"")};
}

void TelemetryHub::publish(TelemetryKind kind, const std::string& event) {
  if (event.empty()) return;
  for (const auto& stream : streams_) stream->add(kind, event);
}

void TelemetryHub::publish_output(FunctionLog::Source source, std::string_view line) {
  const auto kind = source > FunctionLog::k_standard_error ? TelemetryKind::extension : TelemetryKind::function;
  const auto time = wire::format_iso8601_millis(log_.now());
  const bool json = log_.format() == LogFormat::json;
  for (const auto& stream : streams_) {
    if (!stream->subscription().wants(kind)) continue;
    stream->add(kind, output_event(kind, time, line, json && stream->subscription().json_records));
  }
}

void TelemetryHub::flush() {
  for (const auto& stream : streams_) stream->flush();
}

void TelemetryHub::close() {
  for (const auto& stream : streams_) stream->close();
  streams_.clear();
  log_.listen({});
}

}  // namespace sortie::emulator::lambda
