#pragma once

#include <memory>
#include <optional>
#include <string>

#include "http/client.h"
#include "http/message_stream.h"
#include "http/proxy.h"
#include "http/tls_contexts.h"
#include "http/transport.h"

namespace sortie::http {

/// The last TLS session with a server, offered when connecting again.
struct TlsSession {
  struct Free {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  };
  std::unique_ptr<SSL_SESSION, Free> session;
};

/// One end of the network: what connections are pooled by.
struct Endpoint {
  bool tls = false;
  std::string host;  ///< no brackets
  std::uint16_t port = 0;
  std::optional<Proxy> proxy;
  std::string key;
};

/// One connection of the client.
struct ClientConnection {
  ClientConnection(Transport::Socket socket, std::shared_ptr<Deadlines> shared_deadlines, std::size_t header_limit)
      : deadlines(std::move(shared_deadlines)),
        transport(std::move(socket), *deadlines),
        stream(transport, make_response_parser(header_limit)) {}

  std::shared_ptr<Deadlines> deadlines;
  std::shared_ptr<TlsSession> tls_session;
  Transport transport;
  MessageStream stream;
  bool reused = false;
  Deadline idle_until = k_no_deadline;
};

/// Makes connections: looks the name up, connects to its addresses in turn, passes the proxy, shakes hands.
class Connector {
 public:
  Connector(Executor executor, std::shared_ptr<Deadlines> deadlines, const ClientOptions& options)
      : executor_(std::move(executor)), deadlines_(std::move(deadlines)), options_(options) {}

  /// Everything within `connect_timeout`.
  Task<Result<std::shared_ptr<ClientConnection>>> connect(const Endpoint& endpoint,
                                                          std::shared_ptr<TlsSession> session);

 private:
  Task<Result<std::shared_ptr<ClientConnection>>> connect_once(const Endpoint& endpoint,
                                                               std::shared_ptr<TlsSession> session);
  Task<Result<Transport::Socket>> dial(std::string host, std::uint16_t port, Deadline deadline);
  Task<Result<void>> open_tunnel(ClientConnection& connection, const Endpoint& endpoint, Deadline deadline);
  Task<Result<void>> start_tls(ClientConnection& connection, const Endpoint& endpoint, Deadline deadline);
  Result<SSL_CTX*> context();

  Executor executor_;
  std::shared_ptr<Deadlines> deadlines_;
  const ClientOptions& options_;
  SslContext context_;           // made when first needed
  bool only_file_ = false;       // the folder has proved incomplete
  bool trusts_folder_ = false;   // the context looks certificates up in the trust store's hashed folder
  bool issuer_missing_ = false;  // and the last handshake failed for want of one
};

}  // namespace sortie::http
