#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/message.h"

namespace sortie::http {

/// Why a message cannot be understood; a server maps it to a status.
enum class ParseFault : std::uint8_t { none, malformed, unsupported_version, header_too_large, body_too_large };

inline constexpr std::size_t k_trailer_limit = 32;

/// The start line and the header of one message.
struct MessageHead {
  std::string method;  ///< requests
  std::string target;  ///< requests, as on the wire
  int status = 0;      ///< responses
  bool http_1_1 = true;
  bool keep_alive = true;
  bool chunked = false;
  std::optional<std::uint64_t> content_length;
  Headers headers;
  Headers trailers;  ///< of a chunked body, the first k_trailer_limit, once parse_chunks is done
};

/// An incremental HTTP/1.1 parser (RFC 9112) for one side of a connection, message after message. It refuses
/// what receivers are known to disagree on: Content-Length beside Transfer-Encoding or given twice, a
/// transfer coding other than `chunked`, bare line feeds.
class MessageParser {
 public:
  struct Step {
    std::size_t consumed = 0;  ///< bytes of the input that are done with
    std::size_t produced = 0;  ///< body bytes written (parse_chunks)
    bool done = false;         ///< the header, or the chunked body, is complete
    ParseFault fault = ParseFault::none;
  };

  virtual ~MessageParser() = default;
  /// Begins the next message. `body_limit` bounds a chunked body and a Content-Length.
  virtual void start(std::uint64_t body_limit) = 0;
  /// Takes bytes until the header is complete. Bytes that are not consumed must be given again, with more
  /// behind them.
  virtual Step parse_head(std::string_view bytes) = 0;
  virtual MessageHead& head() = 0;
  /// Decodes the chunked body into `out` until that is full; trailers go into the head.
  virtual Step parse_chunks(std::string_view bytes, std::span<char> out) = 0;
};

std::unique_ptr<MessageParser> make_request_parser(std::size_t header_limit);
std::unique_ptr<MessageParser> make_response_parser(std::size_t header_limit);

}  // namespace sortie::http
