#include "http/client.h"

#include "http/loopback_test.h"
#include "http/pipe.h"

namespace sortie::http {
namespace {

class ClientTest : public Loopback {
 protected:
  /// Accepts connections one after the other; each gets the next of `answers` once a request's header has come,
  /// and is then closed.
  std::uint16_t serve_raw(std::vector<std::string> answers) {
    acceptor.emplace(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    asio::co_spawn(io, accept_raw(*acceptor, std::move(answers), connections), asio::detached);
    return acceptor->local_endpoint().port();
  }

  static Task<void> accept_raw(tcp::acceptor& from, std::vector<std::string> answers, int& count) {
    for (const std::string& answer : answers) {
      auto socket = co_await from.async_accept(asio::use_awaitable);
      ++count;
      std::string head;
      co_await asio::async_read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n", asio::use_awaitable);
      co_await asio::async_write(socket, asio::buffer(answer), asio::use_awaitable);
      // An orderly end: closing over unread bytes would reset what was just written.
      socket.shutdown(tcp::socket::shutdown_send);
      boost::system::error_code ended;
      co_await asio::async_read(socket, asio::dynamic_buffer(head), asio::redirect_error(asio::use_awaitable, ended));
    }
  }

  Result<std::string> body_of(Result<Response> response) {
    if (!response) return std::unexpected(response.error());
    return run(response->body.read_all(1 << 30));
  }

  std::optional<tcp::acceptor> acceptor;
  int connections = 0;
};

/// `size` bytes of a pattern, without a known length unless told.
class Pattern final : public BodySource {
 public:
  Pattern(std::size_t size, bool known) : left_(size), size_(size), known_(known) {}
  Task<Result<std::size_t>> read(std::span<char> buffer) override {
    const std::size_t count = std::min(buffer.size(), left_);
    for (std::size_t i = 0; i < count; ++i) buffer[i] = static_cast<char>('a' + (size_ - left_ + i) % 23);
    left_ -= count;
    co_return count;
  }
  [[nodiscard]] std::optional<std::uint64_t> length() const override {
    return known_ ? std::optional<std::uint64_t>(size_) : std::nullopt;
  }
  static std::string text(std::size_t size) {
    std::string all(size, '\0');
    for (std::size_t i = 0; i < size; ++i) all[i] = static_cast<char>('a' + i % 23);
    return all;
  }

 private:
  std::size_t left_;
  std::size_t size_;
  bool known_;
};

TEST_F(ClientTest, KeepsTheConnection) {
  const auto port = serve_raw({"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"});
  Client& http = client();
  EXPECT_EQ(body_of(run(http.handle(request_to(port)))), "ok");
  EXPECT_EQ(connections, 1);
}

TEST_F(ClientTest, ReusesAConnectionForOneRequestAfterTheOther) {
  const auto port = serve([](Request request) { return echo(std::move(request)); }, {.connections = 1});
  Client& http = client();
  // The server takes one connection at a time: a second one would wait for ever.
  for (const std::string text : {"one", "two", "three"}) {
    EXPECT_EQ(body_of(run(http.handle(request_to(port, "POST", text)))), text);
  }
}

TEST_F(ClientTest, WaitsForAConnectionPastTheLimitPerHost) {
  int at_once = 0;
  int most = 0;
  const auto port = serve([&](Request) -> Task<Result<Response>> {
    most = std::max(most, ++at_once);
    asio::steady_timer turn(co_await asio::this_coro::executor, std::chrono::milliseconds(1));
    co_await turn.async_wait(asio::use_awaitable);
    --at_once;
    co_return Response{.body = "x"};
  });
  Client& http = client({.max_connections_per_host = 3});
  int done = 0;
  for (int i = 0; i < 20; ++i) {
    asio::co_spawn(io, http.handle(request_to(port)), [&](const std::exception_ptr&, Result<Response> response) {
      if (response && response->status == 200) ++done;
    });
  }
  EXPECT_TRUE(run_until([&] { return done == 20; }));
  EXPECT_EQ(most, 3);
}

TEST_F(ClientTest, StreamsBothWays) {
  constexpr std::size_t size = 3 * 1024 * 1024 + 17;
  const auto port =
      serve([](Request request) -> Task<Result<Response>> { co_return Response{.body = std::move(request.body)}; });
  for (const bool known : {true, false}) {
    auto response = run(client().handle(request_to(port, "PUT", Body(std::make_unique<Pattern>(size, known)))));
    ASSERT_TRUE(response) << describe(response.error());
    EXPECT_EQ(response->headers.contains("Content-Length"), known);
    EXPECT_EQ(body_of(std::move(response)), Pattern::text(size));
  }
}

TEST_F(ClientTest, SendsALargeBodyFromMemory) {
  const std::string large = Pattern::text(20 * 1024 * 1024);
  const auto port = serve([](Request request) { return echo(std::move(request)); });
  EXPECT_EQ(body_of(run(client().handle(request_to(port, "PUT", large)))), large);
}

TEST_F(ClientTest, SkipsInterimResponses) {
  const auto port =
      serve_raw({"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                 "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"});
  const auto response = run(client().handle(request_to(port))).value();
  EXPECT_EQ(response.status, 201);
  EXPECT_FALSE(response.headers.contains("Link"));
}

TEST_F(ClientTest, WaitsForContinueWhenTheRequestSaysSo) {
  const auto port = serve([](Request request) -> Task<Result<Response>> {
    if (request.path == "/refuse") co_return Response{.status = 403, .body = "no"};
    co_return co_await echo(std::move(request));
  });
  Client& http = client();
  auto request = request_to(port, "PUT", "body");
  request.headers.set("Expect", "100-continue");
  EXPECT_EQ(body_of(run(http.handle(std::move(request)))), "body");
  auto refused = request_to(port, "PUT", Body(std::make_unique<Pattern>(1 << 30, true)));
  refused.path = "/refuse";
  refused.headers.set("Expect", "100-continue");
  EXPECT_EQ(body_of(run(http.handle(std::move(refused)))), "no");
}

TEST_F(ClientTest, SeesAnEarlyRefusalOfAnUpload) {
  const auto port = serve([](Request) { return answer_with({.status = 403, .body = "denied"}); });
  auto response = run(client().handle(request_to(port, "PUT", Body(std::make_unique<Pattern>(1 << 30, true)))));
  ASSERT_TRUE(response) << describe(response.error());
  EXPECT_EQ(response->status, 403);
  EXPECT_EQ(body_of(std::move(response)), "denied");
}

TEST_F(ClientTest, AFailingRequestBodyIsTheError) {
  const auto port = serve([](Request request) { return echo(std::move(request)); });
  auto pipe = make_pipe(io.get_executor());
  pipe.writer.fail({.kind = ErrorKind::internal, .message = "no such file"});
  const auto response = run(client().handle(request_to(port, "PUT", std::move(pipe.reader))));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().message, "no such file");
}

TEST_F(ClientTest, HeadHasNoBodyWhateverTheLengthSays) {
  const auto port =
      serve([](Request) { return answer_with({.headers = {{"Content-Length", "1000"}}}); }, {.connections = 1});
  Client& http = client();
  for (int i = 0; i < 2; ++i) {
    auto response = run(http.handle(request_to(port, "HEAD")));
    EXPECT_EQ(response->headers.get("Content-Length"), "1000");
    EXPECT_EQ(body_of(std::move(response)), "");
  }
}

TEST_F(ClientTest, ATruncatedBodyIsAnError) {
  for (const char* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhalf"}) {
    const auto body = body_of(run(client().handle(request_to(serve_raw({answer})))));
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().kind, ErrorKind::network);
    EXPECT_EQ(body.error().message, "connection closed before the end of the body");
  }
}

TEST_F(ClientTest, TheEndOfTheConnectionEndsABodyWithoutLength) {
  const auto port = serve_raw({"HTTP/1.0 200 OK\r\n\r\nuntil the end"});
  EXPECT_EQ(body_of(run(client().handle(request_to(port)))), "until the end");
}

TEST_F(ClientTest, SendsOnceMoreWhenAKeptConnectionTurnsOutDead) {
  // The first answer promises a connection that is closed behind it.
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n";
  const auto port = serve_raw({answer + "1", answer + "2", answer + "3"});
  Client& http = client();
  EXPECT_EQ(body_of(run(http.handle(request_to(port)))), "1");
  EXPECT_EQ(body_of(run(http.handle(request_to(port, "POST", "x")))), "2");
  EXPECT_EQ(connections, 2);
}

TEST_F(ClientTest, ANewConnectionThatDiesIsNotTriedAgain) {
  const auto port = serve_raw({"", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"});
  const auto response = run(client().handle(request_to(port)));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::network);
  EXPECT_EQ(response.error().message, "127.0.0.1: connection closed before the response");
  EXPECT_EQ(connections, 1);
}

TEST_F(ClientTest, SaysWhatCouldNotBeConnected) {
  std::uint16_t port = 0;
  {
    const tcp::acceptor closed(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    port = closed.local_endpoint().port();
  }
  const auto response = run(client().handle(request_to(port)));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::network);
  EXPECT_EQ(response.error().message, "connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused");
}

TEST_F(ClientTest, NamesUnderLocalhostAreLoopback) {
  const auto port = serve([](Request request) { return answer_with({.body = request.host}); });
  auto request = request_to(port);
  request.host = "bucket.s3.localhost";
  EXPECT_EQ(body_of(run(client().handle(std::move(request)))), "bucket.s3.localhost");
}

TEST_F(ClientTest, GivesUpOnAResponseThatDoesNotCome) {
  const auto port = serve([](Request) -> Task<Result<Response>> {
    asio::steady_timer never(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    co_await never.async_wait(asio::use_awaitable);
    co_return Response{};
  });
  const auto response = run(client({.response_timeout = std::chrono::milliseconds(5)}).handle(request_to(port)));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::timeout);
  EXPECT_EQ(response.error().message, "127.0.0.1: no response after 5 ms");
}

TEST_F(ClientTest, RefusesToSendSmuggledCharacters) {
  const auto port = serve([](Request) { return answer_with({}); });
  const auto refused = [&](const std::function<void(Request&)>& spoil) {
    auto request = request_to(port);
    spoil(request);
    const auto response = run(client().handle(std::move(request)));
    return !response && response.error().kind == ErrorKind::usage;
  };
  EXPECT_TRUE(refused([](Request& r) { r.headers.add("X", "a\r\nY: b"); }));
  EXPECT_TRUE(refused([](Request& r) { r.headers.add("X y", "a"); }));
  EXPECT_TRUE(refused([](Request& r) { r.path = "/ HTTP/1.1\r\nHost: evil"; }));
  EXPECT_TRUE(refused([](Request& r) { r.query = "a b"; }));
  EXPECT_TRUE(refused([](Request& r) { r.method = "GET /"; }));
  EXPECT_TRUE(refused([](Request& r) { r.host = "a\r\nb"; }));
  EXPECT_TRUE(refused([](Request& r) { r.host = "user@host"; }));
  EXPECT_EQ(service->calls, 0);
}

TEST_F(ClientTest, CancellingARequestClosesItsConnection) {
  bool cancelled = false;
  const auto port = serve([&](Request) -> Task<Result<Response>> {
    struct Traced {
      bool& flag;
      ~Traced() { flag = true; }
    } const traced{cancelled};
    asio::steady_timer never(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    co_await never.async_wait(asio::use_awaitable);
    co_return Response{};
  });
  Client& http = client();
  const auto response =
      run(with_deadline(deadline_in(std::chrono::milliseconds(20)), http.handle(request_to(port)), "late"));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::timeout);
  EXPECT_TRUE(run_until([&] { return cancelled; }));
}

}  // namespace
}  // namespace sortie::http
