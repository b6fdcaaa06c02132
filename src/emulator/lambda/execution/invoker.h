#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "emulator/core/call.h"
#include "emulator/lambda/catalogue/registry.h"
#include "emulator/lambda/execution/deployments.h"
#include "emulator/lambda/execution/invocation.h"
#include "emulator/lambda/execution/pool.h"
#include "emulator/lambda/execution/rate_limit.h"

namespace sortie::emulator::lambda {

/// Which version of a function an invocation runs. Until the next wait.
struct InvokedVersion {
  const Function* function = nullptr;
  const Version* version = nullptr;
};

/// Has functions run, within what their concurrency and their rate allow. io_context thread only.
class Invoker {
 public:
  /// `calls_per_environment`: with realism, how many invocations a second a function may have for each of its possible
  /// environments; 0: any number. What is referred to outlives the object.
  Invoker(Executor executor, const Clock& clock, Registry& functions, Deployments& deployments, Pool& pool,
          int calls_per_environment)
      : executor_(std::move(executor)),
        clock_(clock),
        functions_(functions),
        deployments_(deployments),
        pool_(pool),
        calls_per_environment_(calls_per_environment) {}

  /// An invocation with that request id; a trace of its own unless the caller gives one.
  [[nodiscard]] std::shared_ptr<Invocation> make_invocation(std::string request_id, std::string trace_id = {}) const;
  /// For a streamed answer.
  [[nodiscard]] std::shared_ptr<ResponseStream> make_stream(
      ResponseStream::Framing framing = ResponseStream::Framing::events) const;
  /// What `qualifier` means for the next invocation: an alias of two versions gives one of them by its weights. Nothing
  /// when there is none.
  std::optional<InvokedVersion> choose(const std::string& region, const std::string& name,
                                       const std::string& qualifier);
  /// Begins an invocation and returns at once; it goes on when nobody waits for it. 409 while the function is Pending,
  /// 429 when it runs too often.
  AwsResult<void> submit(const InvokedVersion& invoked, const std::string& qualifier,
                         std::shared_ptr<Invocation> invocation);

 private:
  AwsResult<void> check_rate(const Function& function);

  Executor executor_;
  const Clock& clock_;
  Registry& functions_;
  Deployments& deployments_;
  Pool& pool_;
  int calls_per_environment_;
  std::map<std::string, RateLimit, std::less<>> rates_;  ///< by unqualified ARN, with realism alone
};

}  // namespace sortie::emulator::lambda
