// Bytes as a client may send them, over a socket pair, to a server whose service reads every body: nothing may crash,
// and the connection must end.
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "http/server.h"
#include "http/server_connection.h"

namespace {

using namespace sortie;
using namespace sortie::http;

class ReadAll final : public Service {
 public:
  Task<Result<Response>> handle(Request request) override {
    ASSIGN_OR_CO_RETURN(std::string bytes, co_await request.body.read_all(1 << 20));
    co_return Response{.body = std::move(bytes)};
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  int ends[2];
  if (size > 60'000 || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) return 0;
  if (::write(ends[0], data, size) != static_cast<ssize_t>(size)) std::abort();
  ::shutdown(ends[0], SHUT_WR);

  ReadAll service;
  asio::io_context io(1);
  Transport::Socket socket(io);
  socket.assign({AF_UNIX, 0}, ends[1]);
  Origin origin{.service = &service, .scheme = "http"};
  const ServerLimits limits{.header_bytes = 4096, .body_bytes = 8192};
  auto session = std::make_shared<Session>(std::move(socket), std::make_shared<Deadlines>(io.get_executor()), limits,
                                           std::move(origin), "127.0.0.1");
  bool ended = false;
  session->start([&] { ended = true; });
  session.reset();
  while (!ended && io.run_one_for(std::chrono::seconds(10)) > 0) {
  }
  if (!ended) std::abort();
  ::close(ends[0]);
  return 0;
}
