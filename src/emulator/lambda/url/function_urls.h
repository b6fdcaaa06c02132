#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/blocking.h"
#include "base/clock.h"
#include "emulator/core/function_url_host.h"
#include "emulator/core/public_requests.h"
#include "emulator/lambda/access/permissions.h"
#include "emulator/lambda/catalogue/registry.h"
#include "emulator/lambda/execution/invoker.h"
#include "http/message.h"

namespace sortie::emulator::lambda {

/// Requests to the URLs of functions. io_context thread only.
/// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
class FunctionUrls final : public PublicRequests {
 public:
  /// `strict`: public URLs need what AWS asks for since October 2025. What is referred to outlives the object.
  FunctionUrls(const Clock& clock, Registry& functions, Permissions& permissions, Invoker& invoker,
               BlockingPool& blocking, bool strict)
      : clock_(clock),
        functions_(functions),
        permissions_(permissions),
        invoker_(invoker),
        blocking_(blocking),
        strict_(strict) {}

  /// True for a request to a URL that asks for no signature, and for what is refused or answered without one.
  [[nodiscard]] bool is_public(const http::Request& request) override;
  /// Authorizes a request, runs the function, makes a response of its answer.
  Task<http::Response> handle(Call call, FunctionUrlHost host);

 private:
  struct Target {
    std::string region;
    std::string name;
    std::string qualifier;
    UrlConfig url;
  };
  [[nodiscard]] std::optional<Target> find(const FunctionUrlHost& host) const;
  bool may_use(const Call& call, const Target& target);
  Task<http::Response> invoke(Call call, const FunctionUrlHost& host, const Target& target);
  Task<AwsResult<std::shared_ptr<Invocation>>> make_invocation(Call& call, const FunctionUrlHost& host,
                                                               const Target& target);
  Task<http::Response> result_of(std::shared_ptr<Invocation> invocation);
  Task<http::Response> stream_of(std::shared_ptr<Invocation> invocation, http::Body body);

  const Clock& clock_;
  Registry& functions_;
  Permissions& permissions_;
  Invoker& invoker_;
  BlockingPool& blocking_;
  bool strict_;
};

}  // namespace sortie::emulator::lambda
