#include "emulator/lambda/execution/invocation.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstring>
#include <span>

#include "wire/event_stream.h"

namespace sortie::emulator::lambda {
namespace {

/// How far a streaming function may be ahead of its reader.
constexpr std::size_t k_stream_buffer = 256 * 1024;

}  // namespace

struct ResponseStream::State {
  State(const Executor& executor, Framing how) : framing(how), readable(executor), writable(executor) {}
  Framing framing;
  std::string bytes;
  std::size_t start = 0;
  bool complete = false;
  bool failed = false;
  bool reader_gone = false;
  Signal readable;
  Signal writable;

  [[nodiscard]] std::size_t held() const { return bytes.size() - start; }
  void append(std::string_view more) {
    if (start == bytes.size()) {
      bytes.clear();
      start = 0;
    }
    bytes.append(more);
    readable.notify();
  }
  void end() {
    complete = true;
    readable.notify();
    writable.notify();
  }
};

class ResponseStream::Reader final : public http::BodySource {
 public:
  explicit Reader(std::shared_ptr<State> state) : state_(std::move(state)) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() override {
    state_->reader_gone = true;
    state_->bytes.clear();
    state_->start = 0;
    state_->writable.notify();
  }
  Task<Result<std::size_t>> read(std::span<char> buffer) override {
    auto state = state_;
    while (state->held() == 0) {
      if (state->failed) co_return fail(ErrorKind::protocol, "the function failed before the end of its answer");
      if (state->complete) co_return std::size_t{0};
      co_await state->readable.wait();
    }
    auto count = std::min(buffer.size(), state->held());
    std::memcpy(buffer.data(), state->bytes.data() + state->start, count);
    state->start += count;
    if (state->held() < k_stream_buffer) state->writable.notify();
    co_return count;
  }

 private:
  std::shared_ptr<State> state_;
};

ResponseStream::ResponseStream(const Executor& executor, Framing framing)
    : state_(std::make_shared<State>(executor, framing)) {}

http::Body ResponseStream::body() {
  return http::Body(std::make_unique<Reader>(state_));
}

Task<void> ResponseStream::write(std::string_view payload) {
  auto state = state_;
  while (state->held() >= k_stream_buffer && !state->complete && !state->reader_gone) co_await state->writable.wait();
  if (state->complete || state->reader_gone || payload.empty()) co_return;
  state->append(state->framing == Framing::plain
                    ? std::string(payload)
                    : wire::encode_event("PayloadChunk", "application/octet-stream", payload));
}

void ResponseStream::complete(std::string_view error_code, std::string_view error_details,
                              std::string_view log_result) {
  if (state_->complete) return;
  if (state_->framing == Framing::plain) {
    state_->failed = !error_code.empty();
    state_->end();
    return;
  }
  boost::json::object event;
  if (!error_code.empty()) event.emplace("ErrorCode", error_code);
  if (!error_details.empty()) event.emplace("ErrorDetails", error_details);
  if (!log_result.empty()) event.emplace("LogResult", log_result);
  if (!state_->reader_gone) {
    state_->append(wire::encode_event("InvokeComplete", "application/json", boost::json::serialize(event)));
  }
  state_->end();
}

void Invocation::accept() {
  accepted = true;
  if (stream) changed.notify();
}

void Invocation::finish() {
  if (done) return;
  done = true;
  changed.notify();
}

}  // namespace sortie::emulator::lambda
