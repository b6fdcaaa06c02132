#include "emulator/lambda/execution/function_sandbox.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>

#include "base/error.h"
#include "emulator/lambda/execution/executable.h"
#include "emulator/lambda/runtimes/java_runtime.h"

namespace sortie::emulator::lambda {
namespace {

constexpr char k_runtime_address[] = "169.254.100.1";
constexpr std::uint16_t k_runtime_port = 9001;
constexpr char k_endpoint_address[] = "169.254.78.1";
constexpr std::array<std::uint8_t, 4> k_endpoint_bytes{169, 254, 78, 1};
/// The order of Spec::listen.
enum Listener : std::size_t {
  runtime_api = 0,
  name_server = 1,
  endpoint_http = 2,
  endpoint_https = 3,
  name_stream = 4
};

std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

sandbox::Spec make_spec(const EnvironmentServices& services, const Deployment& deployment,
                        const std::optional<RuntimeLaunch>& runtime, const std::filesystem::path& layers) {
  const auto& version = deployment.version;
  sandbox::Spec spec{.mounts = {{deployment.code.string(), "/var/task"}},
                     .memory_bytes = static_cast<std::uint64_t>(version.memory_mb) << 20,
                     .tmp_bytes = static_cast<std::uint64_t>(version.ephemeral_mb) << 20,
                     .cpu_milli = cpu_share(version.memory_mb),
                     .network = services.host_network ? sandbox::Network::host : sandbox::Network::isolated,
                     .listen = {{k_runtime_address, k_runtime_port, false},
                                {k_endpoint_address, 53, true},
                                {k_endpoint_address, 80, false},
                                {k_endpoint_address, 443, false},
                                {k_endpoint_address, 53, false}}};
  if (!layers.empty()) spec.mounts.push_back({layers.string(), "/opt"});
  if (runtime) spec.mounts.insert(spec.mounts.end(), runtime->mounts.begin(), runtime->mounts.end());
  if (services.host_network) {
    spec.resolv_conf = read_file("/etc/resolv.conf");
    spec.hosts = read_file("/etc/hosts");
  } else {
    spec.resolv_conf = fmt::format("nameserver {}\noptions timeout:1 attempts:2\n", k_endpoint_address);
    spec.hosts = "127.0.0.1 localhost localhost.localdomain sandbox.localdomain sandbox.local sandbox\n";
  }
  if (services.authority != nullptr) spec.ca_bundle_pem = services.authority->ca_pem();
  return spec;
}

}  // namespace

void FunctionSandbox::prepare(const EnvironmentServices& services) {
  const Deployment any{.code = "/"};
  sandbox::prepare(make_spec(services, any, std::nullopt, {}));
}

FunctionSandbox::~FunctionSandbox() {
  close_listeners();
}

Task<AwsResult<void>> FunctionSandbox::find_runtime() {
  const auto& version = deployment_.version;
  if (!is_native_runtime(version.runtime)) {
    runtime_ = co_await services_.runtimes->find(version.runtime);
    if (!runtime_) {
      co_return aws_fail(502, "InvalidRuntimeException",
                         "The runtime or runtime version specified is not supported. (This machine has no interpreter "
                         "for " +
                             version.runtime + ".)");
    }
  }
  if (!version.layers.empty()) {
    std::vector<std::string> ids;
    for (const auto& layer : version.layers) ids.push_back(layer.code_id);
    auto folder = co_await services_.codes->merged(std::move(ids));
    if (!folder) co_return aws_fail(500, "ServiceException", "The layers cannot be shown: " + describe(folder.error()));
    layers_ = *std::move(folder);
  }
  co_return AwsResult<void>{};
}

Task<AwsResult<void>> FunctionSandbox::make(http::Service& runtime_api) {
  auto made =
      co_await sandbox::Sandbox::create(services_.executor, make_spec(services_, deployment_, runtime_, layers_));
  if (!made) co_return aws_fail(500, "ServiceException", "The sandbox cannot be made: " + describe(made.error()));
  sandbox_ = *std::move(made);
  serve_listeners(runtime_api);
  co_return AwsResult<void>{};
}

void FunctionSandbox::serve_listeners(http::Service& runtime_api) {
  auto sockets = sandbox_->take_listeners();
  if (sockets.size() <= Listener::name_stream) return;  // cannot be: the sandbox makes what the spec lists
  runtime_listeners_.push_back(
      services_.runtime_server.adopt(std::move(sockets[Listener::runtime_api]), runtime_api, nullptr));
  if (sandbox_->address(Listener::name_server).address == k_endpoint_address) {
    // Without a network of its own addresses are nobody's: each name may have one.
    const auto addresses = sandbox_->isolated() ? DnsServer::Addresses::one : DnsServer::Addresses::reserved;
    dns_ = std::make_unique<DnsServer>(services_.executor, std::move(sockets[Listener::name_server]),
                                       std::move(sockets[Listener::name_stream]), k_endpoint_bytes, addresses);
  }
  if (services_.aws == nullptr) return;
  endpoint_listeners_.push_back(
      services_.endpoint_server.adopt(std::move(sockets[Listener::endpoint_http]), *services_.aws, nullptr));
  if (services_.authority == nullptr) return;
  endpoint_listeners_.push_back(services_.endpoint_server.adopt(std::move(sockets[Listener::endpoint_https]),
                                                                *services_.aws, services_.authority));
}

void FunctionSandbox::close_listeners() {
  for (auto id : std::exchange(runtime_listeners_, {})) services_.runtime_server.remove(id);
  for (auto id : std::exchange(endpoint_listeners_, {})) services_.endpoint_server.remove(id);
  dns_.reset();
}

RuntimeLayout FunctionSandbox::layout(std::string_view initialization) const {
  auto authority = [this](Listener listener) {
    auto address = sandbox_->address(listener);
    return fmt::format("{}:{}", address.address, address.port);
  };
  RuntimeLayout layout{.runtime_api = authority(Listener::runtime_api),
                       .task_root = sandbox_->inside_path("/var/task")};
  if (!layers_.empty()) layout.layers_folder = sandbox_->inside_path("/opt");
  layout.initialization = initialization;
  if (runtime_) {
    layout.runtime_folder = sandbox_->inside_path("/var/runtime");
    const auto within = [this](const char* name) { return sandbox_->inside_path(std::string("/var/runtime/") + name); };
    layout.python_packages = within("site-packages");
    layout.node_packages = within("node_modules");
  }
  // Without a network of its own the function cannot be reached through AWS's names; it must be told.
  if (services_.aws != nullptr && sandbox_->address(Listener::endpoint_http).address != k_endpoint_address) {
    layout.endpoint_url = "http://" + authority(Listener::endpoint_http);
  }
  return layout;
}

/// As AWS starts its runtimes: little to warm up, a small collector, and the heap most of the function's memory.
/// https://docs.aws.amazon.com/lambda/latest/dg/java-customization.html
void FunctionSandbox::add_java_arguments(std::vector<std::string>& command) const {
  const auto& version = deployment_.version;
  constexpr int k_heap_percent = 85;
  std::string class_path;
  for (const auto& path : runtime_->class_path) {
    class_path += (class_path.empty() ? "" : ":") + sandbox_->inside_path(path);
  }
  command.insert(command.end(), {"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto",
                                 fmt::format("-XX:MaxHeapSize={}k", version.memory_mb * 1024 / 100 * k_heap_percent),
                                 "-cp", class_path});
  for (auto& argument : java_main(deployment_.code, version.handler)) command.push_back(std::move(argument));
}

/// What is executed: the function's own bootstrap, or the managed runtime, that through the function's wrapper script
/// if it has one.
Result<std::vector<std::string>> FunctionSandbox::find_command() const {
  if (runtime_) {
    std::vector<std::string> command;
    const auto& environment = deployment_.version.environment;
    if (environment && environment->contains("AWS_LAMBDA_EXEC_WRAPPER")) {
      command = {"/bin/sh", sandbox_->inside_path("/var/runtime") + "/bootstrap"};
    }
    const auto interpreter = command.size();
    for (const auto& argument : runtime_->command) command.push_back(sandbox_->inside_path(argument));
    if (!runtime_->class_path.empty()) add_java_arguments(command);
    // An option in the function's NODE_OPTIONS switches it on again.
    const auto given = environment && environment->contains("NODE_OPTIONS") ? environment->at("NODE_OPTIONS") : "";
    auto after = command.begin() + static_cast<std::ptrdiff_t>(interpreter) + 1;
    for (const auto& feature : runtime_->disabled_features) {
      if (!given.contains("--" + feature)) after = command.insert(after, "--no-" + feature) + 1;
    }
    return command;
  }
  auto host_path = (deployment_.code / "bootstrap").string();
  std::string folder = "/var/task";
  auto in_layer = layers_ / "bootstrap";
  if (!layers_.empty() && check_executable(host_path) == ENOENT && check_executable(in_layer.string()) != ENOENT) {
    host_path = in_layer.string();
    folder = "/opt";
  }
  switch (int error = check_executable(host_path)) {
    case 0: return std::vector{sandbox_->inside_path(folder) + "/bootstrap"};
    case ENOENT:
    case ENOTDIR:
      return fail(ErrorKind::not_found, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]");
    // As Lambda names it, also where the sandbox is a plain process and the path another.
    default: return fail(ErrorKind::denied, fmt::format("fork/exec {}/bootstrap: {}", folder, exec_error_text(error)));
  }
}

}  // namespace sortie::emulator::lambda
