#include "http/connector.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "http/head_text.h"
#include "http/trust_store.h"

namespace sortie::http {

namespace {

using asio::ip::tcp;
using boost::system::error_code;
using Addresses = std::vector<tcp::endpoint>;

constexpr std::size_t k_response_header_limit = 256 * 1024;

std::string seconds(std::chrono::milliseconds time) {
  const auto count = time.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + " s" : std::to_string(count) + " ms";
}

std::string name_of(const std::string& host, std::uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool is_localhost(std::string_view host) {
  constexpr std::string_view suffix = ".localhost";
  return iequals(host, "localhost") ||
         (host.size() > suffix.size() && iequals(host.substr(host.size() - suffix.size()), suffix));
}

/// A look-up whose waiter may leave before it ends: getaddrinfo cannot be interrupted.
struct LookUp {
  explicit LookUp(const Executor& executor) : resolver(executor), done(executor) {}
  tcp::resolver resolver;
  asio::steady_timer done;
  std::optional<error_code> error;
  Addresses addresses;
};

Task<Result<Addresses>> look_up(Executor executor, std::string host, std::uint16_t port, Deadline deadline) {
  error_code not_an_address;
  const auto address = asio::ip::make_address(host, not_an_address);
  if (!not_an_address) co_return Addresses{{address, port}};
  // RFC 6761, 6.3: these names are loopback without asking anyone, subdomains included.
  if (is_localhost(host)) {
    co_return Addresses{{asio::ip::address_v4::loopback(), port}, {asio::ip::address_v6::loopback(), port}};
  }
  auto state = std::make_shared<LookUp>(executor);
  state->done.expires_at(deadline);
  state->resolver.async_resolve(host, std::to_string(port), tcp::resolver::numeric_service,
                                [state](const error_code& error, const tcp::resolver::results_type& results) {
                                  state->error = error;
                                  for (const auto& entry : results) state->addresses.push_back(entry.endpoint());
                                  state->done.cancel();
                                });
  co_await state->done.async_wait(asio::as_tuple(asio::use_awaitable));
  if (!state->error) co_return fail(ErrorKind::timeout, "look up " + host + ": no answer in time");
  if (*state->error) co_return fail(ErrorKind::network, "look up " + host + ": " + state->error->message());
  co_return std::move(state->addresses);
}

Task<Result<std::unique_ptr<Transport::Socket>>> connect_to(Executor executor, tcp::endpoint address) {
  auto socket = std::make_unique<Transport::Socket>(executor);
  const auto [error] = co_await socket->async_connect(address, asio::as_tuple(asio::use_awaitable));
  if (error) co_return fail(ErrorKind::network, error.message());
  error_code ignored;
  socket->set_option(tcp::no_delay(true), ignored);
  co_return socket;
}

/// Turns around which family comes first wherever both are there, so that a broken one costs one attempt.
void alternate_families(Addresses& addresses) {
  for (std::size_t i = 1; i < addresses.size(); ++i) {
    const bool previous_v4 = addresses[i - 1].address().is_v4();
    const auto next = std::find_if(addresses.begin() + static_cast<std::ptrdiff_t>(i), addresses.end(),
                                   [&](const auto& address) { return address.address().is_v4() != previous_v4; });
    if (next == addresses.end()) return;
    std::rotate(addresses.begin() + static_cast<std::ptrdiff_t>(i), next, next + 1);
  }
}

int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* slot = static_cast<TlsSession*>(SSL_get_app_data(ssl));
  if (slot == nullptr) return 0;
  slot->session.reset(session);
  return 1;  // the reference is ours now
}

bool is_issuer_missing(long verdict) {
  return verdict == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY || verdict == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
         verdict == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT || verdict == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

std::unexpected<Error> certificate_failure(const std::string& host, long verdict) {
  if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    return fail(ErrorKind::config, "certificate of " + host + " is for another name");
  }
  return fail(ErrorKind::config,
              "certificate of " + host + " is not trusted: " + X509_verify_cert_error_string(verdict),
              "name the file with the certificate authority in AWS_CA_BUNDLE");
}

}  // namespace

Task<Result<Transport::Socket>> Connector::dial(std::string host, std::uint16_t port, Deadline deadline) {
  ASSIGN_OR_CO_RETURN(Addresses addresses, co_await look_up(executor_, host, port, deadline));
  alternate_families(addresses);
  const std::string what = "connect to " + name_of(host, port);
  Error last{.kind = ErrorKind::network, .message = "the name has no address"};
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    // The time that is left is shared among the addresses that are left.
    const auto left = deadline - std::chrono::steady_clock::now();
    const auto share = deadline_in(left / static_cast<long>(addresses.size() - i));
    auto socket = co_await with_deadline(share, connect_to(executor_, addresses[i]), "timed out");
    if (socket) co_return std::move(**socket);
    last = std::move(socket).error();
  }
  if (last.kind == ErrorKind::timeout) last.message += " after " + seconds(options_.connect_timeout);
  last.message = what + ": " + last.message;
  co_return std::unexpected(std::move(last));
}

Task<Result<std::shared_ptr<ClientConnection>>> Connector::connect(const Endpoint& endpoint,
                                                                   std::shared_ptr<TlsSession> session) {
  auto connection = co_await connect_once(endpoint, session);
  if (connection || !std::exchange(issuer_missing_, false)) co_return connection;
  // Somebody may have added a certificate to the store's file alone: from now on that one counts.
  context_.reset();
  only_file_ = true;
  co_return co_await connect_once(endpoint, std::move(session));
}

Task<Result<std::shared_ptr<ClientConnection>>> Connector::connect_once(const Endpoint& endpoint,
                                                                        std::shared_ptr<TlsSession> session) {
  const Deadline deadline = deadline_in(options_.connect_timeout);
  const auto& host = endpoint.proxy ? endpoint.proxy->host : endpoint.host;
  const auto port = endpoint.proxy ? endpoint.proxy->port : endpoint.port;
  auto socket = co_await dial(host, port, deadline);
  if (!socket) {
    if (!endpoint.proxy) co_return std::unexpected(std::move(socket).error());
    co_return std::unexpected(wrap(std::move(socket).error(), "the proxy for " + endpoint.host + " does not answer"));
  }
  auto connection = std::make_shared<ClientConnection>(*std::move(socket), deadlines_, k_response_header_limit);
  if (endpoint.tls) {
    connection->tls_session = std::move(session);
    if (endpoint.proxy) CO_RETURN_IF_ERROR(co_await open_tunnel(*connection, endpoint, deadline));
    CO_RETURN_IF_ERROR(co_await start_tls(*connection, endpoint, deadline));
  }
  co_return connection;
}

/// CONNECT (RFC 9110, 9.3.6).
Task<Result<void>> Connector::open_tunnel(ClientConnection& connection, const Endpoint& endpoint, Deadline deadline) {
  const std::string proxy = "proxy " + name_of(endpoint.proxy->host, endpoint.proxy->port);
  const std::string target = name_of(endpoint.host, endpoint.port);
  std::string head = "CONNECT " + target + " HTTP/1.1\r\n";
  append_field(head, "Host", target);
  if (!endpoint.proxy->authorization.empty()) append_field(head, "Proxy-Authorization", endpoint.proxy->authorization);
  head += "\r\n";
  auto written = co_await connection.transport.write({head}, options_.connect_timeout);
  if (!written) co_return std::unexpected(wrap(std::move(written).error(), proxy));
  const auto read = co_await connection.stream.read_head(0, deadline, options_.connect_timeout);
  if (read.end == HeadEnd::nothing_in_time || read.end == HeadEnd::too_slow) {
    co_return fail(ErrorKind::timeout, proxy + ": no answer after " + seconds(options_.connect_timeout));
  }
  if (read.end != HeadEnd::ready) co_return fail(ErrorKind::network, proxy + ": no answer to CONNECT");
  const int status = connection.stream.head().status;
  if (status == 407) {
    co_return fail(ErrorKind::denied, proxy + " asks for a user and password",
                   "give them in HTTPS_PROXY: http://user:password@host:port");
  }
  if (status / 100 != 2) {
    co_return fail(status == 403 ? ErrorKind::denied : ErrorKind::unavailable,
                   proxy + " refuses to connect to " + target + ": status " + std::to_string(status));
  }
  if (!connection.stream.buffered().empty()) co_return fail(ErrorKind::protocol, proxy + " speaks before the server");
  co_return Result<void>{};
}

Result<SSL_CTX*> Connector::context() {
  if (!context_) {
    ClientTrust trust{
        .ca_file = options_.ca_file, .extra_ca_pem = options_.extra_ca_pem, .verify = options_.verify_peer};
    trusts_folder_ = false;
    if (trust.ca_file.empty() && trust.verify) {
      TrustStore store = default_trust_store();
      trusts_folder_ = !store.hashed_folder.empty() && !only_file_;
      (trusts_folder_ ? trust.hashed_folder : trust.ca_file) =
          std::move(trusts_folder_ ? store.hashed_folder : store.file);
    }
    ASSIGN_OR_RETURN(context_, make_client_context(trust));
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context_.get(), keep_session);
  }
  return context_.get();
}

Task<Result<void>> Connector::start_tls(ClientConnection& connection, const Endpoint& endpoint, Deadline deadline) {
  ASSIGN_OR_CO_RETURN(SSL_CTX * tls, context());
  CO_RETURN_IF_ERROR(connection.transport.begin_tls(tls, false));
  SSL* ssl = connection.transport.ssl();
  error_code not_an_address;
  static_cast<void>(asio::ip::make_address(endpoint.host, not_an_address));
  X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl);
  if (!not_an_address) {
    X509_VERIFY_PARAM_set1_ip_asc(parameters, endpoint.host.c_str());
  } else {
    std::string name = endpoint.host;
    if (name.ends_with('.')) name.pop_back();
    SSL_set_tlsext_host_name(ssl, name.c_str());
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size());
  }
  SSL_set_app_data(ssl, connection.tls_session.get());
  if (connection.tls_session && connection.tls_session->session) {
    SSL_set_session(ssl, connection.tls_session->session.get());
  }
  auto done = co_await connection.transport.handshake(deadline);
  if (done) co_return Result<void>{};
  const long verdict = SSL_get_verify_result(ssl);
  if (options_.verify_peer && verdict != X509_V_OK) {
    issuer_missing_ = trusts_folder_ && is_issuer_missing(verdict);
    co_return certificate_failure(endpoint.host, verdict);
  }
  Error error = std::move(done).error();
  error.message =
      name_of(endpoint.host, endpoint.port) + ": " +
      (error.kind == ErrorKind::timeout ? "TLS handshake timed out after " + seconds(options_.connect_timeout)
                                        : error.message);
  co_return std::unexpected(std::move(error));
}

}  // namespace sortie::http
