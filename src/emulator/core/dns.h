#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/task.h"
#include "base/unique_fd.h"

/// The name server inside a sandbox: every AWS host name is the embedded AWS, nothing else exists (RFC 1035).
namespace sortie::emulator {

/// True for names that AWS's clients are given as endpoints: `*.amazonaws.com`, `*.amazonaws.com.cn`, `*.api.aws`,
/// `*.on.aws`. Without case, with or without the final dot.
bool is_aws_host(std::string_view name);

/// The answer to one datagram, at most 512 bytes: an A record of `address` for an AWS host name (60 s), 127.0.0.1 for
/// `localhost`, an empty NOERROR for other record types of these, NXDOMAIN for other names, FORMERR, NOTIMP and REFUSED
/// where RFC 1035 says so. Nothing for what cannot be answered: no header, or an answer itself.
std::optional<std::string> answer_dns(std::string_view query, std::array<std::uint8_t, 4> address);
/// The same with an address for each name.
using AddressOfName = std::function<std::array<std::uint8_t, 4>(std::string_view name)>;
std::optional<std::string> answer_dns(std::string_view query, const AddressOfName& address_of);

/// Whether a question is for an AWS host name or `localhost`, of any record type. False for what is malformed.
bool asks_for_own_name(std::string_view query);
/// SERVFAIL to a question of at least a header.
std::string dns_failure(std::string_view query);

/// Serves a name server's two sockets until it is destroyed. io_context thread only.
class DnsServer {
 public:
  /// What AWS's names are answered with.
  enum class Addresses : std::uint8_t {
    one,      ///< the address that is given
    reserved  ///< each its own: see NameAddresses
  };
  /// Takes over a bound UDP socket and, where there is one, a TCP socket that listens.
  DnsServer(Executor executor, UniqueFd socket, UniqueFd listener, std::array<std::uint8_t, 4> address,
            Addresses addresses = Addresses::one);
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sortie::emulator
