#include "http/tls.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "http/connector.h"
#include "http/loopback_test.h"
#include "http/transport.h"

namespace sortie::http {
namespace {

class TlsTest : public Loopback {
 protected:
  std::uint16_t serve_tls(CertificateAuthority& authority, const std::string& address = "127.0.0.1") {
    service = std::make_unique<ScriptedService>([](Request request) { return echo(std::move(request)); });
    server = std::make_unique<Server>(io.get_executor());
    return server->listen_tls(address, 0, *service, authority).value();
  }

  static Request secure_request(std::uint16_t port, std::string host, Body body = {}) {
    auto request = request_to(port, "POST", std::move(body));
    request.scheme = "https";
    request.host = std::move(host);
    return request;
  }

  std::unique_ptr<CertificateAuthority> authority = CertificateAuthority::create().value();
};

TEST_F(TlsTest, AnyNameIsAnsweredWithItsCertificate) {
  const auto port = serve_tls(*authority);
  Client& http = client({.extra_ca_pem = authority->ca_pem()});
  for (const std::string host : {"localhost", "127.0.0.1", "s3.us-east-1.amazonaws.localhost", "a.b.localhost"}) {
    auto response = run(http.handle(secure_request(port, host, "hi")));
    ASSERT_TRUE(response) << host << ": " << describe(response.error());
    EXPECT_EQ(run(response->body.read_all(10)), "hi");
  }
}

TEST_F(TlsTest, LargeBodiesTravelBothWays) {
  const auto port = serve_tls(*authority);
  const std::string large(5'000'000, 'x');
  auto response = run(client({.extra_ca_pem = authority->ca_pem()}).handle(secure_request(port, "localhost", large)));
  ASSERT_TRUE(response) << describe(response.error());
  EXPECT_EQ(run(response->body.read_all(10'000'000)), large);
}

TEST_F(TlsTest, AnotherAuthorityIsNotTrusted) {
  const auto port = serve_tls(*authority);
  const auto other = CertificateAuthority::create().value();
  const auto response = run(client({.extra_ca_pem = other->ca_pem()}).handle(secure_request(port, "localhost")));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::config);
  EXPECT_TRUE(response.error().message.starts_with("certificate of localhost is not trusted: "))
      << response.error().message;
  EXPECT_EQ(service->calls, 0);
}

TEST_F(TlsTest, VerificationCanBeTurnedOff) {
  const auto port = serve_tls(*authority);
  EXPECT_TRUE(run(client({.verify_peer = false}).handle(secure_request(port, "localhost"))));
}

TEST_F(TlsTest, APlainServerIsToldApart) {
  const auto port = serve([](Request request) { return echo(std::move(request)); });
  const auto response = run(client({.verify_peer = false}).handle(secure_request(port, "localhost")));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::network);
  EXPECT_TRUE(response.error().message.starts_with("localhost:" + std::to_string(port) + ": TLS handshake: "))
      << response.error().message;
}

TEST_F(TlsTest, AKeptAuthoritySignsOn) {
  const auto again = CertificateAuthority::load(authority->certificate()).value();
  EXPECT_EQ(again->ca_pem(), authority->ca_pem());
  const auto port = serve_tls(*again);
  EXPECT_TRUE(run(client({.extra_ca_pem = authority->ca_pem()}).handle(secure_request(port, "localhost"))));
}

TEST_F(TlsTest, LoadSaysWhatIsWrong) {
  const auto other = CertificateAuthority::create().value();
  auto mixed = authority->certificate();
  mixed.key_pem = other->certificate().key_pem;
  EXPECT_EQ(CertificateAuthority::load(mixed).error().message,
            "the certificate authority's key does not belong to its certificate");
  EXPECT_EQ(CertificateAuthority::load({"x", "y"}).error().kind, ErrorKind::config);
}

TEST_F(TlsTest, AMissingTrustFileIsNamed) {
  const auto port = serve_tls(*authority);
  const auto response = run(client({.ca_file = "/nonexistent/ca.pem"}).handle(secure_request(port, "localhost")));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().message, "no certificates could be read from /nonexistent/ca.pem");
}

/// A server with one self-signed certificate, for `other.example`, whoever is asked for.
struct WrongServer {
  WrongServer() : key(EVP_EC_gen("P-256")), certificate(X509_new()), context(SSL_CTX_new(TLS_server_method())) {
    X509_set_version(certificate, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("other.example"), -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_sign(certificate, key, EVP_sha256());
    SSL_CTX_use_certificate(context, certificate);
    SSL_CTX_use_PrivateKey(context, key);
  }
  WrongServer(const WrongServer&) = delete;
  WrongServer& operator=(const WrongServer&) = delete;
  ~WrongServer() {
    SSL_CTX_free(context);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  [[nodiscard]] std::string pem() const {
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(memory, certificate);
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(memory);
    return text;
  }
  static Task<void> accept(asio::ip::tcp::acceptor& acceptor, SSL_CTX* context) {
    const auto deadlines = std::make_shared<Deadlines>(acceptor.get_executor());
    Transport transport(co_await acceptor.async_accept(asio::use_awaitable), *deadlines);
    static_cast<void>(transport.begin_tls(context, true));
    static_cast<void>(co_await transport.handshake(k_no_deadline));
  }

  EVP_PKEY* key;
  X509* certificate;
  SSL_CTX* context;
};

TEST_F(TlsTest, ACertificateForAnotherNameIsRefused) {
  const WrongServer wrong;
  tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  asio::co_spawn(io, WrongServer::accept(acceptor, wrong.context), asio::detached);
  const auto response =
      run(client({.extra_ca_pem = wrong.pem()}).handle(secure_request(acceptor.local_endpoint().port(), "localhost")));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::config);
  EXPECT_EQ(response.error().message, "certificate of localhost is for another name");
}

TEST_F(TlsTest, ConnectingAgainResumesTheSession) {
  const auto port = serve_tls(*authority);
  const ClientOptions options{.extra_ca_pem = authority->ca_pem()};
  const auto deadlines = std::make_shared<Deadlines>(io.get_executor());
  Connector connector(io.get_executor(), deadlines, options);
  const Endpoint endpoint{.tls = true, .host = "localhost", .port = port};
  const auto session = std::make_shared<TlsSession>();

  const auto first = run(connector.connect(endpoint, session)).value();
  EXPECT_EQ(SSL_session_reused(first->transport.ssl()), 0);
  // The ticket comes with the first bytes that are read after the handshake.
  ASSERT_TRUE(run(first->transport.write({"GET / HTTP/1.1\r\nHost: a\r\n\r\n"}, std::chrono::seconds(1))));
  std::array<char, 1024> answer{};
  ASSERT_TRUE(run(first->transport.read_some(answer, k_no_deadline)));
  ASSERT_TRUE(session->session);

  const auto second = run(connector.connect(endpoint, session)).value();
  EXPECT_EQ(SSL_session_reused(second->transport.ssl()), 1);
}

TEST_F(TlsTest, AConnectionClosedInMidHandshakeIsANetworkError) {
  tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  asio::co_spawn(
      io,
      [](tcp::acceptor& from) -> Task<void> {
        const auto closed_at_once = co_await from.async_accept(asio::use_awaitable);
      }(acceptor),
      asio::detached);
  const auto response = run(client({.extra_ca_pem = authority->ca_pem()})
                                .handle(secure_request(acceptor.local_endpoint().port(), "localhost")));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::network);
}

}  // namespace
}  // namespace sortie::http
