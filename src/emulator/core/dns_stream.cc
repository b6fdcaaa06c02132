#include "emulator/core/dns_stream.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <list>

#include "base/deadline.h"

namespace sortie::emulator {
namespace {

using asio::ip::tcp;

constexpr auto k_idle_limit = std::chrono::seconds(30);
constexpr std::size_t k_most_connections = 64;
constexpr std::size_t k_header_bytes = 12;
constexpr auto k_awaited = asio::as_tuple(asio::use_awaitable);

Error network_error(const boost::system::error_code& error) {
  return fail(ErrorKind::network, error.message()).error();
}

Task<Result<std::string>> read_message(tcp::socket& socket) {
  std::array<unsigned char, 2> size{};
  const auto [cut, count] = co_await asio::async_read(socket, asio::buffer(size), k_awaited);
  if (cut) co_return std::unexpected(network_error(cut));
  std::string message(static_cast<std::size_t>(size[0]) << 8 | size[1], '\0');
  const auto [error, read] = co_await asio::async_read(socket, asio::buffer(message), k_awaited);
  if (error) co_return std::unexpected(network_error(error));
  co_return message;
}

Task<Result<void>> write_message(tcp::socket& socket, std::string message) {
  std::string bytes{static_cast<char>(message.size() >> 8), static_cast<char>(message.size() & 0xff)};
  bytes += message;
  const auto [error, count] = co_await asio::async_write(socket, asio::buffer(bytes), k_awaited);
  if (error) co_return std::unexpected(network_error(error));
  co_return Result<void>{};
}

}  // namespace

struct DnsStreamServer::Impl {
  Impl(const Executor& executor, int fd, AnswerDns the_answer)
      : acceptor(executor, tcp::v4(), fd), answer(std::move(the_answer)) {}

  static Task<void> accept(std::shared_ptr<Impl> impl) {
    while (impl->acceptor.is_open()) {
      auto [error, connection] = co_await impl->acceptor.async_accept(k_awaited);
      if (!impl->acceptor.is_open()) co_return;
      if (error || impl->connections.size() >= k_most_connections) continue;
      const auto place = impl->connections.insert(impl->connections.end(), std::move(connection));
      asio::co_spawn(impl->acceptor.get_executor(), serve(impl, place), asio::detached);
    }
  }

  static Task<void> serve(std::shared_ptr<Impl> impl, std::list<tcp::socket>::iterator connection) {
    for (;;) {
      auto query = co_await with_deadline(deadline_in(k_idle_limit), read_message(*connection), "idle");
      if (!query || query->size() < k_header_bytes || !impl->acceptor.is_open()) break;
      std::string answer = co_await impl->answer(*std::move(query));
      if (answer.empty()) break;
      if (!co_await with_deadline(deadline_in(k_idle_limit), write_message(*connection, std::move(answer)), "full")) {
        break;
      }
    }
    impl->connections.erase(connection);
  }

  void close() {
    boost::system::error_code ignored;
    acceptor.close(ignored);
    for (tcp::socket& connection : connections) connection.close(ignored);
  }

  tcp::acceptor acceptor;
  AnswerDns answer;
  std::list<tcp::socket> connections;
};

DnsStreamServer::DnsStreamServer(Executor executor, UniqueFd listener, AnswerDns answer)
    : impl_(std::make_shared<Impl>(executor, listener.release(), std::move(answer))) {
  asio::co_spawn(executor, Impl::accept(impl_), asio::detached);
}

DnsStreamServer::~DnsStreamServer() {
  impl_->close();
}

Task<Result<std::string>> ask_dns_over_tcp(std::string address, std::uint16_t port, std::string query) {
  boost::system::error_code invalid;
  const tcp::endpoint server(asio::ip::make_address(address, invalid), port);
  if (invalid) co_return std::unexpected(network_error(invalid));
  tcp::socket socket(co_await asio::this_coro::executor);
  const auto [error] = co_await socket.async_connect(server, k_awaited);
  if (error) co_return std::unexpected(network_error(error));
  CO_RETURN_IF_ERROR(co_await write_message(socket, query));
  ASSIGN_OR_CO_RETURN(std::string answer, co_await read_message(socket));
  if (answer.size() < k_header_bytes || answer.compare(0, 2, query, 0, 2) != 0) {
    co_return fail(ErrorKind::protocol, "an answer to another question");
  }
  co_return answer;
}

}  // namespace sortie::emulator
