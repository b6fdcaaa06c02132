#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/blocking.h"
#include "emulator/core/call.h"
#include "emulator/core/function_events.h"
#include "emulator/core/ports.h"
#include "emulator/core/public_requests.h"
#include "emulator/core/store.h"
#include "emulator/lambda/options/options.h"
#include "http/service.h"

namespace sortie::emulator {

namespace lambda {
class Service;
}

/// AWS Lambda (API 2015-03-31): functions, invocations, the URLs of functions, and the environments that they run in,
/// one sandbox each. State is in the store; environments are not: they start with the first invocation. io_context
/// thread only.
class Lambda final : public AwsService, public FunctionEvents, public PublicRequests {
 public:
  /// Everything referred to must outlive the object. Tables are made in `store`; asynchronous invocations that an
  /// earlier process accepted and did not finish are taken up again.
  Lambda(Executor executor, const Clock& clock, Store& store, Authorizer& authorizer, Identities& identities,
         LogSink& logs, ObjectSource& objects, BlockingPool& pool, LambdaOptions options);
  /// Kills what still runs.
  ~Lambda() override;

  [[nodiscard]] std::string_view name() const override { return "lambda"; }
  [[nodiscard]] std::vector<OperationSummary> operations() const override;
  Task<http::Response> handle(Call call) override;
  [[nodiscard]] bool is_public(const http::Request& request) override;
  [[nodiscard]] http::Response render_error(const AwsError& error, const std::string& request_id,
                                            const http::Request& request) const override;
  AwsResult<void> check(const Source& source, const std::string& function_arn) override;
  void send(const Source& source, const std::string& function_arn, std::string payload) override;
  /// Ends every environment and waits for it. Invocations in flight fail.
  Task<void> shutdown();

 private:
  std::shared_ptr<lambda::Service> service_;
};

}  // namespace sortie::emulator
