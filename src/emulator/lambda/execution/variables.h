#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/core/ports.h"
#include "emulator/lambda/execution/deployment.h"

namespace sortie::emulator::lambda {

/// Where a runtime finds the Runtime API, its function and its packages.
struct RuntimeLayout {
  std::string runtime_api;  ///< `169.254.100.1:9001`
  std::string task_root = "/var/task";
  std::string runtime_folder = "/var/runtime";
  std::string python_packages = "/var/runtime/site-packages";  ///< the AWS SDK of Python
  std::string node_packages = "/var/runtime/node_modules";     ///< that of Node.js
  std::string layers_folder = "/opt";
  std::string initialization = "on-demand";  ///< or `provisioned-concurrency`
  std::optional<std::string> endpoint_url;   ///< only where AWS's own names do not lead to the embedded AWS
};

using Variables = std::vector<std::pair<std::string, std::string>>;

/// The whole environment of a bootstrap. The function's own variables win over what Lambda merely presets (PATH, TZ).
/// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
Variables make_variables(const Deployment& deployment, const SessionCredentials& credentials,
                         const std::string& log_stream, const RuntimeLayout& layout);

/// That of an external extension: as above without what is the runtime's own.
/// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html#runtimes-extensions-registration-api-e
Variables make_extension_variables(const Deployment& deployment, const SessionCredentials& credentials,
                                   const RuntimeLayout& layout);

}  // namespace sortie::emulator::lambda
