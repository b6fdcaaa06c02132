#include "http/proxy.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "http/loopback_test.h"
#include "http/tls.h"

namespace sortie::http {
namespace {

struct NoProxyCase {
  const char* list;
  const char* host;
  std::uint16_t port;
  bool bypassed;
};

TEST(NoProxy, Table) {
  for (const auto& [list, host, port, bypassed] : {
           NoProxyCase{"", "example.com", 80, false},
           NoProxyCase{"*", "example.com", 80, true},
           NoProxyCase{"example.com", "example.com", 80, true},
           NoProxyCase{"example.com", "EXAMPLE.com.", 80, true},
           NoProxyCase{"example.com", "sub.example.com", 80, true},
           NoProxyCase{"example.com", "badexample.com", 80, false},
           NoProxyCase{".example.com", "sub.example.com", 80, true},
           NoProxyCase{".example.com", "example.com", 80, false},
           NoProxyCase{"*.example.com", "sub.example.com", 80, true},
           NoProxyCase{"a.com, example.com ,b.com", "example.com", 80, true},
           NoProxyCase{"example.com:443", "example.com", 443, true},
           NoProxyCase{"example.com:443", "example.com", 80, false},
           NoProxyCase{"169.254.169.254", "169.254.169.254", 80, true},
           NoProxyCase{"10.0.0.0/8", "10.1.2.3", 80, true},
           NoProxyCase{"10.0.0.0/8", "11.1.2.3", 80, false},
           NoProxyCase{"10.0.0.0/33", "10.1.2.3", 80, false},
           NoProxyCase{"192.168.1.0/25", "192.168.1.127", 80, true},
           NoProxyCase{"192.168.1.0/25", "192.168.1.128", 80, false},
           NoProxyCase{"0.0.0.0/0", "8.8.8.8", 80, true},
           NoProxyCase{"10.0.0.0/8", "10.example.com", 80, false},
           NoProxyCase{"fd00::/8", "fd12::1", 80, true},
           NoProxyCase{"fd00::/8", "fe80::1", 80, false},
           NoProxyCase{"[fd12::1]:443", "fd12::1", 443, true},
           NoProxyCase{"10.0.0.1", "::ffff:10.0.0.1", 80, true},
           NoProxyCase{"", "localhost", 80, true},
           NoProxyCase{"", "bucket.localhost", 80, true},
           NoProxyCase{"", "127.0.0.53", 80, true},
           NoProxyCase{"", "::1", 80, true},
           NoProxyCase{",,", "example.com", 80, false},
       }) {
    EXPECT_EQ(bypasses_proxy(list, host, port), bypassed) << list << " | " << host << " " << port;
  }
}

TEST(Proxy, UrlIsTakenApart) {
  const auto proxy = parse_proxy("http://user:p%40ss@proxy.example:3128/").value();
  EXPECT_EQ(proxy.host, "proxy.example");
  EXPECT_EQ(proxy.port, 3128);
  EXPECT_EQ(proxy.authorization, "Basic dXNlcjpwQHNz");
  EXPECT_EQ(parse_proxy("proxy:1").value().port, 1);
  EXPECT_EQ(parse_proxy("http://[::1]:3128").value().host, "::1");
  EXPECT_EQ(parse_proxy("http://proxy").value().authorization, "");
  EXPECT_EQ(parse_proxy("socks5://proxy:1").error().kind, ErrorKind::config);
  const auto bad = parse_proxy("http://user:secret@proxy:port");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message.find("secret"), std::string::npos);
}

TEST(Proxy, SettingsComeFromTheEnvironment) {
  const auto settings =
      proxy_settings_from({{"HTTP_PROXY", "a"}, {"https_proxy", "b"}, {"HTTPS_PROXY", "c"}, {"NO_PROXY", "d"}});
  EXPECT_EQ(settings.http_proxy, "a");
  EXPECT_EQ(settings.https_proxy, "b");
  EXPECT_EQ(settings.no_proxy, "d");
  EXPECT_EQ(proxy_settings_from({{"HTTP_PROXY", "evil"}, {"REQUEST_METHOD", "GET"}}).http_proxy, "");
}

/// A CONNECT proxy that takes every name for 127.0.0.1 and remembers the requests.
class ProxyTest : public Loopback {
 protected:
  std::string start_proxy(std::string refusal = {}) {
    acceptor.emplace(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    asio::co_spawn(io, accept(*acceptor, std::move(refusal), heads), asio::detached);
    return "http://user:secret@127.0.0.1:" + std::to_string(acceptor->local_endpoint().port());
  }

  static Task<void> accept(tcp::acceptor& from, std::string refusal, std::vector<std::string>& heads) {
    for (;;) {
      auto socket = co_await from.async_accept(asio::use_awaitable);
      asio::co_spawn(from.get_executor(), tunnel(std::move(socket), refusal, heads), asio::detached);
    }
  }

  static Task<void> tunnel(tcp::socket near, std::string refusal, std::vector<std::string>& heads) {
    std::string head;
    co_await asio::async_read_until(near, asio::dynamic_buffer(head), "\r\n\r\n", asio::use_awaitable);
    heads.push_back(head);
    if (!refusal.empty()) {
      co_await asio::async_write(near, asio::buffer(refusal), asio::use_awaitable);
      co_return;
    }
    const auto colon = head.find(':');
    tcp::socket far(near.get_executor());
    co_await far.async_connect(
        {asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(std::stoi(head.substr(colon + 1)))},
        asio::use_awaitable);
    const std::string_view ok = "HTTP/1.1 200 Connected\r\n\r\n";
    co_await asio::async_write(near, asio::buffer(ok), asio::use_awaitable);
    using namespace asio::experimental::awaitable_operators;
    co_await (copy(near, far) || copy(far, near));
  }

  static Task<void> copy(tcp::socket& from, tcp::socket& to) {
    std::array<char, 4096> buffer{};
    for (;;) {
      boost::system::error_code ended;
      const auto count =
          co_await from.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, ended));
      if (ended) co_return;
      co_await asio::async_write(to, asio::buffer(buffer, count), asio::use_awaitable);
    }
  }

  std::optional<tcp::acceptor> acceptor;
  std::vector<std::string> heads;
};

TEST_F(ProxyTest, HttpsGoesThroughATunnel) {
  const auto authority = CertificateAuthority::create().value();
  ScriptedService secure([](Request request) { return answer_with({.body = request.scheme + " " + request.host}); });
  Server tls_server(io.get_executor());
  const auto port = tls_server.listen_tls("127.0.0.1", 0, secure, *authority).value();
  ClientOptions options;
  options.proxy.https_proxy = start_proxy();
  options.extra_ca_pem = authority->ca_pem();
  auto request = request_to(port);
  request.scheme = "https";
  request.host = "lambda.us-east-1.amazonaws.com";
  auto response = run(client(options).handle(std::move(request)));
  ASSERT_TRUE(response) << describe(response.error());
  EXPECT_EQ(run(response->body.read_all(100)), "https lambda.us-east-1.amazonaws.com");
  ASSERT_EQ(heads.size(), 1U);
  EXPECT_TRUE(heads[0].starts_with("CONNECT lambda.us-east-1.amazonaws.com:" + std::to_string(port) + " HTTP/1.1\r\n"));
  EXPECT_NE(heads[0].find("Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n"), std::string::npos);
}

TEST_F(ProxyTest, HttpIsSentInAbsoluteForm) {
  ClientOptions options;
  options.proxy.http_proxy = start_proxy("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  auto request = request_to(80);
  request.host = "example.com";
  request.path = "/p";
  request.query = "q=1";
  ASSERT_TRUE(run(client(options).handle(std::move(request))));
  ASSERT_EQ(heads.size(), 1U);
  EXPECT_TRUE(heads[0].starts_with("GET http://example.com/p?q=1 HTTP/1.1\r\nHost: example.com\r\n"));
  EXPECT_NE(heads[0].find("Proxy-Authorization: Basic "), std::string::npos);
}

TEST_F(ProxyTest, RefusalsAreTold) {
  ClientOptions options;
  auto request = [&] {
    auto made = request_to(443);
    made.scheme = "https";
    made.host = "example.com";
    return made;
  };
  options.proxy.https_proxy = start_proxy("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
  const auto unauthorized = run(client(options).handle(request()));
  ASSERT_FALSE(unauthorized);
  EXPECT_EQ(unauthorized.error().kind, ErrorKind::denied);
  EXPECT_TRUE(unauthorized.error().message.ends_with("asks for a user and password"));
  options.proxy.https_proxy = start_proxy("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  const auto unavailable = run(client(options).handle(request()));
  ASSERT_FALSE(unavailable);
  EXPECT_EQ(unavailable.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(unavailable.error().message.ends_with("refuses to connect to example.com:443: status 502"));
}

TEST_F(ProxyTest, LoopbackGoesPastTheProxy) {
  const auto port = serve([](Request) { return answer_with({.body = "direct"}); });
  ClientOptions options;
  options.proxy.http_proxy = start_proxy();
  auto response = run(client(options).handle(request_to(port))).value();
  EXPECT_EQ(run(response.body.read_all(100)), "direct");
  EXPECT_TRUE(heads.empty());
}

}  // namespace
}  // namespace sortie::http
