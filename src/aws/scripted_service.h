#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "aws/client.h"
#include "base/clock.h"
#include "http/service.h"
#include "wire/event_stream.h"

/// For tests: answers from a script, and remembers what was asked.
namespace sortie::aws {

struct SeenRequest {
  std::string method;
  std::string url;  ///< scheme, authority, path, query
  http::Headers headers;
  std::string body;
};

class ScriptedService final : public http::Service {
 public:
  using Answer = std::function<Result<http::Response>()>;

  ScriptedService& answer(int status, std::string body, http::Headers headers = {}) {
    script_.emplace_back([=]() -> Result<http::Response> { return http::Response{status, headers, body}; });
    return *this;
  }
  ScriptedService& answer(Answer answer) {
    script_.push_back(std::move(answer));
    return *this;
  }
  ScriptedService& fails(ErrorKind kind) {
    script_.emplace_back([kind]() -> Result<http::Response> { return fail(kind, "scripted"); });
    return *this;
  }

  Task<Result<http::Response>> handle(http::Request request) override {
    SeenRequest now{request.method, request.scheme + "://" + http::authority(request) + request.path, request.headers,
                    ""};
    if (!request.query.empty()) now.url += "?" + request.query;
    ASSIGN_OR_CO_RETURN(now.body, co_await request.body.read_all(1 << 26));
    seen.push_back(std::move(now));
    if (script_.empty()) co_return fail(ErrorKind::internal, "the script has no more answers");
    const auto next = std::move(script_.front());
    script_.pop_front();
    co_return next();
  }

  std::vector<SeenRequest> seen;

 private:
  std::deque<Answer> script_;
};

/// One piece of the payload of a streamed invocation.
inline std::string payload_chunk(std::string_view payload) {
  return wire::encode_event("PayloadChunk", "application/octet-stream", payload);
}
/// The end of a streamed invocation; `json` as Lambda writes it.
inline std::string invoke_complete(std::string_view json) {
  return wire::encode_event("InvokeComplete", "application/json", json);
}

/// Runs a task to its end on a loop of its own.
template <class T>
T run(Task<T> task) {
  asio::io_context io;
  std::optional<T> result;
  asio::co_spawn(
      io,
      [](Task<T> inner, std::optional<T>& out) -> Task<void> { out.emplace(co_await std::move(inner)); }(
                                                   std::move(task), result),
      asio::detached);
  io.run();
  return *std::move(result);
}

/// A client's surroundings: fixed time, fixed keys, no waiting.
struct Surroundings {
  ScriptedService service;
  FakeClock clock;
  StaticCredentials credentials{{"AKID", "SECRET", "", std::nullopt, ""}};
  std::vector<std::chrono::milliseconds> slept;

  ClientConfig config(std::string region = "us-east-1") {
    ClientConfig out{service, credentials, clock, std::move(region)};
    out.retry.random = [] { return 1.0; };
    out.retry.sleep = [this](std::chrono::milliseconds delay) -> Task<void> {
      slept.push_back(delay);
      co_return;
    };
    return out;
  }
};

}  // namespace sortie::aws
