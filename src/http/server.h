#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "http/service.h"
#include "http/tls.h"

namespace sortie::http {

/// What a server accepts. Past a limit: 431, 413, 408. When there are as many connections as are allowed, or no
/// descriptors are left, a new one takes the place of the one that has waited longest for a request, idle ones before
/// those that have begun to send one; while all are being answered it waits.
struct ServerLimits {
  std::size_t header_bytes = 64 * 1024;
  std::uint64_t body_bytes = 6ULL * 1024 * 1024 * 1024;
  std::size_t connections = 4096;
  std::chrono::seconds header_timeout{30};  ///< from the first byte of a request to the end of its header
  std::chrono::seconds idle_timeout{60};    ///< keep-alive without a request
  std::chrono::seconds io_timeout{60};      ///< one read or write that makes no progress
};

/// Publishes a Service on listening sockets, HTTP/1.1, keep-alive, streaming both ways. `Expect: 100-continue` is
/// answered when the service first reads the body. A service Error becomes a 502 without details.
/// A client that goes away cancels the service's Task and destroys the response's body. What the service throws becomes
/// a 500. io_context thread only. Destroying the server closes its sockets and cancels what is in flight; cancelled
/// Tasks unwind when the io_context next runs, and the service must be there until then.
class Server {
 public:
  Server(Executor executor, ServerLimits limits = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds `address` (an IP address) and serves. Port 0: any free one. Returns the port.
  Result<std::uint16_t> listen(const std::string& address, std::uint16_t port, Service& service);
  /// Takes over a socket that already listens (made in a sandbox's network namespace). `service` must
  /// outlive the server or the matching `remove`. `scheme` as seen in Request. With `tls`, each
  /// connection is answered with a certificate for the name the client asks for (SNI); without SNI, for `localhost`.
  /// The returned id names the listener.
  std::uint64_t adopt(UniqueFd listening_socket, Service& service, CertificateAuthority* tls);
  /// The same on an address of ours, with TLS.
  Result<std::uint16_t> listen_tls(const std::string& address, std::uint16_t port, Service& service,
                                   CertificateAuthority& tls);
  /// Stops one adopted listener and closes its connections.
  void remove(std::uint64_t listener);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sortie::http
