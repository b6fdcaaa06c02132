#include "http/pipe.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/signal.h"

namespace sortie::http {

/// Shared by both ends.
struct PipeWriter::State {
  State(const Executor& executor, std::size_t most)
      : capacity(std::max<std::size_t>(most, 1)), changed_for_reader(executor), changed_for_writer(executor) {}

  [[nodiscard]] std::size_t held() const { return bytes.size() - start; }

  void append(std::string_view more) {
    // What was read is dropped when it outweighs what is held, so that a byte moves once on average.
    if (start > 0 && start >= held()) {
      bytes.erase(0, start);
      start = 0;
    }
    bytes.append(more);
    changed_for_reader.notify();
  }

  std::size_t take(std::span<char> buffer) {
    const std::size_t count = std::min(buffer.size(), held());
    std::memcpy(buffer.data(), bytes.data() + start, count);
    start += count;
    if (held() == 0) {
      bytes.clear();
      start = 0;
    }
    changed_for_writer.notify();
    return count;
  }

  const std::size_t capacity;
  std::string bytes;
  std::size_t start = 0;
  bool finished = false;
  bool reader_gone = false;
  std::optional<Error> error;
  Signal changed_for_reader;
  Signal changed_for_writer;
};

namespace {

class PipeReader final : public BodySource {
 public:
  explicit PipeReader(std::shared_ptr<PipeWriter::State> state) : state_(std::move(state)) {}
  PipeReader(const PipeReader&) = delete;
  PipeReader& operator=(const PipeReader&) = delete;
  ~PipeReader() override {
    state_->reader_gone = true;
    state_->bytes = {};
    state_->start = 0;
    state_->changed_for_writer.notify();
  }

  Task<Result<std::size_t>> read(std::span<char> buffer) override {
    const auto state = state_;
    for (;;) {
      if (state->held() > 0) co_return state->take(buffer);
      if (state->error) co_return std::unexpected(*state->error);
      if (state->finished) co_return std::size_t{0};
      co_await state->changed_for_reader.wait();
    }
  }

 private:
  std::shared_ptr<PipeWriter::State> state_;
};

}  // namespace

PipeWriter::PipeWriter(std::shared_ptr<State> state) : state_(std::move(state)) {}
PipeWriter::PipeWriter(PipeWriter&&) noexcept = default;

PipeWriter& PipeWriter::operator=(PipeWriter&& other) noexcept {
  if (this != &other) {
    PipeWriter abandoned(std::move(*this));
    state_ = std::move(other.state_);
  }
  return *this;
}

PipeWriter::~PipeWriter() {
  if (state_ && !state_->finished) fail({.kind = ErrorKind::cancelled, .message = "the writer of the body went away"});
}

Task<Result<void>> PipeWriter::write(std::string_view bytes) {
  const auto state = state_;
  for (;;) {
    if (state->reader_gone) co_return sortie::fail(ErrorKind::cancelled, "the reader of the body went away");
    const std::size_t count = std::min(bytes.size(), state->capacity - state->held());
    if (count > 0) state->append(bytes.substr(0, count));
    bytes.remove_prefix(count);
    if (bytes.empty()) co_return Result<void>{};
    co_await state->changed_for_writer.wait();
  }
}

void PipeWriter::finish() {
  state_->finished = true;
  state_->changed_for_reader.notify();
}

void PipeWriter::fail(Error error) {
  if (state_->finished) return;
  state_->finished = true;
  state_->error = std::move(error);
  state_->changed_for_reader.notify();
}

bool PipeWriter::reader_gone() const {
  return state_->reader_gone;
}

Pipe make_pipe(Executor executor, std::size_t capacity) {
  auto state = std::make_shared<PipeWriter::State>(std::move(executor), capacity);
  Body reader(std::make_unique<PipeReader>(state));
  return {PipeWriter(std::move(state)), std::move(reader)};
}

}  // namespace sortie::http
