#include "emulator/instance/aws_names.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace sortie::emulator {
namespace {

constexpr std::uint16_t k_dns_port = 53;
constexpr std::uint16_t k_http_port = 80;
constexpr std::uint16_t k_https_port = 443;

bool is_same_address(const std::string& text, const sandbox::Destination& destination) {
  std::array<std::uint8_t, 16> bytes{};
  const int family = destination.ipv6 ? AF_INET6 : AF_INET;
  return inet_pton(family, text.c_str(), bytes.data()) == 1 && bytes == destination.address;
}

}  // namespace

Result<std::unique_ptr<AwsNames>> AwsNames::serve(Executor executor, http::Service& aws, std::string_view resolv_conf) {
  auto names = std::unique_ptr<AwsNames>(new AwsNames(executor));
  ASSIGN_OR_RETURN(names->authority_, http::CertificateAuthority::create());
  ASSIGN_OR_RETURN(names->http_port_, names->server_.listen("127.0.0.1", 0, aws));
  ASSIGN_OR_RETURN(names->https_port_, names->server_.listen_tls("127.0.0.1", 0, aws, *names->authority_));
  names->name_servers_ = name_servers_of(resolv_conf);
  ASSIGN_OR_RETURN(names->dns_, DnsRelay::start(executor, names->names_, names->name_servers_));
  return names;
}

sandbox::ConnectPolicy AwsNames::policy() const {
  return {.internet = [this](const sandbox::Destination& destination) { return decide(destination); }};
}

sandbox::Verdict AwsNames::decide(const sandbox::Destination& destination) const {
  const auto is_asked = [&](const NameServer& server) { return is_same_address(server.address, destination); };
  if (destination.port == k_dns_port && std::ranges::any_of(name_servers_, is_asked)) {
    return sandbox::Verdict::redirect(destination.datagram ? dns_->udp_port() : dns_->tcp_port());
  }
  if (destination.ipv6 || !NameAddresses::holds(destination.ipv4())) return {};
  if (!destination.datagram && destination.port == k_http_port) return sandbox::Verdict::redirect(http_port_);
  if (!destination.datagram && destination.port == k_https_port) return sandbox::Verdict::redirect(https_port_);
  return sandbox::Verdict::refuse(ECONNREFUSED);
}

}  // namespace sortie::emulator
