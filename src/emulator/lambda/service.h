#pragma once

#include <memory>
#include <string>

#include "base/background.h"
#include "emulator/core/function_url_host.h"
#include "emulator/lambda/access/permissions.h"
#include "emulator/lambda/api/operation.h"
#include "emulator/lambda/async/async_invocations.h"
#include "emulator/lambda/catalogue/activations.h"
#include "emulator/lambda/catalogue/catalogue.h"
#include "emulator/lambda/catalogue/packages.h"
#include "emulator/lambda/execution/deployments.h"
#include "emulator/lambda/execution/execution_host.h"
#include "emulator/lambda/execution/invoker.h"
#include "emulator/lambda/execution/provisioner.h"
#include "emulator/lambda/options/options.h"
#include "emulator/lambda/url/function_urls.h"

namespace sortie::emulator::lambda {

/// The parts behind `Lambda`, put together. Shared with the requests and the background tasks that use them.
class Service : public std::enable_shared_from_this<Service> {
 public:
  Service(Executor executor, const Clock& clock, Store& store, Authorizer& authorizer, Identities& identities,
          LogSink& logs, ObjectSource& objects, BlockingPool& pool, LambdaOptions options);

  /// Once, after construction.
  void begin();
  /// A request to the API.
  Task<http::Response> handle(Call call);
  /// A request to the URL of a function.
  Task<http::Response> handle_url(Call call, FunctionUrlHost host);
  [[nodiscard]] FunctionUrls& urls() { return urls_; }
  [[nodiscard]] AsyncInvocations& async() { return async_; }
  Task<void> shutdown();
  void abandon();

 private:
  Task<Answer> dispatch(Call call);

  LambdaOptions options_;
  const Clock& clock_;
  Identities& identities_;
  ObjectSource& objects_;
  BlockingPool& blocking_;
  RateLimit control_rate_;
  Background background_;
  Catalogue catalogue_;
  Permissions permissions_;
  Packages packages_;
  Activations activations_;
  ExecutionHost host_;
  Deployments deployments_;
  Provisioner provisioner_;
  Invoker invoker_;
  AsyncInvocations async_;
  FunctionUrls urls_;
};

}  // namespace sortie::emulator::lambda
