#include "http/tls.h"

#include "http/loopback_test.h"

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

}  // namespace
}  // namespace sortie::http
