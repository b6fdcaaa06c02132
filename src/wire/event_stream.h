#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

/// `application/vnd.amazon.eventstream`: frames of headers and payload, each with two CRC-32s ("Amazon Event Stream
/// Specification", Smithy). Pure, incremental.
namespace sortie::wire {

using EventBytes = std::vector<char>;
using EventUuid = std::array<unsigned char, 16>;
/// In the order of the type codes: bool (0, 1), byte, short, integer, long, bytes, string, timestamp, uuid.
using EventValue = std::variant<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, EventBytes, std::string,
                                SystemTime, EventUuid>;

struct EventMessage {
  std::vector<std::pair<std::string, EventValue>> headers;
  std::string payload;

  /// A string header, or empty.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  /// `:event-type`, `:message-type`, `:exception-type`.
  [[nodiscard]] std::string_view event_type() const { return header(":event-type"); }
  [[nodiscard]] std::string_view message_type() const { return header(":message-type"); }
};

inline constexpr std::size_t k_event_headers_limit = 128 * 1024;
inline constexpr std::size_t k_event_payload_limit = 24 * 1024 * 1024;

/// One frame. Past the limits above, or a header name longer than 255 bytes or a value longer than 65,535:
/// ErrorKind::protocol.
Result<std::string> encode_event_message(const EventMessage& message);
/// A frame with `:message-type: event`, `:event-type` and `:content-type` (left out when empty). `payload` within the
/// limit.
std::string encode_event(std::string_view event_type, std::string_view content_type, std::string_view payload);
/// The same for an exception: `:message-type: exception`, `:exception-type`.
std::string encode_event_exception(std::string_view exception_type, std::string_view content_type,
                                   std::string_view payload);

/// Decodes frames from bytes in any pieces.
class EventStreamDecoder {
 public:
  void feed(std::string_view bytes);
  /// The next whole frame; nothing when more bytes are needed. A wrong CRC or a limit: ErrorKind::protocol, for ever.
  Result<std::optional<EventMessage>> next();
  /// True when no bytes of an unfinished frame are left: the stream may end here.
  [[nodiscard]] bool at_boundary() const { return buffer_.size() == offset_; }

 private:
  std::string buffer_;
  std::size_t offset_ = 0;
  bool prelude_checked_ = false;
  std::optional<Error> failed_;
};

}  // namespace sortie::wire
