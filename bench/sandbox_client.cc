// What the sandbox benchmark runs inside: a static program, as Lambda's native runtimes are, that makes one request;
// or, with an address, a port and a number, so many connections, and prints the median of their microseconds.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

int connect_to(const char* address, int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, address, &target.sin_addr);
  return connect(fd, reinterpret_cast<sockaddr*>(&target), sizeof target) == 0 ? fd : -1;
}

int connect_often(const char* address, int port, int count) {
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const int fd = connect_to(address, port);
    times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
    if (fd < 0) return 1;
    close(fd);
  }
  std::ranges::nth_element(times, times.begin() + count / 2);
  std::printf("%f\n", times[static_cast<std::size_t>(count) / 2]);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4) return connect_often(argv[1], std::atoi(argv[2]), std::atoi(argv[3]));
  const int fd = connect_to("169.254.100.1", 9001);
  char byte = 0;
  return fd >= 0 && read(fd, &byte, 1) == 0 ? 0 : 1;
}
