#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "http/message_parser.h"
#include "http/transport.h"

namespace sortie::http {

/// How reading a header ended.
enum class HeadEnd : std::uint8_t {
  ready,
  closed,           ///< the peer closed before the first byte
  truncated,        ///< the peer closed in mid-header
  nothing_in_time,  ///< no byte came
  too_slow,         ///< the header was begun and not finished in time
  malformed,        ///< see `fault`
  failed,           ///< see `error`
};

struct HeadRead {
  HeadEnd end = HeadEnd::ready;
  ParseFault fault = ParseFault::none;
  Error error;
};

/// How the end of a body is told (RFC 9112, 6.3).
enum class Framing : std::uint8_t { none, length, chunked, until_close };

/// Reads messages, one after the other, from one side of a connection. Body bytes of a known length go from the
/// socket straight into the caller's buffer. One reader at a time.
class MessageStream {
 public:
  MessageStream(Transport& transport, std::unique_ptr<MessageParser> parser)
      : transport_(transport), parser_(std::move(parser)) {}

  /// Reads the next header. The first byte is awaited until `first_byte`, the rest for `rest` after it.
  Task<HeadRead> read_head(std::uint64_t body_limit, Deadline first_byte, std::chrono::steady_clock::duration rest);
  MessageHead& head() { return parser_->head(); }

  /// After a header: what its body is framed by.
  void begin_body(Framing framing, std::uint64_t length);
  /// The body, when its length is known and all of it came with the header: nothing is left to read then.
  std::optional<std::string> take_whole_body();
  /// Fills the front of `buffer`; 0 is the end. ErrorKind::network when the peer closes early, ErrorKind::protocol
  /// for a malformed body (see `body_fault`), ErrorKind::timeout when nothing comes for `progress`.
  Task<Result<std::size_t>> read_body(std::span<char> buffer, std::chrono::steady_clock::duration progress);
  /// Everything of the message has been read.
  [[nodiscard]] bool body_done() const { return body_done_; }
  [[nodiscard]] ParseFault body_fault() const { return body_fault_; }
  [[nodiscard]] Framing framing() const { return framing_; }
  /// Bytes of a body of known length that are still to come.
  [[nodiscard]] std::uint64_t remaining() const { return remaining_; }
  /// Bytes received and not yet used.
  [[nodiscard]] std::string_view buffered() const { return {storage_.get() + begin_, end_ - begin_}; }
  void consume(std::size_t count) { begin_ += count; }
  /// Gives back an empty buffer of more than `kept` bytes.
  void trim(std::size_t kept);
  /// True when the last read_head received at least one byte.
  [[nodiscard]] bool got_bytes() const { return got_bytes_; }

 private:
  Task<Result<std::size_t>> fill(std::size_t at_least, Deadline deadline);
  Task<Result<std::size_t>> read_chunked(std::span<char> buffer, std::chrono::steady_clock::duration progress);
  std::size_t take_buffered(std::span<char> buffer);

  Transport& transport_;
  std::unique_ptr<MessageParser> parser_;
  std::unique_ptr<char[]> storage_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t remaining_ = 0;
  Framing framing_ = Framing::none;
  ParseFault body_fault_ = ParseFault::none;
  bool body_done_ = true;
  bool got_bytes_ = false;
};

}  // namespace sortie::http
