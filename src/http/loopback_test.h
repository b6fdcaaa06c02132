#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/deadline.h"
#include "http/client.h"
#include "http/server.h"
#include "http/service.h"

namespace sortie::http {

/// Answers with whatever the test's function says, and counts.
class ScriptedService final : public Service {
 public:
  using Script = std::function<Task<Result<Response>>(Request)>;
  explicit ScriptedService(Script script) : script_(std::move(script)) {}
  Task<Result<Response>> handle(Request request) override {
    ++calls;
    return script_(std::move(request));
  }
  int calls = 0;

 private:
  Script script_;
};

inline Task<Result<Response>> answer_with(Response response) {
  co_return response;
}

/// The body given back in memory.
inline Task<Result<Response>> echo(Request request) {
  ASSIGN_OR_CO_RETURN(std::string bytes, co_await request.body.read_all(64 << 20));
  co_return Response{.body = std::move(bytes)};
}

/// A server and a client on one io_context.
class Loopback : public ::testing::Test {
 protected:
  using tcp = asio::ip::tcp;

  /// Runs the loop until `task` is done and gives its result.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    std::exception_ptr thrown;
    asio::co_spawn(io, std::move(task), [&](std::exception_ptr exception, T value) {
      thrown = std::move(exception);
      result.emplace(std::move(value));
    });
    io.restart();
    while (!result && io.run_one_for(std::chrono::seconds(30)) > 0) {
    }
    if (thrown) std::rethrow_exception(thrown);
    if (!result) throw std::runtime_error("the task does not end");
    return *std::move(result);
  }

  /// Runs the loop until `done`. False when that takes too long.
  bool run_until(const std::function<bool()>& done) {
    io.restart();
    while (!done()) {
      if (io.run_one_for(std::chrono::seconds(30)) == 0) return false;
    }
    return true;
  }

  std::uint16_t serve(ScriptedService::Script script, ServerLimits limits = {}) {
    service = std::make_unique<ScriptedService>(std::move(script));
    server = std::make_unique<Server>(io.get_executor(), limits);
    return server->listen("127.0.0.1", 0, *service).value();
  }

  Client& client(ClientOptions options = {}) {
    made_client = std::make_unique<Client>(io.get_executor(), std::move(options));
    return *made_client;
  }

  static Request request_to(std::uint16_t port, std::string method = "GET", Body body = {}) {
    Request request;
    request.method = std::move(method);
    request.scheme = "http";
    request.host = "127.0.0.1";
    request.port = port;
    request.body = std::move(body);
    return request;
  }

  /// Sends raw bytes and gives everything that comes back until the server closes.
  std::string raw(std::uint16_t port, std::string bytes) { return run(exchange_raw(port, std::move(bytes))); }

  static Task<std::string> exchange_raw(std::uint16_t port, std::string bytes) {
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
    co_await asio::async_write(socket, asio::buffer(bytes), asio::use_awaitable);
    std::string all;
    boost::system::error_code ended;
    co_await asio::async_read(socket, asio::dynamic_buffer(all), asio::redirect_error(asio::use_awaitable, ended));
    co_return all;
  }

  asio::io_context io{1};
  std::unique_ptr<ScriptedService> service;
  std::unique_ptr<Server> server;
  std::unique_ptr<Client> made_client;
};

}  // namespace sortie::http
