#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/signal.h"
#include "base/task.h"
#include "emulator/lambda/execution/deployment.h"
#include "emulator/lambda/execution/extension.h"
#include "emulator/lambda/execution/extension_api.h"
#include "emulator/lambda/execution/lifecycle.h"
#include "emulator/lambda/execution/telemetry_hub.h"
#include "http/message.h"

namespace sortie::emulator::lambda {

/// The Extensions API and the Telemetry API of an environment. Whatever they refuse is 403, as in AWS. io_context
/// thread only; must outlive the requests that it answers.
class ExtensionsApi {
 public:
  /// `changed` is notified of every step of an extension. `open_socket` makes sockets that reach the sandbox. What is
  /// referred to outlives the object.
  ExtensionsApi(Executor executor, const Deployment& deployment, const Lifecycle& lifecycle, Signal& changed,
                Extensions& extensions, TelemetryHub& telemetry)
      : executor_(std::move(executor)),
        deployment_(deployment),
        lifecycle_(lifecycle),
        changed_(changed),
        extensions_(extensions),
        telemetry_(telemetry) {}

  Task<Result<http::Response>> handle(ExtensionCall call, http::Request request,
                                      TelemetryStream::OpenSocket open_socket);

 private:
  http::Response register_extension(const http::Headers& headers, const std::string& body);
  Task<Result<http::Response>> on_extension_next(std::shared_ptr<Extension> extension);
  http::Response on_extension_error(Extension& extension, ExtensionEvent event, std::string_view error_type);

  Executor executor_;
  const Deployment& deployment_;
  const Lifecycle& lifecycle_;
  Signal& changed_;
  Extensions& extensions_;
  TelemetryHub& telemetry_;
};

}  // namespace sortie::emulator::lambda
