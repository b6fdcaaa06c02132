#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/blocking.h"
#include "emulator/core/call.h"
#include "emulator/core/function_events.h"
#include "emulator/core/ports.h"
#include "emulator/core/public_requests.h"
#include "emulator/core/store.h"
#include "emulator/lambda/realism.h"
#include "http/service.h"
#include "http/tls.h"

namespace sortie::emulator {

namespace lambda {
class Service;
}

struct LambdaOptions {
  std::string account;
  bool host_network = false;     ///< functions reach the host's network and are given AWS_ENDPOINT_URL
  http::Service* aws = nullptr;  ///< where a sandbox's calls to AWS host names go: the emulator
  http::CertificateAuthority* authority = nullptr;  ///< signs what TLS inside a sandbox is answered with
  /// Waits before the second and the third attempt of an asynchronous invocation that failed.
  std::vector<std::chrono::milliseconds> async_retry_delays{std::chrono::minutes{1}, std::chrono::minutes{2}};
  std::chrono::milliseconds init_limit{10'000};  ///< how long an environment may take to ask for work
  std::chrono::seconds idle_limit{300};          ///< an environment unused for so long is removed
  std::size_t provisioned_limit = 0;  ///< environments that are initialised ahead, together; 0: by the number of cores
  std::chrono::milliseconds settle_time{0};  ///< how long a function stays Pending or InProgress after a change
  bool realistic_streaming = false;          ///< slow a streamed response to 2 MB/s after its first 6 MB
  /// AWS's waits, quotas and late logs (`--realism aws`); settle_time and realistic_streaming then do not count.
  std::optional<lambda::Realism> realism;
};

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
