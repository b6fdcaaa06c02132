#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "http/service.h"

namespace sortie::http {

struct ProxySettings {
  std::string http_proxy;   ///< `http://[user:password@]host:port`, used for http requests
  std::string https_proxy;  ///< the same, used with CONNECT for https requests
  std::string no_proxy;     ///< comma separated names, `.suffix`es, addresses, CIDR blocks, or `*`
};

/// HTTP_PROXY, HTTPS_PROXY, NO_PROXY in either case; HTTP_PROXY in upper case is ignored in a CGI (REQUEST_METHOD set).
ProxySettings proxy_settings_from(const std::map<std::string, std::string>& environment);

/// The first of SSL_CERT_FILE, AWS_CA_BUNDLE, and the places where distributions keep their trust store that exists;
/// empty when none.
std::string find_trust_store(const std::map<std::string, std::string>& environment);

struct ClientOptions {
  std::chrono::milliseconds connect_timeout{5000};    ///< name look-up, connection and TLS handshake together
  std::chrono::milliseconds response_timeout{60000};  ///< from the request's last byte to the response's header
  std::chrono::milliseconds io_timeout{60000};        ///< one read or write that makes no progress
  std::chrono::milliseconds idle_timeout{20000};      ///< an unused kept connection
  std::size_t max_idle_per_host = 16;
  std::size_t max_connections_per_host = 256;  ///< further requests wait
  ProxySettings proxy;
  bool verify_peer = true;
  std::string ca_file;       ///< PEM; empty: find_trust_store for this process's environment
  std::string extra_ca_pem;  ///< trusted as well
};

/// The network. HTTP/1.1 with a connection pool, TLS with certificate checks, proxies, streaming bodies both ways.
/// A request that fails on a kept connection before any byte of the answer came, and whose body can be
/// sent again (in memory), is sent once more on a new connection. Deadlines beyond the options are the caller's
/// (`with_deadline`). `localhost` and the names under it are loopback without a look-up. Kept connections do not keep
/// the io_context busy. A request's body may be read until its response's body has ended. io_context thread only.
class Client final : public Service {
 public:
  Client(Executor executor, ClientOptions options);
  ~Client() override;
  Task<Result<Response>> handle(Request request) override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sortie::http
