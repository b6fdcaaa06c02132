#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/task.h"
#include "emulator/core/dns_relay.h"
#include "http/server.h"
#include "http/service.h"
#include "http/tls.h"
#include "sandbox/notifier.h"

namespace sortie::emulator {

/// AWS's own host names for programs outside of any sandbox: a name server, and the embedded AWS behind it, on free
/// ports of loopback, and the policy that leads there. io_context thread only.
class AwsNames {
 public:
  /// `resolv_conf`: the content of the system's own, whose name servers answer for all other names.
  static Result<std::unique_ptr<AwsNames>> serve(Executor executor, http::Service& aws, std::string_view resolv_conf);

  /// For a Notifier that must not outlive this: the system's name servers become ours, the addresses that it gives out
  /// for AWS's names the embedded AWS, on ports 80 and 443; every other destination is left to the system.
  [[nodiscard]] sandbox::ConnectPolicy policy() const;
  /// The certificate that clients have to trust.
  [[nodiscard]] const std::string& ca_pem() const { return authority_->ca_pem(); }

 private:
  explicit AwsNames(const Executor& executor) : server_(executor) {}
  [[nodiscard]] sandbox::Verdict decide(const sandbox::Destination& destination) const;

  std::unique_ptr<http::CertificateAuthority> authority_;
  http::Server server_;
  NameAddresses names_;
  std::vector<NameServer> name_servers_;
  std::unique_ptr<DnsRelay> dns_;
  std::uint16_t http_port_ = 0;
  std::uint16_t https_port_ = 0;
};

}  // namespace sortie::emulator
