#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/task.h"

namespace sortie::http {

/// Header fields in the order they were added; names compare without case (RFC 9110, 5.1).
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  /// The first value of that name.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  /// The first value, or `fallback`.
  [[nodiscard]] std::string_view get_or(std::string_view name, std::string_view fallback) const;
  [[nodiscard]] bool contains(std::string_view name) const { return get(name).has_value(); }
  /// Replaces every field of that name.
  void set(std::string_view name, std::string value);
  void add(std::string name, std::string value) {
    if (fields_.empty()) fields_.reserve(k_usual);
    fields_.emplace_back(std::move(name), std::move(value));
  }
  void remove(std::string_view name);

  [[nodiscard]] auto begin() const { return fields_.begin(); }
  [[nodiscard]] auto end() const { return fields_.end(); }
  [[nodiscard]] std::size_t size() const { return fields_.size(); }

 private:
  static constexpr std::size_t k_usual = 12;  ///< as many as most messages have

  std::vector<Field> fields_;
};

/// ASCII case-insensitive equality, as header names and host names need it.
bool iequals(std::string_view a, std::string_view b);

/// Where the bytes of a streaming body come from. Single reader, io_context thread only.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// Fills the front of `buffer` (never empty) and returns how many bytes; 0 is the end. After an
  /// error or the end it is not called again. An error on a response that is being sent makes the
  /// server cut the connection, so that the receiver can tell a cut body from a complete one.
  virtual Task<Result<std::size_t>> read(std::span<char> buffer) = 0;
  /// The exact length when it is known before reading; otherwise the body is sent chunked.
  [[nodiscard]] virtual std::optional<std::uint64_t> length() const { return std::nullopt; }
  /// The trailer fields of a chunked body (RFC 9110, 6.5), once its end was read; null when there can be none.
  [[nodiscard]] virtual const Headers* trailers() const { return nullptr; }
};

/// A message body: bytes in memory, or a stream. Movable, read once.
class Body {
 public:
  Body() = default;
  Body(std::string bytes) : bytes_(std::move(bytes)) {}                     // NOLINT(google-explicit-constructor)
  Body(const char* text) : bytes_(text) {}                                  // NOLINT(google-explicit-constructor)
  Body(std::unique_ptr<BodySource> source) : source_(std::move(source)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool streaming() const { return source_ != nullptr; }
  [[nodiscard]] std::optional<std::uint64_t> length() const;
  /// The bytes of a body in memory. Must not be called on a stream.
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  Task<Result<std::size_t>> read(std::span<char> buffer);
  /// See BodySource::trailers.
  [[nodiscard]] const Headers* trailers() const { return source_ ? source_->trailers() : nullptr; }
  /// Everything that is left. Longer than `limit` bytes: ErrorKind::protocol.
  Task<Result<std::string>> read_all(std::size_t limit);

 private:
  std::string bytes_;
  std::size_t offset_ = 0;
  std::unique_ptr<BodySource> source_;
};

/// A request as a value. `path` and `query` stay percent-encoded as they stand on the wire: signatures
/// are over those bytes.
struct Request {
  std::string method = "GET";
  std::string scheme = "https";  ///< http or https
  std::string host;              ///< name or address, an IPv6 address in brackets, no port
  std::uint16_t port = 0;        ///< 0: the scheme's default
  std::string path = "/";
  std::string query;  ///< without the question mark
  Headers headers;    ///< a server fills them as received (Host among them)
  Body body;
  std::string peer_address;  ///< server side: the client's IP address
};

struct Response {
  int status = 200;
  Headers headers;
  Body body;
};

/// `host`, or `host:port` when the port is not the scheme's default: the value of the Host header.
std::string authority(const Request& request);

}  // namespace sortie::http
