#include "emulator/lambda/execution/variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "emulator/lambda/catalogue/reserved_variables.h"
#include "emulator/lambda/runtimes/interpreters.h"

namespace sortie::emulator::lambda {
namespace {

/// What an external extension does not get.
constexpr std::array<std::string_view, 10> k_runtimes_own{
    "AWS_EXECUTION_ENV",       "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_XRAY_CONTEXT_MISSING",
    "AWS_XRAY_DAEMON_ADDRESS", "_AWS_XRAY_DAEMON_ADDRESS",  "_AWS_XRAY_DAEMON_PORT",      "_HANDLER",
    "LAMBDA_TASK_ROOT",        "LAMBDA_RUNTIME_DIR"};

void set(Variables& variables, const std::string& name, std::string value) {
  auto found = std::find_if(variables.begin(), variables.end(), [&](const auto& pair) { return pair.first == name; });
  if (found != variables.end()) {
    found->second = std::move(value);
  } else {
    variables.emplace_back(name, std::move(value));
  }
}

/// What AWS's managed runtimes have besides, that of their start script among it.
void add_managed(Variables& variables, const std::string& runtime, const RuntimeLayout& layout) {
  auto managed = parse_managed_runtime(runtime);
  if (!managed) return;
  variables.emplace_back("AWS_EXECUTION_ENV", "AWS_Lambda_" + runtime);
  variables.emplace_back("PWD", layout.task_root);
  variables.emplace_back("SHLVL", "0");
  if (managed->language == Language::python) {
    variables.emplace_back("PYTHONPATH", layout.runtime_folder);
    // botocore and requests bring a trust store of their own, and so does an OpenSSL that an interpreter brings.
    if (!layout.endpoint_url) {
      for (const char* name : {"AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"}) {
        variables.emplace_back(name, layout.runtime_folder + "/ca-cert.pem");
      }
    }
  } else if (managed->language == Language::node) {
    variables.emplace_back(
        "NODE_PATH",
        fmt::format("{0}/nodejs/node{1}/node_modules:{0}/nodejs/node_modules:{4}:{2}:{3}", layout.layers_folder,
                    managed->version, layout.runtime_folder, layout.task_root, layout.node_packages));
    // Node.js does not look at the system's trust store. AWS has this up to nodejs18.x; later our client takes it away.
    variables.emplace_back("NODE_EXTRA_CA_CERTS", layout.runtime_folder + "/ca-cert.pem");
  }
}

/// What Lambda gives every function.
Variables preset(const Deployment& deployment, const SessionCredentials& credentials, const std::string& log_stream,
                 const RuntimeLayout& layout) {
  const auto& version = deployment.version;
  Variables variables{
      {"AWS_ACCESS_KEY_ID", credentials.access_key_id},
      {"AWS_SECRET_ACCESS_KEY", credentials.secret_access_key},
      {"AWS_SESSION_TOKEN", credentials.session_token},
      {"AWS_REGION", deployment.region},
      {"AWS_DEFAULT_REGION", deployment.region},
      {"AWS_LAMBDA_FUNCTION_NAME", deployment.name},
      {"AWS_LAMBDA_FUNCTION_VERSION", version.version},
      {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", std::to_string(version.memory_mb)},
      {"AWS_LAMBDA_INITIALIZATION_TYPE", layout.initialization},
      {"AWS_LAMBDA_LOG_GROUP_NAME", version.log_group},
      {"AWS_LAMBDA_LOG_STREAM_NAME", log_stream},
      {"AWS_LAMBDA_RUNTIME_API", layout.runtime_api},
      {"AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"},
      {"AWS_XRAY_DAEMON_ADDRESS", "169.254.100.1:2000"},
      {"_AWS_XRAY_DAEMON_ADDRESS", "169.254.100.1"},
      {"_AWS_XRAY_DAEMON_PORT", "2000"},
      {"_HANDLER", version.handler},
      {"LAMBDA_TASK_ROOT", layout.task_root},
      {"LAMBDA_RUNTIME_DIR", layout.runtime_folder},
      {"LANG", "en_US.UTF-8"},
      {"TZ", ":UTC"},
      {"PATH", fmt::format("/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:{}/bin", layout.layers_folder)},
      {"LD_LIBRARY_PATH",
       fmt::format("/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:{0}:{0}/lib:{1}/lib",
                   layout.task_root, layout.layers_folder)},
  };
  return variables;
}

/// What the function's configuration adds; it wins.
void add_configured(Variables& variables, const Version& version, const RuntimeLayout& layout) {
  if (version.log_format == LogFormat::json) {
    variables.emplace_back("AWS_LAMBDA_LOG_FORMAT", "JSON");
    variables.emplace_back("AWS_LAMBDA_LOG_LEVEL", version.application_log_level);
  }
  if (layout.endpoint_url) variables.emplace_back("AWS_ENDPOINT_URL", *layout.endpoint_url);
  if (version.environment) {
    for (const auto& [name, value] : *version.environment) {
      if (!is_reserved_variable(name)) set(variables, name, value);
    }
  }
}

}  // namespace

Variables make_variables(const Deployment& deployment, const SessionCredentials& credentials,
                         const std::string& log_stream, const RuntimeLayout& layout) {
  auto variables = preset(deployment, credentials, log_stream, layout);
  add_managed(variables, deployment.version.runtime, layout);
  add_configured(variables, deployment.version, layout);
  return variables;
}

Variables make_extension_variables(const Deployment& deployment, const SessionCredentials& credentials,
                                   const RuntimeLayout& layout) {
  auto variables = preset(deployment, credentials, {}, layout);
  std::erase_if(variables, [](const auto& pair) {
    return std::find(k_runtimes_own.begin(), k_runtimes_own.end(), pair.first) != k_runtimes_own.end();
  });
  add_configured(variables, deployment.version, layout);
  return variables;
}

}  // namespace sortie::emulator::lambda
