// The smallest Lambda runtime: answers every invocation with its payload. For measuring what is not the function.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

int connect_to(const char* address) {
  const char* colon = std::strchr(address, ':');
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(static_cast<std::uint16_t>(std::atoi(colon + 1)));
  inet_pton(AF_INET, std::string(address, colon).c_str(), &peer.sin_addr);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, reinterpret_cast<sockaddr*>(&peer), sizeof peer) != 0) std::exit(1);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

struct Answer {
  std::string request_id;
  std::string body;
};

std::string field(const std::string& head, const char* name) {
  const char* at = strcasestr(head.c_str(), name);
  if (at == nullptr) return {};
  at += std::strlen(name);
  while (*at == ' ') ++at;
  return {at, std::strcspn(at, "\r\n")};
}

/// One exchange; answers have a Content-Length.
Answer exchange(int fd, const std::string& request) {
  if (write(fd, request.data(), request.size()) != static_cast<ssize_t>(request.size())) std::exit(1);
  std::string bytes;
  char buffer[65536];
  std::size_t head_end = std::string::npos;
  std::size_t length = 0;
  while (head_end == std::string::npos || bytes.size() < head_end + 4 + length) {
    const ssize_t count = read(fd, buffer, sizeof buffer);
    if (count <= 0) std::exit(0);
    bytes.append(buffer, static_cast<std::size_t>(count));
    head_end = bytes.find("\r\n\r\n");
    if (head_end != std::string::npos)
      length = std::strtoul(field(bytes.substr(0, head_end + 2), "\nContent-Length:").c_str(), nullptr, 10);
  }
  return {field(bytes.substr(0, head_end + 2), "\nLambda-Runtime-Aws-Request-Id:"), bytes.substr(head_end + 4, length)};
}

}  // namespace

int main() {
  const char* api = std::getenv("AWS_LAMBDA_RUNTIME_API");
  const int fd = connect_to(api);
  const std::string host = std::string("Host: ") + api + "\r\n";
  for (;;) {
    const Answer next = exchange(fd, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n" + host + "\r\n");
    exchange(fd, "POST /2018-06-01/runtime/invocation/" + next.request_id + "/response HTTP/1.1\r\n" + host +
                     "Content-Length: " + std::to_string(next.body.size()) + "\r\n\r\n" + next.body);
  }
}
