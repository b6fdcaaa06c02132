// What the tests of a sandbox's network run inside.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "sandbox/sandbox_fixture.h"

namespace sortie::sandbox {
namespace {

using Arguments = std::vector<std::string>;

void print(const std::string& name, long result) {
  std::printf("%s %s\n", name.c_str(), result < 0 ? strerrorname_np(errno) : "ok");
  std::fflush(stdout);
}

sockaddr_in ipv4(const std::string& address, int port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, address.c_str(), &result.sin_addr);
  return result;
}

sockaddr_in6 ipv6(const std::string& address, int port) {
  sockaddr_in6 result{};
  result.sin6_family = AF_INET6;
  result.sin6_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET6, address.c_str(), &result.sin6_addr);
  return result;
}

template <class Address>
long connect_with(int fd, const Address& address, socklen_t size = sizeof(Address)) {
  return connect(fd, reinterpret_cast<const sockaddr*>(&address), size);
}

/// connect6 ADDRESS PORT
int connect6(const Arguments& arguments) {
  const int fd = socket(AF_INET6, SOCK_STREAM, 0);
  print("connect", connect_with(fd, ipv6(arguments.at(0), std::atoi(arguments.at(1).c_str()))));
  return 0;
}

/// A connection that does not block, on a socket that epoll watches already, and what the socket says of itself.
int watched_connect(const Arguments& arguments) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int poll = epoll_create1(0);
  epoll_event event{.events = EPOLLOUT | EPOLLET, .data = {}};
  epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
  const long result = connect_with(fd, ipv4(arguments.at(0), std::atoi(arguments.at(1).c_str())));
  if (result != 0 && errno != EINPROGRESS) print("connect", result);
  for (;;) {
    if (epoll_wait(poll, &event, 1, 10000) != 1) break;
    if ((event.events & EPOLLHUP) != 0) continue;  // as it was before the connection
    break;
  }
  int error = -1;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  std::printf("error %d blocking %d\n", error, (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
  return 0;
}

/// A server and a client of this sandbox, over TCP with both versions of IP and over UDP.
int talk_to_itself(const Arguments&) {
  for (const int family : {AF_INET, AF_INET6}) {
    const int server = socket(family, SOCK_STREAM, 0);
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const auto v4 = ipv4("127.0.0.1", 0);
    const auto v6 = ipv6("::1", 0);
    if (family == AF_INET) {
      bind(server, reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
    } else {
      bind(server, reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
    }
    listen(server, 1);
    getsockname(server, reinterpret_cast<sockaddr*>(&address), &size);
    const int client = socket(family, SOCK_STREAM, 0);
    print(family == AF_INET ? "tcp4" : "tcp6", connect(client, reinterpret_cast<sockaddr*>(&address), size));
  }
  const int server = socket(AF_INET, SOCK_DGRAM, 0);
  auto address = ipv4("127.0.0.1", 0);
  bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address);
  socklen_t size = sizeof address;
  getsockname(server, reinterpret_cast<sockaddr*>(&address), &size);
  const int client = socket(AF_INET, SOCK_DGRAM, 0);
  print("udp", sendto(client, "ask", 3, 0, reinterpret_cast<sockaddr*>(&address), sizeof address));
  char text[16] = {};
  sockaddr_in from{};
  size = sizeof from;
  recvfrom(server, text, sizeof text, 0, reinterpret_cast<sockaddr*>(&from), &size);
  print("answer", sendto(server, "answer", 6, 0, reinterpret_cast<sockaddr*>(&from), sizeof from));
  std::printf("%s\n", text);
  std::printf("%zd\n", recv(client, text, sizeof text, 0));
  return 0;
}

/// One query in each way that resolvers send it; the other side answers with what it got, turned round.
int ask(const Arguments& arguments) {
  const auto server = ipv4(arguments.at(0), 53);
  const auto mapped = ipv6("::ffff:" + arguments.at(0), 53);
  const auto answer = [](const char* name, int fd, const sockaddr_in* expected) {
    const timeval patience = {10, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    char text[16] = {};
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t n = recvfrom(fd, text, sizeof text - 1, 0, reinterpret_cast<sockaddr*>(&from), &size);
    const bool same = expected == nullptr || std::memcmp(&from, expected, sizeof from) == 0;
    std::printf("%s %s %s\n", name, n < 0 ? strerrorname_np(errno) : text, same ? "ok" : "from elsewhere");
    close(fd);
  };
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  connect_with(fd, server);
  send(fd, "abc", 3, 0);
  answer("connected", fd, nullptr);

  fd = socket(AF_INET6, SOCK_DGRAM, 0);
  connect_with(fd, mapped);
  send(fd, "abc", 3, 0);
  answer("mapped", fd, nullptr);

  fd = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in to = server;
  sendto(fd, "abc", 3, 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
  answer("sendto", fd, &to);

  iovec parts[2] = {{const_cast<char*>("a"), 1}, {const_cast<char*>("bc"), 2}};
  fd = socket(AF_INET, SOCK_DGRAM, 0);
  to = server;
  msghdr header{};
  header.msg_name = &to;
  header.msg_namelen = sizeof to;
  header.msg_iov = parts;
  header.msg_iovlen = 2;
  sendmsg(fd, &header, 0);
  answer("sendmsg", fd, &to);

  fd = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in second = server;
  mmsghdr messages[2] = {{header, 0}, {header, 0}};
  to = server;
  messages[1].msg_hdr.msg_name = &second;
  std::printf("sendmmsg %d", sendmmsg(fd, messages, 2, 0));
  std::printf(" %u %u\n", messages[0].msg_len, messages[1].msg_len);
  answer("sendmmsg", fd, &to);

  fd = socket(AF_INET, SOCK_DGRAM, 0);
  connect_with(fd, server);
  messages[0].msg_hdr.msg_name = messages[1].msg_hdr.msg_name = nullptr;
  messages[0].msg_hdr.msg_namelen = messages[1].msg_hdr.msg_namelen = 0;
  std::printf("sendmmsg %d\n", sendmmsg(fd, messages, 2, 0));
  answer("sendmmsg connected", fd, nullptr);
  return 0;
}

/// Arguments that make no sense.
int nonsense(const Arguments&) {
  const auto address = ipv4("8.8.8.8", 80);
  const auto* sa = reinterpret_cast<const sockaddr*>(&address);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int udp = socket(AF_INET, SOCK_DGRAM, 0);
  const auto* nowhere = reinterpret_cast<const sockaddr*>(8);
  print("null", connect(fd, nowhere, sizeof address));
  print("short", connect(fd, sa, 8));
  print("empty", connect(fd, sa, 0));
  print("negative", connect(fd, sa, static_cast<socklen_t>(-1)));
  print("huge", connect(fd, sa, 4096));
  print("closed", connect(999, sa, sizeof address));
  print("no socket", connect(0, sa, sizeof address));
  print("unspecified", [&] {
    const sockaddr none{};
    return connect(udp, &none, sizeof none);
  }());
  print("sendto null", sendto(udp, "x", 1, 0, nowhere, sizeof address));
  print("sendto unspecified family", [&] {
    sockaddr_in hidden = address;
    hidden.sin_family = AF_UNSPEC;
    return sendto(udp, "x", 1, 0, reinterpret_cast<sockaddr*>(&hidden), sizeof hidden);
  }());
  print("sendmsg null", sendmsg(udp, reinterpret_cast<const msghdr*>(8), 0));
  msghdr many{};
  many.msg_name = const_cast<sockaddr_in*>(&address);
  many.msg_namelen = sizeof address;
  many.msg_iovlen = 5000;
  print("parts", sendmsg(udp, &many, 0));
  print("fast open", sendto(fd, "x", 1, MSG_FASTOPEN, sa, sizeof address));
  return 0;
}

/// unix OUTSIDE: a socket of the host's; one of this sandbox's, in the current folder, by all kinds of names.
int unix_sockets(const Arguments& arguments) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto name = [&](const std::string& path) {
    std::snprintf(address.sun_path, sizeof address.sun_path, "%s", path.c_str());
  };
  const int client = socket(AF_UNIX, SOCK_STREAM, 0);
  name(arguments.at(0));
  print("outside", connect_with(client, address));
  name(arguments.at(1) + "/../../../../../../.." + arguments.at(0));
  print("round about", connect_with(client, address));
  const int server = socket(AF_UNIX, SOCK_STREAM, 0);
  name(arguments.at(1) + "/s");
  print("bind", bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address));
  listen(server, 8);
  print("inside", connect_with(client, address));
  socklen_t size = sizeof address;
  getpeername(client, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("peer %s\n", address.sun_path + arguments.at(1).size());
  if (chdir(arguments.at(1).c_str()) != 0) return 1;
  name("s");
  print("relative", connect_with(socket(AF_UNIX, SOCK_STREAM, 0), address));
  if (symlink(arguments.at(0).c_str(), "link") != 0) return 1;
  name("link");
  print("link", connect_with(socket(AF_UNIX, SOCK_STREAM, 0), address));
  return 0;
}

/// racing ADDRESS PORT BAD: one thread changes the address for ever while the other connects and sends.
int racing(const Arguments& arguments) {
  alignas(8) static sockaddr_in address = ipv4(arguments.at(0), std::atoi(arguments.at(1).c_str()));
  const in_addr good = address.sin_addr;
  const in_addr bad = ipv4(arguments.at(2), 0).sin_addr;
  std::atomic<bool> over = false;
  std::thread changer([&] {
    while (!over) {
      __atomic_store_n(&address.sin_addr.s_addr, bad.s_addr, __ATOMIC_RELAXED);
      __atomic_store_n(&address.sin_addr.s_addr, good.s_addr, __ATOMIC_RELAXED);
    }
  });
  int connected = 0, refused = 0, others = 0;
  for (int i = 0; i < 500; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect_with(fd, address) == 0) {
      ++connected;
    } else {
      ++(errno == ENETUNREACH || errno == ECONNREFUSED ? refused : others);
    }
    close(fd);
  }
  over = true;
  changer.join();
  std::printf("%s\n", connected + refused == 500 && others == 0 ? "judged" : "something else");
  return 0;
}

bool connects(const sockaddr_in& address) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in peer{};
  socklen_t size = sizeof peer;
  const bool done = connect_with(fd, address) == 0 && getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
  close(fd);
  return done;
}

bool child_connects(const sockaddr_in& address) {
  const pid_t child = fork();
  if (child == 0) _exit(connects(address) ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  return status == 0;
}

/// connect-from-everywhere ADDRESS PORT: the same descriptor is another socket each time.
int connect_from_everywhere(const Arguments& arguments) {
  const sockaddr_in address = ipv4(arguments.at(0), std::atoi(arguments.at(1).c_str()));
  std::atomic<int> done = 0;
  for (int i = 0; i < 20; ++i) {
    std::vector<std::thread> threads;
    for (int j = 0; j < 4; ++j) threads.emplace_back([&] { done += connects(address) ? 1 : 0; });
    done += child_connects(address) ? 1 : 0;
    done += connects(address) ? 1 : 0;
    for (std::thread& thread : threads) thread.join();
  }
  std::printf("%d\n", done.load());
  return 0;
}

/// die-while-connecting ADDRESS PORT: children that are killed at any time, and one whose connection waits.
int die_while_connecting(const Arguments& arguments) {
  const sockaddr_in address = ipv4(arguments.at(0), std::atoi(arguments.at(1).c_str()));
  sockaddr_in full = ipv4("127.0.0.1", 0);
  socklen_t size = sizeof full;
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  bind(server, reinterpret_cast<sockaddr*>(&full), size);
  listen(server, 0);
  getsockname(server, reinterpret_cast<sockaddr*>(&full), &size);
  for (int i = 0; i < 50; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      // Nobody accepts: the short queue is full at once, the long one never.
      for (int j = 0; j < 8; ++j) connect_with(socket(AF_INET, SOCK_STREAM, 0), i % 10 == 9 ? full : address);
      for (;;) pause();
    }
    usleep(static_cast<unsigned>(i * 100));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  std::printf("%s\n", connects(address) ? "still served" : strerrorname_np(errno));
  return 0;
}

}  // namespace

const Trades& network_trades() {
  static const Trades trades = {{"connect6", connect6},
                                {"watched-connect", watched_connect},
                                {"talk-to-itself", talk_to_itself},
                                {"ask", ask},
                                {"nonsense", nonsense},
                                {"unix-sockets", unix_sockets},
                                {"racing", racing},
                                {"connect-from-everywhere", connect_from_everywhere},
                                {"die-while-connecting", die_while_connecting}};
  return trades;
}

}  // namespace sortie::sandbox
