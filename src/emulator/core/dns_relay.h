#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/task.h"
#include "emulator/core/name_addresses.h"

namespace sortie::emulator {

/// A name server as resolv.conf names it.
struct NameServer {
  std::string address;  ///< IPv4 or IPv6
  std::uint16_t port = 53;
};

/// The `nameserver` lines of a resolv.conf(5), at most three as resolvers read them; 127.0.0.1 when there is none.
std::vector<NameServer> name_servers_of(std::string_view resolv_conf);

/// A name server on loopback that answers for AWS's host names with `NameAddresses` and asks the real ones for every
/// other, over UDP and TCP (RFC 1035, 7766): what they answer is passed on as it is. Nobody answers within five
/// seconds: SERVFAIL. Limits: 256 questions under way; more are dropped, as a busy server drops them. io_context thread
/// only.
class DnsRelay {
 public:
  static Result<std::unique_ptr<DnsRelay>> start(Executor executor, NameAddresses& names,
                                                 std::vector<NameServer> servers);
  ~DnsRelay();
  DnsRelay(const DnsRelay&) = delete;
  DnsRelay& operator=(const DnsRelay&) = delete;

  [[nodiscard]] std::uint16_t udp_port() const;
  [[nodiscard]] std::uint16_t tcp_port() const;

 private:
  struct Impl;
  explicit DnsRelay(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace sortie::emulator
