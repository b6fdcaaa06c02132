#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/task.h"
#include "emulator/core/call.h"
#include "emulator/core/function_events.h"
#include "emulator/core/ports.h"
#include "emulator/core/store.h"

namespace sortie::emulator {

/// CloudWatch Logs of the embedded AWS: groups, streams, events, filters, retention and tags (JSON 1.1,
/// `X-Amz-Target: Logs_20140328.X`). Every region has its own groups. Events are committed before `put` or
/// PutLogEvents returns. io_context thread only; the references must outlive it.
class Logs final : public AwsService, public LogSink {
 public:
  Logs(Executor executor, const Clock& clock, Store& store, Authorizer& authorizer);
  ~Logs() override;

  /// Who is told of events that match subscription filters. It must outlive this object's use.
  void set_function_events(FunctionEvents& functions);

  [[nodiscard]] std::string_view name() const override { return "logs"; }
  [[nodiscard]] std::vector<OperationSummary> operations() const override;
  Task<http::Response> handle(Call call) override;
  [[nodiscard]] http::Response render_error(const AwsError& error, const std::string& request_id,
                                            const http::Request& request) const override;

  void put(const std::string& region, const std::string& group, const std::string& stream,
           std::vector<LogEvent> events) override;
  bool has_group(const std::string& region, const std::string& group) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sortie::emulator
