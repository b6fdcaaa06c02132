#include "http/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <map>

#include "base/signal.h"
#include "http/server_connection.h"
#include "http/tls_contexts.h"

namespace sortie::http {

namespace {

constexpr int k_backlog = 1024;
/// How long accepting rests when the process is out of descriptors or memory.
constexpr auto k_accept_rest = std::chrono::milliseconds(100);

struct Listener {
  Listener(const Executor& executor, int fd) : descriptor(executor, fd) {}
  asio::posix::stream_descriptor descriptor;
  Origin origin;
};

/// The IP address in text, IPv4 also where a dual-stack socket reports it mapped; empty for other families.
std::string text_of(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  int family = address.ss_family;
  if (family == AF_INET) bytes = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  if (family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    bytes = &v6;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
      family = AF_INET;
      bytes = &v6.s6_addr[12];
    }
  }
  if (bytes == nullptr || inet_ntop(family, bytes, text.data(), text.size()) == nullptr) return {};
  return text.data();
}

/// Whether a connection waits to be accepted.
bool is_readable(int listening_socket) {
  pollfd waiting{listening_socket, POLLIN, 0};
  return ::poll(&waiting, 1, 0) > 0 && (waiting.revents & POLLIN) != 0;
}

bool is_out_of_resources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

struct Bound {
  UniqueFd fd;
  std::uint16_t port = 0;
};

Result<Bound> bind_and_listen(const std::string& address, std::uint16_t port) {
  boost::system::error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error) return fail(ErrorKind::config, "not an IP address: " + address);
  sockaddr_storage storage{};
  socklen_t size = 0;
  if (ip.is_v4()) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr.s_addr = htonl(ip.to_v4().to_uint());
    size = sizeof v4;
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    const auto bytes = ip.to_v6().to_bytes();
    std::copy(bytes.begin(), bytes.end(), v6.sin6_addr.s6_addr);
    v6.sin6_scope_id = static_cast<std::uint32_t>(ip.to_v6().scope_id());
    size = sizeof v6;
  }
  const auto failed = [&] { return fail_errno(errno, "listen on " + address + " port " + std::to_string(port)); };
  Bound bound{UniqueFd(::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))};
  if (!bound.fd) return failed();
  const int on = 1;
  ::setsockopt(bound.fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  auto* generic = reinterpret_cast<sockaddr*>(&storage);
  if (::bind(bound.fd.get(), generic, size) != 0 || ::listen(bound.fd.get(), k_backlog) != 0) return failed();
  if (::getsockname(bound.fd.get(), generic, &size) != 0) return failed();
  // The port is at the same place in both families.
  bound.port = ntohs(reinterpret_cast<sockaddr_in&>(storage).sin_port);
  return bound;
}

}  // namespace

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
  Impl(Executor io, ServerLimits given)
      : executor(std::move(io)), limits(given), deadlines(std::make_shared<Deadlines>(executor)), slot_free(executor) {}

  std::uint64_t add(UniqueFd fd, Service& service, CertificateAuthority* tls);
  void remove(std::uint64_t id);
  void stop();
  void take(int fd, const Listener& listener, const sockaddr_storage& peer);
  /// Ends the connection that has waited longest for a request. False when there is none.
  bool make_room();
  static Task<void> wait_for_slot(std::shared_ptr<Impl> self, std::shared_ptr<Listener> listener);
  static Task<void> accept_all(std::shared_ptr<Impl> self, std::shared_ptr<Listener> listener);
  static Task<void> rest(std::shared_ptr<Impl> self);

  const Executor executor;
  const ServerLimits limits;
  const std::shared_ptr<Deadlines> deadlines;
  std::map<std::uint64_t, std::shared_ptr<Listener>> listeners;
  boost::intrusive::list<ServerConnection, boost::intrusive::constant_time_size<false>> connections;
  std::size_t connection_count = 0;
  std::uint64_t next_listener = 1;
  Signal slot_free;  ///< notified when a connection closes
};

std::uint64_t Server::Impl::add(UniqueFd fd, Service& service, CertificateAuthority* tls) {
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
  const std::uint64_t id = next_listener++;
  auto listener = std::make_shared<Listener>(executor, fd.release());
  listener->origin.service = &service;
  listener->origin.tls = tls != nullptr ? server_context(*tls) : nullptr;
  listener->origin.scheme = tls != nullptr ? "https" : "http";
  listener->origin.listener = id;
  listeners.emplace(id, listener);
  asio::co_spawn(executor, accept_all(shared_from_this(), std::move(listener)), asio::detached);
  return id;
}

Task<void> Server::Impl::accept_all(std::shared_ptr<Impl> self, std::shared_ptr<Listener> listener) {
  while (listener->descriptor.is_open()) {
    if (self->connection_count >= self->limits.connections) {
      co_await wait_for_slot(self, listener);
      continue;
    }
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    const int fd = ::accept4(listener->descriptor.native_handle(), reinterpret_cast<sockaddr*>(&peer), &size,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      self->take(fd, *listener, peer);
      continue;
    }
    const int error = errno;
    if (error == EAGAIN || error == EWOULDBLOCK) {
      co_await listener->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                               asio::as_tuple(asio::use_awaitable));
    } else if (is_out_of_resources(error)) {
      if (!self->make_room()) co_await rest(self);
    } else if (error == EBADF || error == EINVAL || error == ENOTSOCK) {
      co_return;
    }  // anything else concerns the one connection that was not made
  }
}

/// Makes room only for who is there.
Task<void> Server::Impl::wait_for_slot(std::shared_ptr<Impl> self, std::shared_ptr<Listener> listener) {
  co_await listener->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                           asio::as_tuple(asio::use_awaitable));
  if (self->connection_count < self->limits.connections || !listener->descriptor.is_open()) co_return;
  // The wait may have ended for a connection that was accepted before it began.
  if (!is_readable(listener->descriptor.native_handle())) co_return;
  self->make_room();
  if (self->connection_count < self->limits.connections) co_return;
  co_await self->slot_free.wait();
}

bool Server::Impl::make_room() {
  ServerConnection* longest = nullptr;
  for (ServerConnection& connection : connections) {
    const auto waiting = connection.waiting();
    if (waiting && (longest == nullptr || *waiting < *longest->waiting())) longest = &connection;
  }
  if (longest != nullptr) longest->abort();
  return longest != nullptr;
}

Task<void> Server::Impl::rest(std::shared_ptr<Impl> self) {
  asio::steady_timer timer(self->executor, k_accept_rest);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

void Server::Impl::take(int fd, const Listener& listener, const sockaddr_storage& peer) {
  UniqueFd owned(fd);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  Transport::Socket socket(executor);
  boost::system::error_code error;
  socket.assign({peer.ss_family, 0}, fd, error);
  if (error) return;
  static_cast<void>(owned.release());
  auto connection =
      std::make_shared<ServerConnection>(std::move(socket), deadlines, limits, listener.origin, text_of(peer));
  connections.push_back(*connection);
  ++connection_count;
  connection->start([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    --self->connection_count;
    self->slot_free.notify();
  });
}

void Server::Impl::remove(std::uint64_t id) {
  const auto found = listeners.find(id);
  if (found == listeners.end()) return;
  boost::system::error_code ignored;
  found->second->descriptor.close(ignored);
  listeners.erase(found);
  slot_free.notify();
  for (ServerConnection& connection : connections) {
    if (connection.listener() == id) connection.abort();
  }
}

void Server::Impl::stop() {
  while (!listeners.empty()) remove(listeners.begin()->first);
}

Server::Server(Executor executor, ServerLimits limits) : impl_(std::make_shared<Impl>(std::move(executor), limits)) {}

Server::~Server() {
  impl_->stop();
}

Result<std::uint16_t> Server::listen(const std::string& address, std::uint16_t port, Service& service) {
  ASSIGN_OR_RETURN(Bound bound, bind_and_listen(address, port));
  impl_->add(std::move(bound.fd), service, nullptr);
  return bound.port;
}

Result<std::uint16_t> Server::listen_tls(const std::string& address, std::uint16_t port, Service& service,
                                         CertificateAuthority& tls) {
  ASSIGN_OR_RETURN(Bound bound, bind_and_listen(address, port));
  impl_->add(std::move(bound.fd), service, &tls);
  return bound.port;
}

std::uint64_t Server::adopt(UniqueFd listening_socket, Service& service, CertificateAuthority* tls) {
  return impl_->add(std::move(listening_socket), service, tls);
}

void Server::remove(std::uint64_t listener) {
  impl_->remove(listener);
}

}  // namespace sortie::http
