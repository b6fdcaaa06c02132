#include "emulator/lambda/execution/runtime_exchange.h"

#include <fmt/format.h>

#include <array>

#include "base/deadline.h"
#include "base/error.h"
#include "wire/checksum.h"

namespace sortie::emulator::lambda {
namespace {

constexpr std::size_t k_init_error_limit = 256 * 1024;
constexpr std::size_t k_piece_bytes = 64 * 1024;
/// https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
constexpr std::uint64_t k_fast_bytes = 6ULL << 20;
constexpr std::uint64_t k_slow_bytes_per_second = 2ULL << 20;
/// How long an answer of a process that has ended may take to begin, and to be read.
constexpr auto k_answer_begin_limit = std::chrono::milliseconds(5);
constexpr auto k_answer_end_limit = std::chrono::seconds(2);
constexpr char k_too_large_type[] = "Function.ResponseSizeTooLarge";

/// At most `limit` bytes, and one more when there are more.
Task<Result<std::string>> read_up_to(http::Body& body, std::size_t limit) {
  if (!body.streaming()) co_return std::string(body.bytes());
  std::string bytes;
  if (auto length = body.length()) bytes.reserve(std::min<std::uint64_t>(*length, limit + 1));
  std::vector<char> piece(k_piece_bytes);
  while (bytes.size() <= limit) {
    ASSIGN_OR_CO_RETURN(auto count, co_await body.read(piece));
    if (count == 0) break;
    bytes.append(piece.data(), count);
  }
  co_return bytes;
}

/// A runtime that fails after it has begun to stream says so in the trailers: the type, and the error document in
/// base64.
void take_midstream_error(const http::Body& body, std::string& type, std::string& document) {
  const auto* trailers = body.trailers();
  if (trailers == nullptr) return;
  type = trailers->get_or("Lambda-Runtime-Function-Error-Type", "");
  document = wire::base64_decode(trailers->get_or("Lambda-Runtime-Function-Error-Body", "")).value_or("");
}

http::Response too_large() {
  return runtime_error(413, "RequestEntityTooLarge",
                       fmt::format("Exceeded maximum allowed payload size ({} bytes).", k_response_limit));
}

}  // namespace

std::int64_t epoch_ms(const Clock& clock, std::chrono::steady_clock::time_point when) {
  auto remaining = std::chrono::duration_cast<std::chrono::milliseconds>(when - std::chrono::steady_clock::now());
  return (clock.now() + remaining).time_since_epoch().count();
}

Task<Result<http::Response>> RuntimeExchange::handle(RuntimeCall call, http::Request request) {
  switch (call.kind) {
    case RuntimeCall::Kind::next: co_return co_await on_next();
    case RuntimeCall::Kind::response:
    case RuntimeCall::Kind::error: co_return co_await on_answer(call, std::move(request));
    case RuntimeCall::Kind::init_error: co_return co_await on_init_error(std::move(request));
    case RuntimeCall::Kind::wrong_method: co_return runtime_error(405, "MethodNotAllowed", "Method not allowed");
    case RuntimeCall::Kind::unknown: break;  // not of the Runtime API
  }
  co_return runtime_error(404, "NotFound", "404 page not found");
}

void RuntimeExchange::begin(std::shared_ptr<Invocation> invocation) {
  invocation_ = std::move(invocation);
  delivered_ = false;
  answer_ = {};
}

void RuntimeExchange::end() {
  invocation_.reset();
  answer_ = {};
}

void RuntimeExchange::dispatch(std::chrono::steady_clock::time_point deadline) {
  deadline_ = deadline;
  work_.notify();
}

http::Response RuntimeExchange::denied() const {
  return runtime_error(
      403, "InvalidStateTransition",
      fmt::format("State transition is not allowed: the environment is {}", to_string(lifecycle_.state())));
}

Task<Result<http::Response>> RuntimeExchange::on_next() {
  if (!lifecycle_.apply(Event::asked)) {
    // A runtime that is being stopped gets no answer: the signal ends it.
    while (is_ending_()) co_await changed_.wait();
    co_return denied();
  }
  runtime_rested_ = std::chrono::steady_clock::now();
  auto poll = ++poll_;
  work_.notify();  // a poll that this one replaces ends
  changed_.notify();
  for (;;) {
    if (poll != poll_) co_return denied();  // asked again on another connection
    auto now = lifecycle_.state();
    if (now == State::running && !delivered_) co_return deliver();
    if (now != State::ready && now != State::frozen) co_return denied();
    co_await work_.wait();
  }
}

http::Response RuntimeExchange::deliver() {
  delivered_ = true;
  http::Response response{.status = 200,
                          .headers = {{"Content-Type", "application/json"},
                                      {"Lambda-Runtime-Aws-Request-Id", invocation_->request_id},
                                      {"Lambda-Runtime-Deadline-Ms", std::to_string(epoch_ms(clock_, deadline_))},
                                      {"Lambda-Runtime-Invoked-Function-Arn", invocation_->invoked_arn},
                                      {"Lambda-Runtime-Trace-Id", invocation_->trace_id}},
                          .body = std::move(invocation_->payload)};
  if (!invocation_->client_context.empty()) {
    auto context = wire::base64_decode(invocation_->client_context);
    // A header cannot carry line breaks; JSON without them means the same.
    if (context) std::erase_if(*context, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
    if (context) response.headers.add("Lambda-Runtime-Client-Context", *std::move(context));
  }
  return response;
}

Task<Result<http::Response>> RuntimeExchange::on_answer(const RuntimeCall& call, http::Request request) {
  auto invocation = invocation_;
  if (!invocation || !delivered_ || invocation->request_id != call.request_id) {
    co_return runtime_error(400, "InvalidRequestID", "Invalid request ID");
  }
  if (!lifecycle_.apply(Event::answering)) co_return denied();
  changed_.notify();
  bool is_error = call.kind == RuntimeCall::Kind::error;
  bool streamed =
      !is_error && http::iequals(request.headers.get_or("Lambda-Runtime-Function-Response-Mode", ""), "streaming");
  if (invocation->wants_content_type) invocation->content_type = request.headers.get_or("Content-Type", "");
  auto answer = streamed ? co_await read_streamed(std::move(invocation), std::move(request))
                         : co_await read_buffered(std::move(invocation), std::move(request), is_error);
  if (!answer) {
    answer_cut_ = true;
    changed_.notify();
  }
  co_return answer;
}

/// The runtime's answer is complete; it counts if its invocation is still waiting.
http::Response RuntimeExchange::finish_answer(const std::shared_ptr<Invocation>& invocation, RuntimeAnswer answer) {
  if (invocation != invocation_ || !lifecycle_.apply(Event::answered)) return denied();
  answer.complete = true;
  answer.at = std::chrono::steady_clock::now();
  answer_ = std::move(answer);
  changed_.notify();
  return runtime_accepted();
}

Task<Result<http::Response>> RuntimeExchange::read_buffered(std::shared_ptr<Invocation> invocation,
                                                            http::Request request, bool is_error) {
  ASSIGN_OR_CO_RETURN(auto payload, co_await read_up_to(request.body, k_response_limit));
  if (payload.size() > k_response_limit) {
    auto message =
        fmt::format("Response payload size exceeded maximum allowed payload size ({} bytes).", k_response_limit);
    auto done = finish_answer(
        invocation,
        {.is_error = true, .error_type = k_too_large_type, .payload = error_document(k_too_large_type, message)});
    co_return done.status == 202 ? too_large() : std::move(done);
  }
  RuntimeAnswer answer{.is_error = is_error, .payload = std::move(payload)};
  if (is_error) {
    answer.error_type = request.headers.get_or("Lambda-Runtime-Function-Error-Type", "");
    if (answer.error_type.empty()) answer.error_type = error_type_of(answer.payload);
    if (answer.error_type.empty()) answer.error_type = "Runtime.Unknown";
  } else if (invocation->stream) {
    co_await invocation->stream->write(answer.payload);
  }
  co_return finish_answer(invocation, std::move(answer));
}

Task<Result<http::Response>> RuntimeExchange::read_streamed(std::shared_ptr<Invocation> invocation,
                                                            http::Request request) {
  RuntimeAnswer answer;
  std::vector<char> piece(k_piece_bytes);
  std::uint64_t total = 0;
  auto limit = invocation->stream ? k_stream_limit : k_response_limit;
  for (;;) {
    auto count = co_await request.body.read(piece);
    // A body cut short is what a dying runtime leaves; its end is noticed elsewhere.
    if (!count) co_return std::unexpected(count.error());
    if (*count == 0) break;
    if (invocation != invocation_ || lifecycle_.state() != State::responding) co_return denied();
    total += *count;
    if (total > limit) {
      auto message = fmt::format("Response payload size exceeded maximum allowed payload size ({} bytes).", limit);
      auto done = finish_answer(
          invocation,
          {.is_error = true, .error_type = k_too_large_type, .payload = error_document(k_too_large_type, message)});
      co_return done.status == 202 ? too_large() : std::move(done);
    }
    std::string_view bytes(piece.data(), *count);
    if (!invocation->stream) {
      answer.payload.append(bytes);
      continue;
    }
    co_await invocation->stream->write(bytes);
    if (slow_streams_ && total > k_fast_bytes) {
      co_await sleep_for(std::chrono::microseconds(*count * 1'000'000 / k_slow_bytes_per_second));
    }
  }
  std::string document;
  take_midstream_error(request.body, answer.error_type, document);
  if (!answer.error_type.empty()) {
    answer.is_error = true;
    answer.payload = document.empty() ? error_document(answer.error_type, "") : document;
  }
  co_return finish_answer(invocation, std::move(answer));
}

Task<Result<http::Response>> RuntimeExchange::on_init_error(http::Request request) {
  if (lifecycle_.state() != State::initializing) co_return denied();
  ASSIGN_OR_CO_RETURN(auto document, co_await read_up_to(request.body, k_init_error_limit));
  if (document.size() > k_init_error_limit) co_return too_large();
  if (lifecycle_.state() != State::initializing) co_return denied();
  std::string type(request.headers.get_or("Lambda-Runtime-Function-Error-Type", ""));
  if (type.empty()) type = error_type_of(document);
  if (type.empty()) type = "Runtime.Unknown";
  init_error_ = Failure{.type = type, .message = error_message_of(document), .document = std::move(document)};
  changed_.notify();
  co_return runtime_accepted();
}

Task<void> RuntimeExchange::drain_answer() {
  if (lifecycle_.state() != State::running && lifecycle_.state() != State::responding) co_return;
  answer_cut_ = false;
  auto limit = std::chrono::steady_clock::now() + k_answer_begin_limit;
  while (lifecycle_.state() == State::running && std::chrono::steady_clock::now() < limit)
    co_await changed_.wait_until(limit);
  limit = std::chrono::steady_clock::now() + k_answer_end_limit;
  while (lifecycle_.state() == State::responding && !answer_cut_ && std::chrono::steady_clock::now() < limit) {
    co_await changed_.wait_until(limit);
  }
}

}  // namespace sortie::emulator::lambda
