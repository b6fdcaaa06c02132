// What one request costs: client and server on one io_context thread, over loopback.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdlib>
#include <fstream>
#include <string>

#include "http/client.h"
#include "http/server.h"
#include "http/tls.h"

namespace sortie::http {
namespace {

class Echo final : public Service {
 public:
  Task<Result<Response>> handle(Request request) override {
    Response response{.headers = {{"Content-Type", "application/json"}, {"x-amzn-RequestId", "bench"}}};
    response.body = std::move(request.body);
    if (response.body.streaming()) {
      ASSIGN_OR_CO_RETURN(std::string bytes, co_await response.body.read_all(1 << 30));
      response.body = std::move(bytes);
    }
    co_return response;
  }
};

/// Answers when it is told to.
class Stalling final : public Service {
 public:
  explicit Stalling(const Executor& executor) : gate(executor, asio::steady_timer::time_point::max()) {}
  Task<Result<Response>> handle(Request /*request*/) override {
    ++waiting;
    boost::system::error_code open;
    co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, open));
    co_return Response{.body = "done"};
  }
  asio::steady_timer gate;
  int waiting = 0;
};

Request signed_request(const std::string& scheme, std::uint16_t port, std::size_t body_bytes) {
  Request request{.method = "POST", .scheme = scheme, .host = "127.0.0.1", .port = port};
  request.path = "/2015-03-31/functions/blobstore/invocations";
  request.headers = {{"Authorization", "AWS4-HMAC-SHA256 Credential=" + std::string(180, 'x')},
                     {"X-Amz-Date", "20150830T123600Z"},
                     {"X-Amz-Content-Sha256", std::string(64, 'e')},
                     {"Content-Type", "application/json"},
                     {"X-Amz-Security-Token", std::string(300, 't')}};
  request.body = std::string(body_bytes, 'b');
  return request;
}

Task<void> request_in_turn(benchmark::State& state, Client& client, std::string scheme, std::uint16_t port) {
  const auto body_bytes = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    auto response = co_await client.handle(signed_request(scheme, port, body_bytes));
    if (!response || (co_await response->body.read_all(1 << 30)).value_or("").size() != body_bytes) {
      state.SkipWithError("request failed");
      break;
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * 2 * body_bytes));
}

void warm_request(benchmark::State& state) {
  asio::io_context io(1);
  Echo service;
  Server server(io.get_executor());
  const auto port = server.listen("127.0.0.1", 0, service).value();
  Client client(io.get_executor(), {});
  asio::co_spawn(io, request_in_turn(state, client, "http", port), [&](const std::exception_ptr&) { io.stop(); });
  io.run();
}
BENCHMARK(warm_request)->Arg(0)->Arg(128)->Arg(16 << 10)->Arg(1 << 20)->Unit(benchmark::kMicrosecond);

void warm_tls_request(benchmark::State& state) {
  asio::io_context io(1);
  Echo service;
  const auto authority = CertificateAuthority::create().value();
  Server server(io.get_executor());
  const auto port = server.listen_tls("127.0.0.1", 0, service, *authority).value();
  Client client(io.get_executor(), {.extra_ca_pem = authority->ca_pem()});
  asio::co_spawn(io, request_in_turn(state, client, "https", port), [&](const std::exception_ptr&) { io.stop(); });
  io.run();
}
BENCHMARK(warm_tls_request)->Arg(128)->Arg(1 << 20)->Unit(benchmark::kMicrosecond);

void new_tls_connection(benchmark::State& state) {
  asio::io_context io(1);
  Echo service;
  const auto authority = CertificateAuthority::create().value();
  Server server(io.get_executor());
  const auto port = server.listen_tls("127.0.0.1", 0, service, *authority).value();
  Client client(io.get_executor(), {.max_idle_per_host = 0, .extra_ca_pem = authority->ca_pem()});
  asio::co_spawn(io, request_in_turn(state, client, "https", port), [&](const std::exception_ptr&) { io.stop(); });
  io.run();
}
BENCHMARK(new_tls_connection)->Arg(128)->Unit(benchmark::kMicrosecond);

std::size_t resident_bytes() {
  std::size_t total = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * 4096;
}

/// Memory of requests that all wait for their answer at once, both ends.
void requests_in_flight(benchmark::State& state) {
  const auto count = static_cast<int>(state.range(0));
  for (auto _ : state) {
    asio::io_context io(1);
    Stalling service(io.get_executor());
    Server server(io.get_executor(), {.connections = 10'000});
    const auto port = server.listen("127.0.0.1", 0, service).value();
    Client client(io.get_executor(), {.max_connections_per_host = 10'000});
    malloc_trim(0);
    const auto before = resident_bytes();
    int done = 0;
    for (int i = 0; i < count; ++i) {
      asio::co_spawn(
          io, client.handle(signed_request("http", port, 128)),
          [&](const std::exception_ptr&, Result<Response> response) { done += response.has_value() ? 1 : 0; });
    }
    while (service.waiting < count && io.run_one() > 0) {
    }
    state.counters["KB_each"] = static_cast<double>(resident_bytes() - before) / 1024 / count;
    service.gate.cancel();
    while (done < count && io.run_one() > 0) {
    }
  }
}
BENCHMARK(requests_in_flight)->Arg(4000)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sortie::http

BENCHMARK_MAIN();
