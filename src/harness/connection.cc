#include "harness/connection.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace sortie::harness {
namespace {

constexpr std::size_t k_header_limit = 64 * 1024;
constexpr std::size_t k_body_limit = 8UL << 20;
constexpr int k_connect_attempts = 50;
constexpr useconds_t k_connect_pause_us = 20'000;

std::unexpected<Error> network_error(std::string_view what) {
  return fail(ErrorKind::network, std::string(what) + ": " + std::strerror(errno));
}

Result<std::size_t> parse_size(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || value > k_body_limit) {
    return fail(ErrorKind::protocol, "an answer's length is not a number up to 8 MiB");
  }
  return value;
}

Result<sockaddr_in> parse_authority(const std::string& authority) {
  const std::size_t colon = authority.rfind(':');
  std::string host = authority.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  sockaddr_in address{};
  address.sin_family = AF_INET;
  unsigned port = 80;
  bool good = inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1;
  if (colon != std::string::npos) {
    const char* end = authority.data() + authority.size();
    const auto parsed = std::from_chars(authority.data() + colon + 1, end, port);
    good = good && parsed.ec == std::errc() && parsed.ptr == end && port > 0 && port < 65536;
  }
  if (!good) return fail(ErrorKind::config, "AWS_LAMBDA_RUNTIME_API is not an address: " + authority);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

}  // namespace

Result<void> Connection::connect_once() {
  ASSIGN_OR_RETURN(const sockaddr_in address, parse_authority(authority_));
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return network_error("socket");
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return network_error("connect to " + authority_);
  }
  received_.clear();
  socket_ = std::move(socket);
  return {};
}

Result<void> Connection::open() {
  if (socket_) {
    // An idle connection that is readable has been closed by the other side.
    pollfd idle{socket_.get(), POLLIN, 0};
    if (::poll(&idle, 1, 0) == 0) return {};
    socket_.reset();
  }
  Result<void> connected = connect_once();
  for (int attempt = 1; !connected && connected.error().kind == ErrorKind::network && attempt < k_connect_attempts;
       ++attempt) {
    ::usleep(k_connect_pause_us);
    connected = connect_once();
  }
  return connected;
}

Result<void> Connection::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return network_error("send");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<std::size_t> Connection::send_some(std::string_view bytes) {
  const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count >= 0) return static_cast<std::size_t>(count);
  if (errno == EAGAIN || errno == EINTR) return 0;
  return network_error("send");
}

Result<void> Connection::receive_more() {
  char buffer[16 * 1024];
  ssize_t count = 0;
  do {
    count = ::recv(socket_.get(), buffer, sizeof buffer, 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return network_error("receive");
  if (count == 0) return fail(ErrorKind::network, "the connection was closed");
  received_.append(buffer, static_cast<std::size_t>(count));
  return {};
}

Result<std::string> Connection::receive_line() {
  std::size_t newline = 0;
  while ((newline = received_.find("\r\n")) == std::string::npos) {
    if (received_.size() > k_header_limit) return fail(ErrorKind::protocol, "an answer's header is too long");
    RETURN_IF_ERROR(receive_more());
  }
  std::string line = received_.substr(0, newline);
  received_.erase(0, newline + 2);
  return line;
}

Result<void> Connection::receive_exactly(std::size_t count, std::string& into) {
  while (received_.size() < count) RETURN_IF_ERROR(receive_more());
  into.append(received_, 0, count);
  received_.erase(0, count);
  return {};
}

Result<void> Connection::receive_chunks(std::string& body) {
  while (true) {
    ASSIGN_OR_RETURN(const std::string line, receive_line());
    ASSIGN_OR_RETURN(const std::size_t size, parse_size(line.substr(0, line.find(';')), 16));
    if (size == 0) break;
    if (body.size() + size > k_body_limit) return fail(ErrorKind::protocol, "an answer is larger than 8 MiB");
    RETURN_IF_ERROR(receive_exactly(size, body));
    ASSIGN_OR_RETURN(const std::string end, receive_line());
    if (!end.empty()) return fail(ErrorKind::protocol, "a chunk is longer than it says");
  }
  while (true) {
    ASSIGN_OR_RETURN(const std::string trailer, receive_line());
    if (trailer.empty()) return {};
  }
}

Result<HttpAnswer> Connection::receive() {
  HttpAnswer answer;
  do {  // 1xx answers come before the real one
    answer = {};
    ASSIGN_OR_RETURN(const std::string status, receive_line());
    if (!status.starts_with("HTTP/1.") || status.size() < 12) {
      return fail(ErrorKind::protocol, "the answer is not HTTP/1.1");
    }
    std::from_chars(status.data() + 9, status.data() + 12, answer.status);
    std::size_t header_size = 0;
    while (true) {
      ASSIGN_OR_RETURN(const std::string line, receive_line());
      if (line.empty()) break;
      header_size += line.size();
      if (header_size > k_header_limit) return fail(ErrorKind::protocol, "an answer's header is too long");
      const std::size_t colon = line.find(':');
      if (colon == std::string::npos) return fail(ErrorKind::protocol, "a header line has no colon");
      std::string name = line.substr(0, colon);
      for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
      const std::size_t value = line.find_first_not_of(" \t", colon + 1);
      const std::size_t last = line.find_last_not_of(" \t");
      answer.headers[name] = value == std::string::npos ? std::string() : line.substr(value, last - value + 1);
    }
  } while (answer.status >= 100 && answer.status < 200);

  if (answer.header("transfer-encoding") == "chunked") {
    RETURN_IF_ERROR(receive_chunks(answer.body));
  } else if (const std::string length = answer.header("content-length"); !length.empty()) {
    ASSIGN_OR_RETURN(const std::size_t size, parse_size(length, 10));
    RETURN_IF_ERROR(receive_exactly(size, answer.body));
  } else if (answer.status != 204 && answer.status != 304) {
    return fail(ErrorKind::protocol, "the answer does not say how long it is");
  }
  if (answer.header("connection") == "close") socket_.reset();
  return answer;
}

Result<HttpAnswer> Connection::exchange(const std::string& request) {
  const bool kept = is_open();
  RETURN_IF_ERROR(open());
  auto attempt = [&]() -> Result<HttpAnswer> {
    RETURN_IF_ERROR(send_all(request));
    return receive();
  };
  Result<HttpAnswer> answer = attempt();
  if (!answer && kept && answer.error().kind == ErrorKind::network) {
    close();
    RETURN_IF_ERROR(open());
    answer = attempt();
  }
  if (!answer) close();
  return answer;
}

}  // namespace sortie::harness
