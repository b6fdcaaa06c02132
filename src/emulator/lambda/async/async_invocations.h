#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/background.h"
#include "base/clock.h"
#include "emulator/core/function_events.h"
#include "emulator/core/store.h"
#include "emulator/lambda/access/permissions.h"
#include "emulator/lambda/async/async_queue.h"
#include "emulator/lambda/catalogue/registry.h"
#include "emulator/lambda/execution/invoker.h"

namespace sortie::emulator::lambda {

/// Asynchronous invocations, by callers and by other services of AWS: each is run as its function's event invoke
/// configuration says, and its destination receives the record. io_context thread only.
/// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
class AsyncInvocations final : public FunctionEvents {
 public:
  /// What is referred to outlives the object.
  AsyncInvocations(const Background& background, const Clock& clock, Store& store, Registry& functions,
                   Invoker& invoker, Permissions& permissions, std::string account,
                   std::vector<std::chrono::milliseconds> retry_delays);

  /// Takes up what an earlier process left. Once, after construction.
  void resume() { queue_->resume(); }
  /// Commits, then goes on by itself.
  void accept(const AsyncRequest& request) { queue_->accept(request); }
  /// No further attempts.
  void close() { queue_->close(); }

  AwsResult<void> check(const Source& source, const std::string& function_arn) override;
  void send(const Source& source, const std::string& function_arn, std::string payload) override;

 private:
  AwsResult<FunctionRef> find_permitted(const Source& source, const std::string& function_arn);
  Task<AsyncQueue::Attempt> attempt(AsyncRequest request);
  AsyncQueue::RetryPolicy retry_policy_of(const AsyncRequest& request);
  const EventInvokeConfig* config_of(const AsyncRequest& request);
  void notify_destination(const AsyncRequest& request, const AsyncQueue::End& end);

  const Background& background_;
  const Clock& clock_;
  Registry& functions_;
  Invoker& invoker_;
  Permissions& permissions_;
  std::string account_;
  std::shared_ptr<AsyncQueue> queue_;
};

}  // namespace sortie::emulator::lambda
