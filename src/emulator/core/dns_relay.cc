#include "emulator/core/dns_relay.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "base/deadline.h"
#include "emulator/core/dns.h"
#include "emulator/core/dns_stream.h"

namespace sortie::emulator {
namespace {

using asio::ip::tcp;
using asio::ip::udp;

constexpr auto k_patience = std::chrono::seconds(5);
constexpr std::size_t k_most_under_way = 256;
constexpr std::size_t k_most_servers = 3;  ///< resolv.conf(5), MAXNS
constexpr std::size_t k_header_bytes = 12;
constexpr std::size_t k_largest_datagram = 4096;  ///< what resolvers offer in EDNS at most
constexpr auto k_awaited = asio::as_tuple(asio::use_awaitable);

bool has_id_of(std::string_view answer, std::string_view query) {
  return answer.size() >= k_header_bytes && answer.substr(0, 2) == query.substr(0, 2);
}

Error network_error(const boost::system::error_code& error) {
  return fail(ErrorKind::network, error.message()).error();
}

Task<Result<std::string>> ask_over_udp(std::string address, std::uint16_t port, std::string query) {
  udp::socket socket(co_await asio::this_coro::executor);
  boost::system::error_code error;
  const udp::endpoint server(asio::ip::make_address(address, error), port);
  if (!error) socket.connect(server, error);
  if (!error) socket.send(asio::buffer(query), 0, error);
  if (error) co_return std::unexpected(network_error(error));
  std::string answer(k_largest_datagram, '\0');
  for (;;) {
    const auto [failed, size] = co_await socket.async_receive(asio::buffer(answer), k_awaited);
    if (failed) co_return std::unexpected(network_error(failed));
    if (has_id_of(std::string_view(answer).substr(0, size), query)) co_return answer.substr(0, size);
  }
}

}  // namespace

std::vector<NameServer> name_servers_of(std::string_view resolv_conf) {
  std::vector<NameServer> servers;
  while (!resolv_conf.empty() && servers.size() < k_most_servers) {
    std::string_view line = resolv_conf.substr(0, resolv_conf.find('\n'));
    resolv_conf.remove_prefix(std::min(resolv_conf.size(), line.size() + 1));
    constexpr std::string_view k_word = "nameserver";
    if (!line.starts_with(k_word)) continue;
    line.remove_prefix(k_word.size());
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == 0 || begin == std::string_view::npos) continue;
    line = line.substr(begin);
    std::string address(line.substr(0, line.find_first_of(" \t\r#;")));
    boost::system::error_code error;
    asio::ip::make_address(address, error);
    if (!error) servers.push_back({.address = std::move(address)});
  }
  if (servers.empty()) servers.push_back({.address = "127.0.0.1"});
  return servers;
}

struct DnsRelay::Impl : std::enable_shared_from_this<Impl> {
  Impl(const Executor& executor, NameAddresses& addresses, std::vector<NameServer> upstream)
      : socket(executor), names(addresses), servers(std::move(upstream)) {}

  Result<void> open() {
    boost::system::error_code error;
    const auto loopback = asio::ip::address_v4::loopback();
    tcp::acceptor acceptor(socket.get_executor());
    socket.open(udp::v4(), error);
    if (!error) socket.bind({loopback, 0}, error);
    if (!error) acceptor.open(tcp::v4(), error);
    if (!error) acceptor.bind({loopback, 0}, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return std::unexpected(wrap(network_error(error), "serve names on 127.0.0.1"));
    tcp_port = acceptor.local_endpoint().port();
    UniqueFd listener(acceptor.release(error));
    stream = std::make_unique<DnsStreamServer>(
        socket.get_executor(), std::move(listener),
        [weak = weak_from_this()](std::string query) { return answer_stream(weak.lock(), std::move(query)); });
    return {};
  }

  [[nodiscard]] std::optional<std::string> own_answer(std::string_view query) {
    if (!asks_for_own_name(query)) return std::nullopt;
    return answer_dns(query, [this](std::string_view name) { return names.of(name); });
  }

  /// Of the first server that answers.
  template <class Ask>
  Task<std::string> relayed(std::string query, Ask ask) {
    for (const NameServer& server : std::vector(servers)) {
      const auto patience = k_patience / static_cast<int>(servers.size());
      auto answer = co_await with_deadline(deadline_in(patience), ask(server.address, server.port, query), "no answer");
      if (answer) co_return *std::move(answer);
    }
    co_return dns_failure(query);
  }

  static Task<std::string> answer_stream(std::shared_ptr<Impl> impl, std::string query) {
    if (auto answer = impl->own_answer(query)) co_return *std::move(answer);
    co_return co_await impl->relayed(std::move(query), ask_dns_over_tcp);
  }

  static Task<void> serve_datagrams(std::shared_ptr<Impl> impl) {
    std::string buffer(k_largest_datagram, '\0');
    udp::endpoint sender;
    while (impl->socket.is_open()) {
      const auto [error, size] = co_await impl->socket.async_receive_from(asio::buffer(buffer), sender, k_awaited);
      if (!impl->socket.is_open()) co_return;
      if (error || size < k_header_bytes) continue;  // a peer's port was closed: the next receive reports it
      std::string query = buffer.substr(0, size);
      if (const auto answer = impl->own_answer(query)) {
        impl->send(*answer, sender);
      } else if (impl->under_way < k_most_under_way) {
        asio::co_spawn(impl->socket.get_executor(), relay_datagram(impl, std::move(query), sender), asio::detached);
      }
    }
  }

  static Task<void> relay_datagram(std::shared_ptr<Impl> impl, std::string query, udp::endpoint sender) {
    ++impl->under_way;
    const std::string answer = co_await impl->relayed(std::move(query), ask_over_udp);
    --impl->under_way;
    impl->send(answer, sender);
  }

  void send(const std::string& answer, const udp::endpoint& to) {
    boost::system::error_code ignored;
    // A full socket buffer loses the datagram, as a network would; the client asks again.
    if (socket.is_open()) socket.send_to(asio::buffer(answer), to, MSG_DONTWAIT, ignored);
  }

  udp::socket socket;
  std::uint16_t tcp_port = 0;
  std::unique_ptr<DnsStreamServer> stream;
  NameAddresses& names;  ///< not used once the sockets are closed
  std::vector<NameServer> servers;
  std::size_t under_way = 0;
};

DnsRelay::DnsRelay(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<DnsRelay>> DnsRelay::start(Executor executor, NameAddresses& names,
                                                  std::vector<NameServer> servers) {
  auto impl = std::make_shared<Impl>(executor, names, std::move(servers));
  RETURN_IF_ERROR(impl->open());
  asio::co_spawn(executor, Impl::serve_datagrams(impl), asio::detached);
  return std::unique_ptr<DnsRelay>(new DnsRelay(std::move(impl)));
}

DnsRelay::~DnsRelay() {
  boost::system::error_code ignored;
  impl_->socket.close(ignored);
  impl_->stream.reset();
}

std::uint16_t DnsRelay::udp_port() const {
  return impl_->socket.local_endpoint().port();
}

std::uint16_t DnsRelay::tcp_port() const {
  return impl_->tcp_port;
}

}  // namespace sortie::emulator
