#include "emulator/instance/instance.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <thread>

#include "emulator/core/dns.h"
#include "emulator/core/random.h"
#include "emulator/instance/metadata.h"
#include "http/server.h"
#include "wire/checksum.h"

namespace sortie::emulator {
namespace {

constexpr char k_service_principal[] = "ec2.amazonaws.com";
constexpr char k_endpoint_address[] = "169.254.78.1";
constexpr std::array<std::uint8_t, 4> k_endpoint_bytes{169, 254, 78, 1};
constexpr char k_metadata_address[] = "169.254.169.254";
constexpr char k_container_address[] = "169.254.170.2";
/// EC2 renews the credentials of a role well before they end.
constexpr auto k_session_duration = std::chrono::hours(6);
constexpr auto k_renew_before = std::chrono::minutes(15);
constexpr std::uint64_t k_tmp_bytes = 8ULL << 30;

/// The order of Spec::listen.
enum Listener : std::size_t { name_server, endpoint_http, endpoint_https, metadata, container, name_stream };

std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::uint64_t memory_of_machine() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

sandbox::Spec make_spec(const InstanceServices& services, const InstanceOptions& options) {
  sandbox::Spec spec{.mounts = options.mounts,
                     .memory_bytes = memory_of_machine(),
                     .tmp_bytes = k_tmp_bytes,
                     .cpu_milli = 1000 * std::max(1U, std::thread::hardware_concurrency()),
                     .network = options.host_network ? sandbox::Network::host : sandbox::Network::isolated,
                     .listen = {{k_endpoint_address, 53, true},
                                {k_endpoint_address, 80, false},
                                {k_endpoint_address, 443, false},
                                {k_metadata_address, 80, false},
                                {k_container_address, 80, false},
                                {k_endpoint_address, 53, false}},
                     .ca_bundle_pem = services.authority.ca_pem(),
                     .max_processes = 8192,
                     .max_open_files = 65'536};
  if (options.host_network) {
    spec.resolv_conf = read_file("/etc/resolv.conf");
    spec.hosts = read_file("/etc/hosts");
  } else {
    spec.resolv_conf = fmt::format("nameserver {}\noptions timeout:1 attempts:2\n", k_endpoint_address);
    spec.hosts = "127.0.0.1 localhost localhost.localdomain\n";
  }
  return spec;
}

std::string hex(std::size_t digits) {
  return wire::hex_encode(random_bytes(digits / 2 + 1)).substr(0, digits);
}

}  // namespace

struct Ec2Instance::Impl {
  Impl(InstanceServices the_services, InstanceOptions the_options)
      : services(std::move(the_services)),
        options(std::move(the_options)),
        id("i-" + hex(17)),
        container_path("/v2/credentials/" + hex(32)),
        metadata_service(services.clock,
                         {.id = id,
                          .account = options.account,
                          .region = options.region,
                          .role_name = options.role_arn.substr(options.role_arn.rfind('/') + 1),
                          .role_arn = options.role_arn},
                         [this] { return current(); }),
        container_service(services.clock, container_path, options.role_arn, [this] { return current(); }),
        server(services.executor) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  AwsResult<SessionCredentials> current() {
    if (credentials && credentials->expires - services.clock.now() > k_renew_before) return *credentials;
    auto assumed = services.identities.assume_for_service(options.role_arn, k_service_principal, id,
                                                          std::chrono::seconds(k_session_duration));
    if (assumed) credentials = *assumed;
    return assumed;
  }

  void serve() {
    auto sockets = box->take_listeners();
    if (has_own_network()) {
      const auto addresses = box->isolated() ? DnsServer::Addresses::one : DnsServer::Addresses::reserved;
      dns = std::make_unique<DnsServer>(services.executor, std::move(sockets[name_server]),
                                        std::move(sockets[name_stream]), k_endpoint_bytes, addresses);
    }
    server.adopt(std::move(sockets[endpoint_http]), services.aws, nullptr);
    server.adopt(std::move(sockets[endpoint_https]), services.aws, &services.authority);
    server.adopt(std::move(sockets[Listener::metadata]), metadata_service, nullptr);
    server.adopt(std::move(sockets[container]), container_service, nullptr);
  }

  [[nodiscard]] bool has_own_network() const { return box->address(endpoint_http).address == k_endpoint_address; }
  [[nodiscard]] std::string url(Listener listener) const {
    const sandbox::ListenAddress at = box->address(listener);
    return fmt::format("http://{}:{}", at.address, at.port);
  }

  InstanceServices services;
  InstanceOptions options;
  std::string id;
  std::string container_path;
  std::optional<SessionCredentials> credentials;
  InstanceMetadata metadata_service;
  ContainerCredentials container_service;
  std::unique_ptr<sandbox::Sandbox> box;
  std::unique_ptr<DnsServer> dns;
  http::Server server;  // destroyed first: nothing is served any more when the rest goes
};

Task<Result<std::unique_ptr<Ec2Instance>>> Ec2Instance::start(InstanceServices services, InstanceOptions options) {
  auto impl = std::make_unique<Impl>(std::move(services), std::move(options));
  if (const auto assumed = impl->current(); !assumed) {
    co_return fail(assumed.error().status == 404 ? ErrorKind::not_found : ErrorKind::denied,
                   fmt::format("role {}: {}", impl->options.role_arn, assumed.error().message));
  }
  ASSIGN_OR_CO_RETURN(
      impl->box, co_await sandbox::Sandbox::create(impl->services.executor, make_spec(impl->services, impl->options)));
  impl->serve();
  co_return std::unique_ptr<Ec2Instance>(new Ec2Instance(std::move(impl)));
}

Ec2Instance::Ec2Instance(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Ec2Instance::~Ec2Instance() = default;

sandbox::Sandbox& Ec2Instance::sandbox() {
  return *impl_->box;
}

const std::string& Ec2Instance::container_credentials_path() const {
  return impl_->container_path;
}

std::vector<std::pair<std::string, std::string>> Ec2Instance::addresses() const {
  if (impl_->has_own_network()) return {};
  return {{"AWS_ENDPOINT_URL", impl_->url(endpoint_http)},
          {"AWS_EC2_METADATA_SERVICE_ENDPOINT", impl_->url(Listener::metadata)},
          {"AWS_CONTAINER_CREDENTIALS_FULL_URI", impl_->url(container) + impl_->container_path}};
}

}  // namespace sortie::emulator
