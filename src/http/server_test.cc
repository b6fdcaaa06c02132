#include "http/server.h"

#include "http/loopback_test.h"
#include "http/pipe.h"

namespace sortie::http {
namespace {

using ::testing::Test;

class ServerTest : public Loopback {
 protected:
  /// Runs what is ready, and waits for nothing.
  void settle() {
    io.restart();
    while (io.poll_one() > 0) {
    }
  }
};

const std::string k_get = "GET / HTTP/1.1\r\nHost: a\r\n";

int status_of(const std::string& answer) {
  return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3));
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_F(ServerTest, HandsTheRequestOverAsReceived) {
  Request seen;
  const auto port = serve([&](Request request) {
    seen = std::move(request);
    return answer_with({});
  });
  raw(port, "GET /a%20b?x=%2F&y HTTP/1.1\r\nHost: bucket.example:81\r\nX-Two:  v \r\nConnection: close\r\n\r\n");
  EXPECT_EQ(seen.method, "GET");
  EXPECT_EQ(seen.scheme, "http");
  EXPECT_EQ(seen.host, "bucket.example");
  EXPECT_EQ(seen.port, 81);
  EXPECT_EQ(seen.path, "/a%20b");
  EXPECT_EQ(seen.query, "x=%2F&y");
  EXPECT_EQ(seen.headers.get("x-two"), "v");
  EXPECT_EQ(seen.headers.get("Host"), "bucket.example:81");
  EXPECT_EQ(seen.peer_address, "127.0.0.1");
}

TEST_F(ServerTest, AbsoluteTargetReplacesTheHost) {
  Request seen;
  const auto port = serve([&](Request request) {
    seen = std::move(request);
    return answer_with({});
  });
  raw(port, "GET http://other:8080/p?q HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(seen.host, "other");
  EXPECT_EQ(seen.port, 8080);
  EXPECT_EQ(seen.path, "/p");
  EXPECT_EQ(seen.query, "q");
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  const auto port = serve([](Request request) { return answer_with({.body = request.path}); });
  const auto answers = raw(port,
                           "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
                           "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(service->calls, 3);
  EXPECT_LT(answers.find("/1"), answers.find("/2"));
  EXPECT_LT(answers.find("/2"), answers.find("/3"));
  EXPECT_TRUE(answers.ends_with("/3"));
}

TEST_F(ServerTest, UnreadBodyDoesNotBecomeTheNextRequest) {
  const auto port = serve([](Request request) { return answer_with({.body = request.path}); });
  const auto answers = raw(port,
                           "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 26\r\n\r\nGET /evil HTTP/1.1\r\nA: b\r\n\r\n"
                           "GET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(service->calls, 2);
  EXPECT_FALSE(contains(answers, "/evil"));
  EXPECT_TRUE(answers.ends_with("/2"));
}

TEST_F(ServerTest, DecodesChunksAndDropsTrailers) {
  std::string body;
  Headers headers;
  const auto port = serve([&](Request request) -> Task<Result<Response>> {
    headers = request.headers;
    body = (co_await request.body.read_all(100)).value();
    co_return Response{};
  });
  raw(port, k_get +
                "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                "3;name=value\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Trailer: t\r\n\r\n");
  EXPECT_EQ(body, "abc0123456789");
  EXPECT_FALSE(headers.contains("X-Trailer"));
}

struct Malformed {
  const char* name;
  std::string request;
  int status;
  friend std::ostream& operator<<(std::ostream& out, const Malformed& one) { return out << one.name; }
};

class Refuses : public Loopback, public ::testing::WithParamInterface<Malformed> {};

TEST_P(Refuses, WithoutCallingTheService) {
  const auto port = serve([](Request request) { return echo(std::move(request)); });
  EXPECT_EQ(status_of(raw(port, GetParam().request)), GetParam().status);
  EXPECT_EQ(service->calls, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Requests, Refuses,
    ::testing::Values(
        Malformed{"Garbage", "hello\r\n\r\n", 400},
        Malformed{"TlsHello", std::string("\x16\x03\x01\x02\x00\x01\r\n", 8), 400},
        Malformed{"LengthAndChunked", k_get + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        Malformed{"ChunkedAndLength", k_get + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
        Malformed{"TwoLengths", k_get + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
        Malformed{"SameLengthTwice", k_get + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
        Malformed{"LengthList", k_get + "Content-Length: 3, 3\r\n\r\nabc", 400},
        Malformed{"NegativeLength", k_get + "Content-Length: -1\r\n\r\n", 400},
        Malformed{"PlusLength", k_get + "Content-Length: +3\r\n\r\nabc", 400},
        Malformed{"HugeLength", k_get + "Content-Length: 99999999999999999999999\r\n\r\n", 400},
        Malformed{"UnknownCoding", k_get + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
        Malformed{"NotChunkedLast", k_get + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400},
        Malformed{"ObscuredCoding", k_get + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
        Malformed{"ChunkedInHttp10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        Malformed{"SpaceBeforeColon", k_get + "Content-Length : 3\r\n\r\nabc", 400},
        Malformed{"BareLineFeed", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
        Malformed{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400}, Malformed{"TwoHosts", k_get + "Host: b\r\n\r\n", 400},
        Malformed{"BadHost", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
        Malformed{"NulInValue", k_get + std::string("X: a\0b\r\n\r\n", 10), 400},
        Malformed{"RelativePath", "GET index.html HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Malformed{"Connect", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405},
        Malformed{"Version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        Malformed{"Expectation", k_get + "Expect: a-pony\r\nContent-Length: 1\r\n\r\na", 417}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(ServerTest, RefusesABadChunkWhateverTheServiceSays) {
  const auto port = serve([](Request request) -> Task<Result<Response>> {
    static_cast<void>(co_await request.body.read_all(100));
    co_return Response{.body = "fine"};
  });
  for (const char* body : {"zz\r\nabc\r\n0\r\n\r\n", "-1\r\na\r\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n",
                           "3\nabc\r\n0\r\n\r\n", "fffffffffffffffff\r\na\r\n", "0x3\r\nabc\r\n0\r\n\r\n"}) {
    EXPECT_EQ(status_of(raw(port, k_get + "Transfer-Encoding: chunked\r\n\r\n" + body)), 400) << body;
  }
}

TEST_F(ServerTest, KeepsToItsLimits) {
  const auto port =
      serve([](Request request) { return echo(std::move(request)); }, {.header_bytes = 1000, .body_bytes = 50});
  EXPECT_EQ(status_of(raw(port, k_get + "X: " + std::string(2000, 'x') + "\r\n\r\n")), 431);
  EXPECT_EQ(status_of(raw(port, "GET /" + std::string(2000, 'x') + " HTTP/1.1\r\n")), 431);
  std::string many = k_get;
  for (int i = 0; i < 100; ++i) many += "X-Field-" + std::to_string(i) + ": value\r\n";
  EXPECT_EQ(status_of(raw(port, many + "\r\n")), 431);
  EXPECT_EQ(status_of(raw(port, k_get + "Content-Length: 51\r\n\r\n")), 413);
  EXPECT_EQ(service->calls, 0);
  EXPECT_EQ(status_of(raw(port, k_get + "Transfer-Encoding: chunked\r\n\r\n33\r\n" + std::string(51, 'x'))), 413);
}

TEST_F(ServerTest, EndlessChunkExtensionIsRefused) {
  const auto port = serve([](Request request) { return echo(std::move(request)); });
  EXPECT_EQ(status_of(raw(port, k_get + "Transfer-Encoding: chunked\r\n\r\n3;" + std::string(100'000, 'x'))), 400);
}

TEST_F(ServerTest, GivesUpOnASlowHeaderAndASlowBody) {
  const auto port = serve([](Request request) { return echo(std::move(request)); },
                          {.header_timeout = std::chrono::seconds(0), .io_timeout = std::chrono::seconds(0)});
  EXPECT_EQ(status_of(raw(port, "GET / HT")), 408);
  EXPECT_EQ(status_of(raw(port, k_get + "Content-Length: 10\r\n\r\nabc")), 408);
}

TEST_F(ServerTest, ClosesAnIdleConnectionSilently) {
  const auto port =
      serve([](Request request) { return echo(std::move(request)); }, {.idle_timeout = std::chrono::seconds(0)});
  EXPECT_EQ(raw(port, ""), "");
}

TEST_F(ServerTest, TakesNoMoreConnectionsThanItsLimit) {
  asio::steady_timer held(io, asio::steady_timer::time_point::max());
  const auto port = serve(
      [&](Request request) -> Task<Result<Response>> {
        boost::system::error_code ignored;
        if (request.path == "/held") co_await held.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        co_return Response{};
      },
      {.connections = 1});
  std::optional<std::string> first;
  std::optional<std::string> second;
  asio::co_spawn(io, exchange_raw(port, "GET /held HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
                 [&](const std::exception_ptr&, std::string text) { first = std::move(text); });
  ASSERT_TRUE(run_until([&] { return service->calls == 1; }));
  asio::co_spawn(io, exchange_raw(port, k_get + "Connection: close\r\n\r\n"),
                 [&](const std::exception_ptr&, std::string text) { second = std::move(text); });
  settle();
  EXPECT_FALSE(second) << "one that is being answered is not ended";
  held.cancel();
  ASSERT_TRUE(run_until([&] { return first && second; }));
  EXPECT_EQ(status_of(*first), 200);
  EXPECT_EQ(status_of(*second), 200);
}

/// Whether the connection was ended by the server.
bool is_ended(asio::ip::tcp::socket& socket) {
  char byte = 0;
  boost::system::error_code error;
  socket.non_blocking(true);
  socket.receive(asio::buffer(&byte, 1), 0, error);
  return error && error != asio::error::would_block;
}

TEST_F(ServerTest, IdleConnectionsMakeRoomTheOldestFirst) {
  const auto port = serve([](Request request) { return echo(std::move(request)); }, {.connections = 3});
  std::vector<tcp::socket> idle;
  for (int i = 0; i < 3; ++i) {
    idle.emplace_back(io);
    idle.back().connect({asio::ip::address_v4::loopback(), port});
    // Served in order: each has had an answer and waits, but the first, which never asked.
    if (i == 0) continue;
    asio::write(idle.back(), asio::buffer(k_get + "\r\n"));
    std::string answer;
    run([](tcp::socket& socket, std::string& text) -> Task<int> {
      co_await asio::async_read_until(socket, asio::dynamic_buffer(text), "\r\n\r\n", asio::use_awaitable);
      co_return 0;
    }(idle.back(), answer));
  }
  for (int i = 0; i < 2; ++i) EXPECT_EQ(status_of(raw(port, k_get + "Connection: close\r\n\r\n")), 200);
  EXPECT_TRUE(is_ended(idle[0]));
  EXPECT_FALSE(is_ended(idle[1])) << "the first answer was over before the second came: one had to go";
  EXPECT_FALSE(is_ended(idle[2]));
}

TEST_F(ServerTest, ARequestThatWasBegunOutlastsIdleConnections) {
  const auto port = serve([](Request request) { return echo(std::move(request)); }, {.connections = 2});
  tcp::socket begun(io);
  begun.connect({asio::ip::address_v4::loopback(), port});
  asio::write(begun, asio::buffer(std::string("GET /slow HT")));
  tcp::socket idle(io);
  idle.connect({asio::ip::address_v4::loopback(), port});
  settle();
  EXPECT_EQ(status_of(raw(port, k_get + "Connection: close\r\n\r\n")), 200);
  EXPECT_TRUE(is_ended(idle));
  EXPECT_FALSE(is_ended(begun));
}

TEST_F(ServerTest, ContinueIsSentForNoContentToo) {
  const auto port = serve([](Request) { return answer_with({}); });
  const auto answers = raw(port,
                           "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n"
                           "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string expected = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n";
  EXPECT_TRUE(answers.starts_with(expected));
  EXPECT_FALSE(contains(answers.substr(expected.size()), "100 Continue"));
}

TEST_F(ServerTest, ContinueIsSentWhenTheBodyIsFirstRead) {
  const auto port = serve([](Request request) -> Task<Result<Response>> {
    if (request.path == "/refuse") co_return Response{.status = 403};
    co_return co_await echo(std::move(request));
  });
  const std::string rest =
      " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n";
  const auto refused = raw(port, "PUT /refuse" + rest);
  EXPECT_EQ(status_of(refused), 403);
  EXPECT_FALSE(contains(refused, "100 Continue"));

  const auto accepted = run([](std::uint16_t to, std::string head) -> Task<std::string> {
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect({asio::ip::address_v4::loopback(), to}, asio::use_awaitable);
    co_await asio::async_write(socket, asio::buffer(head), asio::use_awaitable);
    std::string all;
    co_await asio::async_read_until(socket, asio::dynamic_buffer(all), "\r\n\r\n", asio::use_awaitable);
    co_await asio::async_write(socket, asio::buffer("abc", 3), asio::use_awaitable);
    boost::system::error_code ended;
    co_await asio::async_read(socket, asio::dynamic_buffer(all), asio::redirect_error(asio::use_awaitable, ended));
    co_return all;
  }(port, "PUT /" + rest));
  EXPECT_TRUE(accepted.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(accepted.ends_with("abc"));
}

TEST_F(ServerTest, HeadKeepsTheGivenLengthAndSendsNoBody) {
  const auto port = serve([](Request request) -> Task<Result<Response>> {
    if (request.path == "/given") co_return Response{.headers = {{"content-length", "1234"}}};
    co_return Response{.body = "hello"};
  });
  const auto given = raw(port, "HEAD /given HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(contains(given, "Content-Length: 1234\r\n"));
  EXPECT_TRUE(given.ends_with("\r\n\r\n"));
  const auto bytes = raw(port, "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(contains(bytes, "Content-Length: 5\r\n"));
  EXPECT_TRUE(bytes.ends_with("\r\n\r\n"));
}

TEST_F(ServerTest, NoContentHasNeitherBodyNorLength) {
  const auto port = serve([](Request) { return answer_with({.status = 204, .body = "ignored"}); });
  const auto answer = raw(port, k_get + "Connection: close\r\n\r\n");
  EXPECT_FALSE(contains(answer, "Content-Length"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(ServerTest, RefusesToSendAHeaderThatCarriesAnother) {
  const auto port = serve([](Request request) -> Task<Result<Response>> {
    Response response;
    if (request.path == "/value") response.headers.add("X", "a\r\nSet-Cookie: evil");
    if (request.path == "/name") response.headers.add("X: y\r\nEvil", "a");
    if (request.path == "/nul") response.headers.add("X", std::string("a\0b", 3));
    co_return response;
  });
  for (const std::string path : {"/value", "/name", "/nul"}) {
    const auto answer = raw(port, "GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(status_of(answer), 500) << path;
    EXPECT_FALSE(contains(answer, "vil")) << path;
  }
}

TEST_F(ServerTest, AnErrorIsABadGatewayAndAnExceptionAServerError) {
  const auto port = serve([](Request request) -> Task<Result<Response>> {
    if (request.path == "/throw") throw std::runtime_error("secret");
    co_return fail(ErrorKind::network, "secret");
  });
  const auto error = raw(port, k_get + "Connection: close\r\n\r\n");
  EXPECT_EQ(status_of(error), 502);
  EXPECT_FALSE(contains(error, "secret"));
  const auto thrown = raw(port, "GET /throw HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(status_of(thrown), 500);
  EXPECT_FALSE(contains(thrown, "secret"));
}

TEST_F(ServerTest, Http10GetsNoChunksAndOneRequestUnlessItAsks) {
  const auto port = serve([](Request) -> Task<Result<Response>> {
    auto pipe = make_pipe(co_await asio::this_coro::executor);
    static_cast<void>(co_await pipe.writer.write("hello"));
    pipe.writer.finish();
    co_return Response{.body = std::move(pipe.reader)};
  });
  const auto answer = raw(port, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_FALSE(contains(answer, "chunked"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\nhello"));
}

TEST_F(ServerTest, EachPieceOfAStreamIsSentAtOnce) {
  std::optional<PipeWriter> writer;
  const auto port = serve([&](Request) -> Task<Result<Response>> {
    auto pipe = make_pipe(co_await asio::this_coro::executor);
    writer.emplace(std::move(pipe.writer));
    co_return Response{.body = std::move(pipe.reader)};
  });
  auto response = run(client().handle(request_to(port))).value();
  std::array<char, 100> buffer{};
  for (const std::string piece : {"one", "two", "three"}) {
    ASSERT_TRUE(run(writer->write(piece)));
    const auto count = run(response.body.read(buffer)).value();
    EXPECT_EQ(std::string(buffer.data(), count), piece);
  }
  writer->finish();
  EXPECT_EQ(run(response.body.read(buffer)), 0U);
}

TEST_F(ServerTest, ABrokenBodyCutsTheConnection) {
  const auto port = serve([](Request) -> Task<Result<Response>> {
    auto pipe = make_pipe(co_await asio::this_coro::executor);
    static_cast<void>(co_await pipe.writer.write("half"));
    pipe.writer.fail({.kind = ErrorKind::internal, .message = "disk on fire"});
    co_return Response{.body = std::move(pipe.reader)};
  });
  const auto answer = raw(port, k_get + "\r\n");
  EXPECT_TRUE(answer.ends_with("4\r\nhalf\r\n"));
}

/// Tells when it is destroyed.
struct Traced {
  explicit Traced(bool& destroyed) : flag(destroyed) {}
  ~Traced() { flag = true; }
  Traced(const Traced&) = delete;
  Traced& operator=(const Traced&) = delete;
  bool& flag;
};

TEST_F(ServerTest, AClientThatLeavesCancelsTheService) {
  bool cancelled = false;
  bool called = false;
  const auto port = serve([&](Request) -> Task<Result<Response>> {
    const Traced traced(cancelled);
    called = true;
    asio::steady_timer never(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    co_await never.async_wait(asio::use_awaitable);
    co_return Response{};
  });
  tcp::socket socket(io);
  socket.connect({asio::ip::address_v4::loopback(), port});
  asio::write(socket, asio::buffer(k_get + "\r\n"));
  ASSERT_TRUE(run_until([&] { return called; }));
  socket.close();
  EXPECT_TRUE(run_until([&] { return cancelled; }));
}

TEST_F(ServerTest, AClientThatLeavesDestroysTheStreamingBody) {
  std::optional<PipeWriter> writer;
  const auto port = serve([&](Request) -> Task<Result<Response>> {
    auto pipe = make_pipe(co_await asio::this_coro::executor);
    writer.emplace(std::move(pipe.writer));
    co_return Response{.body = std::move(pipe.reader)};
  });
  {
    auto response = run(client().handle(request_to(port))).value();
    ASSERT_TRUE(writer.has_value());
    EXPECT_FALSE(writer->reader_gone());
  }
  EXPECT_TRUE(run_until([&] { return writer->reader_gone(); }));
}

TEST_F(ServerTest, RemovingAListenerClosesItsConnections) {
  ScriptedService stalled([](Request) -> Task<Result<Response>> {
    asio::steady_timer never(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    co_await never.async_wait(asio::use_awaitable);
    co_return Response{};
  });
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(fd, 5), 0);
  ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  Server adopting(io.get_executor());
  const auto id = adopting.adopt(UniqueFd(fd), stalled, nullptr);
  std::optional<std::string> answer;
  asio::co_spawn(io, exchange_raw(ntohs(address.sin_port), k_get + "\r\n"),
                 [&](const std::exception_ptr&, std::string text) { answer = std::move(text); });
  ASSERT_TRUE(run_until([&] { return stalled.calls == 1; }));
  adopting.remove(id);
  ASSERT_TRUE(run_until([&] { return answer.has_value(); }));
  EXPECT_EQ(*answer, "");
}

TEST_F(ServerTest, ListenSaysWhyNot) {
  Server refused(io.get_executor());
  ScriptedService any([](Request) { return answer_with({}); });
  EXPECT_EQ(refused.listen("not an address", 0, any).error().kind, ErrorKind::config);
  const auto taken = serve([](Request) { return answer_with({}); });
  EXPECT_EQ(refused.listen("127.0.0.1", taken, any).error().message,
            "listen on 127.0.0.1 port " + std::to_string(taken) + ": Address already in use");
}

}  // namespace
}  // namespace sortie::http
