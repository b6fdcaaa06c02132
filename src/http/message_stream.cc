#include "http/message_stream.h"

#include <algorithm>
#include <cstring>

namespace sortie::http {

namespace {

/// A signed AWS request's header fits; thousands of idle connections stay cheap.
constexpr std::size_t k_first_capacity = 2 * 1024;
/// Chunked bodies are decoded out of the buffer. It also bounds a chunk's head and the trailers.
constexpr std::size_t k_chunk_capacity = 16 * 1024;

std::unexpected<Error> closed_early() {
  return fail(ErrorKind::network, "connection closed before the end of the body");
}

}  // namespace

/// Makes room for `at_least` more bytes and reads once.
Task<Result<std::size_t>> MessageStream::fill(std::size_t at_least, Deadline deadline) {
  if (begin_ == end_) begin_ = end_ = 0;
  if (capacity_ - end_ < at_least && begin_ > 0) {
    std::memmove(storage_.get(), storage_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (capacity_ - end_ < at_least) {
    const std::size_t capacity = std::max({k_first_capacity, capacity_ * 2, end_ + at_least});
    auto storage = std::make_unique_for_overwrite<char[]>(capacity);
    if (end_ > 0) std::memcpy(storage.get(), storage_.get(), end_);
    storage_ = std::move(storage);
    capacity_ = capacity;
  }
  auto count = co_await transport_.read_some({storage_.get() + end_, capacity_ - end_}, deadline);
  if (count) end_ += *count;
  co_return count;
}

Task<HeadRead> MessageStream::read_head(std::uint64_t body_limit, Deadline first_byte,
                                        std::chrono::steady_clock::duration rest) {
  parser_->start(body_limit);
  got_bytes_ = begin_ != end_;
  Deadline deadline = got_bytes_ ? deadline_in(rest) : first_byte;
  for (;;) {
    if (begin_ != end_) {
      const auto step = parser_->parse_head(buffered());
      consume(step.consumed);
      if (step.fault != ParseFault::none) co_return HeadRead{.end = HeadEnd::malformed, .fault = step.fault};
      if (step.done) co_return HeadRead{};
    }
    auto count = co_await fill(1, deadline);
    if (!count && count.error().kind == ErrorKind::timeout) {
      co_return HeadRead{.end = got_bytes_ ? HeadEnd::too_slow : HeadEnd::nothing_in_time};
    }
    if (!count) co_return HeadRead{.end = HeadEnd::failed, .error = std::move(count).error()};
    if (*count == 0) co_return HeadRead{.end = got_bytes_ ? HeadEnd::truncated : HeadEnd::closed};
    if (!got_bytes_) deadline = deadline_in(rest);
    got_bytes_ = true;
  }
}

void MessageStream::begin_body(Framing framing, std::uint64_t length) {
  framing_ = framing;
  remaining_ = length;
  body_fault_ = ParseFault::none;
  body_done_ = framing == Framing::none || (framing == Framing::length && length == 0);
}

std::optional<std::string> MessageStream::take_whole_body() {
  if (framing_ != Framing::length || remaining_ > end_ - begin_) return std::nullopt;
  std::string body(buffered().substr(0, static_cast<std::size_t>(remaining_)));
  consume(body.size());
  begin_body(Framing::none, 0);
  return body;
}

std::size_t MessageStream::take_buffered(std::span<char> buffer) {
  const std::size_t count = std::min(buffer.size(), end_ - begin_);
  if (count > 0) std::memcpy(buffer.data(), storage_.get() + begin_, count);
  begin_ += count;
  return count;
}

Task<Result<std::size_t>> MessageStream::read_body(std::span<char> buffer,
                                                   std::chrono::steady_clock::duration progress) {
  if (body_done_) co_return std::size_t{0};
  if (framing_ == Framing::chunked) co_return co_await read_chunked(buffer, progress);
  if (framing_ == Framing::length) {
    buffer = buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), remaining_)));
  }
  std::size_t count = take_buffered(buffer);
  if (count == 0) {
    ASSIGN_OR_CO_RETURN(count, co_await transport_.read_some(buffer, deadline_in(progress)));
  }
  if (framing_ == Framing::until_close) {
    body_done_ = count == 0;
    co_return count;
  }
  if (count == 0) co_return closed_early();
  remaining_ -= count;
  body_done_ = remaining_ == 0;
  co_return count;
}

Task<Result<std::size_t>> MessageStream::read_chunked(std::span<char> buffer,
                                                      std::chrono::steady_clock::duration progress) {
  for (;;) {
    const auto step = parser_->parse_chunks(buffered(), buffer);
    consume(step.consumed);
    body_done_ = step.done;
    if (step.produced > 0 || step.done) co_return step.produced;
    body_fault_ = step.fault;
    if (body_fault_ == ParseFault::none && end_ - begin_ >= k_chunk_capacity) body_fault_ = ParseFault::malformed;
    if (body_fault_ == ParseFault::body_too_large) co_return fail(ErrorKind::protocol, "the body is too long");
    if (body_fault_ != ParseFault::none) co_return fail(ErrorKind::protocol, "the chunked body is malformed");
    const std::size_t room = k_chunk_capacity - std::min(k_chunk_capacity, end_ - begin_);
    ASSIGN_OR_CO_RETURN(const std::size_t count, co_await fill(std::max<std::size_t>(room, 1), deadline_in(progress)));
    if (count == 0) co_return closed_early();
  }
}

void MessageStream::trim(std::size_t kept) {
  if (begin_ != end_ || capacity_ <= kept) return;
  storage_.reset();
  capacity_ = begin_ = end_ = 0;
}

}  // namespace sortie::http
