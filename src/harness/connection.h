#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"

namespace sortie::harness {

using TimePoint = std::chrono::steady_clock::time_point;

/// An HTTP/1.1 answer (RFC 9112). Header names are lower-case.
struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;
  std::string body;
  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

/// One HTTP/1.1 client connection, kept alive between requests and made again when the other side has closed it.
/// Blocking, except for `send_some`. Limits: 64 KiB of headers, 8 MiB of body.
class Connection {
 public:
  /// `authority`: `host:port`, the host an IPv4 address or `localhost`.
  explicit Connection(std::string authority) : authority_(std::move(authority)) {}

  /// Makes sure that a request can be sent. Tries for some seconds: the other side may be starting.
  Result<void> open();
  void close() { socket_.reset(); }
  [[nodiscard]] bool is_open() const { return static_cast<bool>(socket_); }
  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] const std::string& authority() const { return authority_; }

  Result<void> send_all(std::string_view bytes);
  /// What the socket takes now: 0 to all. ErrorKind::network when the connection is gone.
  Result<std::size_t> send_some(std::string_view bytes);
  /// Waits for the whole answer as long as it takes.
  Result<HttpAnswer> receive();
  /// One request, sent again once when a kept connection turns out to be dead.
  Result<HttpAnswer> exchange(const std::string& request);

 private:
  Result<void> connect_once();
  Result<void> receive_more();
  Result<std::string> receive_line();
  Result<void> receive_exactly(std::size_t count, std::string& into);
  Result<void> receive_chunks(std::string& body);

  std::string authority_;
  UniqueFd socket_;
  std::string received_;
};

}  // namespace sortie::harness
