#include "emulator/lambda/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <fstream>
#include <iterator>

#include "base/deadline.h"
#include "emulator/core/protocol.h"
#include "emulator/lambda/environment_output.h"
#include "wire/arn.h"
#include "wire/date.h"

namespace sortie::emulator::lambda {
namespace {

constexpr char k_runtime_address[] = "169.254.100.1";
constexpr std::uint16_t k_runtime_port = 9001;
constexpr char k_endpoint_address[] = "169.254.78.1";
constexpr std::array<std::uint8_t, 4> k_endpoint_bytes{169, 254, 78, 1};
constexpr char k_service_principal[] = "lambda.amazonaws.com";
constexpr auto k_session_duration = std::chrono::hours(12);
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

/// `2024/01/31/[$LATEST]<32 hexadecimal digits>`
std::string make_stream_name(SystemTime now, std::string_view version) {
  auto date = wire::format_iso8601(now).substr(0, 10);
  std::replace(date.begin(), date.end(), '-', '/');
  auto id = make_request_id();
  std::erase(id, '-');
  return fmt::format("{}/[{}]{}", date, version, id);
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

void Environment::prepare(const EnvironmentServices& services) {
  const Deployment any{.code = "/"};
  sandbox::prepare(make_spec(services, any, std::nullopt, {}));
}

Environment::Environment(EnvironmentServices& services, std::shared_ptr<const Deployment> deployment, LogTarget target,
                         std::string_view initialization)
    : services_(services),
      deployment_(std::move(deployment)),
      log_(services.logs, services.clock, target),
      log_stream_(target.stream),
      initialization_(initialization),
      changed_(services.executor),
      work_(services.executor),
      idle_timer_(services.executor),
      idle_since_(std::chrono::steady_clock::now()) {}

Environment::~Environment() {
  if (!abandoned_) close_listeners();
}

Task<Outcome<std::shared_ptr<Environment>>> Environment::create(EnvironmentServices& services,
                                                                std::shared_ptr<const Deployment> deployment,
                                                                std::string_view initialization) {
  LogTarget target{.region = deployment->region,
                   .group = deployment->version.log_group,
                   .stream = make_stream_name(services.clock.now(), deployment->version.version),
                   .format = deployment->version.log_format,
                   .least_level = parse_system_level(deployment->version.system_log_level)};
  auto environment = std::make_shared<Environment>(services, deployment, target, initialization);
  if (!is_native_runtime(deployment->version.runtime)) {
    environment->runtime_ = co_await services.runtimes->find(deployment->version.runtime);
    if (!environment->runtime_) {
      co_return aws_fail(502, "InvalidRuntimeException",
                         "The runtime or runtime version specified is not supported. (This machine has no interpreter "
                         "for " +
                             deployment->version.runtime + ".)");
    }
  }
  if (!deployment->version.layers.empty()) {
    std::vector<std::string> ids;
    for (const auto& layer : deployment->version.layers) ids.push_back(layer.code_id);
    auto folder = co_await services.codes->merged(std::move(ids));
    if (!folder) co_return aws_fail(500, "ServiceException", "The layers cannot be shown: " + describe(folder.error()));
    environment->layers_ = *std::move(folder);
  }
  if (auto assumed = environment->assume_role(); !assumed) co_return std::unexpected(assumed.error());
  if (const auto& slow = services.realism) {
    co_await sleep_for(environment->runtime_ ? slow->managed_cold_start : slow->native_cold_start);
  }
  if (!environment->may_write_logs(target)) environment->log_.forbid();
  auto made = co_await environment->make_sandbox();
  if (!made) co_return aws_fail(500, "ServiceException", "The sandbox cannot be made: " + describe(made.error()));
  co_return environment;
}

Outcome<void> Environment::assume_role() {
  // A session's name has two characters at least; what AWS adds to a shorter one is recorded.
  const auto session = deployment_->name.size() < 2 ? deployment_->name + "@lambda_function" : deployment_->name;
  auto credentials = services_.identities.assume_for_service(deployment_->version.role, k_service_principal, session,
                                                             k_session_duration);
  if (!credentials) {
    return aws_fail(403, "AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.");
  }
  credentials_ = *std::move(credentials);
  return {};
}

bool Environment::may_write_logs(const LogTarget& target) const {
  auto key = services_.identities.find_key(credentials_.access_key_id);
  if (!key) return false;
  Call call{.service = "logs",
            .region = deployment_->region,
            .account = deployment_->account,
            .request_id = make_request_id(),
            .principal = key->principal,
            .signature = Call::Signature::header,
            .signed_at = services_.clock.now()};
  auto group = fmt::format("arn:{}:logs:{}:{}:log-group:{}:log-stream:", wire::partition_of(deployment_->region),
                           deployment_->region, deployment_->account, target.group);
  const bool has_group = services_.logs.has_group(target.region, target.group) ||
                         services_.authorizer.authorize(call, {.action = "logs:CreateLogGroup", .resource = group});
  return has_group && services_.authorizer.authorize(call, {.action = "logs:CreateLogStream", .resource = group}) &&
         services_.authorizer.authorize(call, {.action = "logs:PutLogEvents", .resource = group + target.stream})
             .has_value();
}

Task<Result<void>> Environment::make_sandbox() {
  auto made =
      co_await sandbox::Sandbox::create(services_.executor, make_spec(services_, *deployment_, runtime_, layers_));
  if (!made) co_return std::unexpected(made.error());
  sandbox_ = *std::move(made);
  serve_listeners();
  co_return Result<void>{};
}

void Environment::serve_listeners() {
  auto sockets = sandbox_->take_listeners();
  if (sockets.size() <= Listener::name_stream) return;  // cannot be: the sandbox makes what the spec lists
  runtime_listeners_.push_back(
      services_.runtime_server.adopt(std::move(sockets[Listener::runtime_api]), *this, nullptr));
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

void Environment::close_listeners() {
  for (auto id : std::exchange(runtime_listeners_, {})) services_.runtime_server.remove(id);
  for (auto id : std::exchange(endpoint_listeners_, {})) services_.endpoint_server.remove(id);
  dns_.reset();
}

Place Environment::place() const {
  auto authority = [this](Listener listener) {
    auto address = sandbox_->address(listener);
    return fmt::format("{}:{}", address.address, address.port);
  };
  Place place{.runtime_api = authority(Listener::runtime_api), .task_root = sandbox_->inside_path("/var/task")};
  if (!layers_.empty()) place.layers_folder = sandbox_->inside_path("/opt");
  place.initialization = initialization_;
  if (runtime_) {
    place.runtime_folder = sandbox_->inside_path("/var/runtime");
    const auto within = [this](const char* name) { return sandbox_->inside_path(std::string("/var/runtime/") + name); };
    place.python_packages = within("site-packages");
    place.node_packages = within("node_modules");
  }
  // Without a network of its own the function cannot be reached through AWS's names; it must be told.
  if (services_.aws != nullptr && sandbox_->address(Listener::endpoint_http).address != k_endpoint_address) {
    place.endpoint_url = "http://" + authority(Listener::endpoint_http);
  }
  return place;
}

Task<void> Environment::retire() {
  auto self = shared_from_this();
  retiring_ = true;
  co_await shut_down("spindown");
  instance_.apply(Event::retire);
  idle_timer_.cancel();
  if (!abandoned_) close_listeners();
  log_.end_output();
  log_.flush();
}

void Environment::abandon() {
  close_listeners();
  close_telemetry();
  abandoned_ = true;
  if (sandbox_ && instance_.occupied()) {
    sandbox_->kill_all();
    sandbox_->thaw();
  }
  idle_timer_.cancel();
  log_.end_output();
  log_.flush();
  log_.forbid();
  changed_.notify();
}

void Environment::became_idle() {
  idle_since_ = std::chrono::steady_clock::now();
  arm_idle_timer();
}

void Environment::arm_idle_timer() {
  if (idle_armed_) return;
  idle_armed_ = true;
  idle_timer_.expires_at(idle_since_ + k_freeze_delay);
  idle_timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    auto self = weak.lock();
    if (!self) return;
    self->idle_armed_ = false;
    if (!error && !self->abandoned_) self->settle_when_idle();
  });
}

/// The timer is not moved at every invocation, that would cost more than it saves: it looks whether the environment was
/// used meanwhile.
void Environment::settle_when_idle() {
  if (invocation_) return;
  if (std::chrono::steady_clock::now() < idle_since_ + k_freeze_delay) return arm_idle_timer();
  drain_outputs(false);
  log_.flush();
  if (instance_.apply(Event::froze)) sandbox_->freeze();
}

}  // namespace sortie::emulator::lambda
