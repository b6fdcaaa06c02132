#include "sandbox/sandbox_fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>

namespace sortie::sandbox {
namespace {

Task<void> read_all(UniqueFd fd, std::string* text) {
  asio::posix::stream_descriptor stream(co_await asio::this_coro::executor, fd.release());
  boost::system::error_code error;
  char buffer[65536];
  while (!error) {
    const std::size_t n =
        co_await stream.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    text->append(buffer, n);
  }
}

Task<void> run_in(Sandbox* sandbox, Command command, Outcome* outcome) {
  outcome->started = co_await sandbox->start(std::move(command));
  if (!outcome->started) co_return;
  using namespace asio::experimental::awaitable_operators;  // NOLINT(google-build-using-namespace)
  outcome->status = co_await (sandbox->wait() && read_all(sandbox->take_stdout(), &outcome->out) &&
                              read_all(sandbox->take_stderr(), &outcome->err));
}

Task<void> start_in(Sandbox* sandbox, Command command, Result<void>* started) {
  *started = co_await sandbox->start(std::move(command));
}

Task<void> start_beside_in(Sandbox* sandbox, Command command, Result<std::unique_ptr<Companion>>* started) {
  *started = co_await sandbox->start_beside(std::move(command));
}

Task<void> open_socket_in(Sandbox* sandbox, Result<UniqueFd>* socket) {
  *socket = co_await sandbox->open_socket();
}

template <class Waited>
Task<void> wait_in(Waited* waited, ExitStatus* status) {
  *status = co_await waited->wait();
}

Command command_of(std::vector<std::string> argv) {
  return {std::move(argv), {{"PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}}, "/"};
}

}  // namespace

Box::Box(Spec spec, Kind kind) {
  spec.mounts.push_back({std::filesystem::read_symlink("/proc/self/exe"), "/var/task/inside"});
  const auto create = kind == Kind::plain ? create_plain : kind == Kind::confined ? create_confined : create_isolated;
  auto made = create(io_.get_executor(), std::move(spec));
  if (!made) throw std::runtime_error(describe(made.error()));
  sandbox_ = *std::move(made);
}

/// Not until there is no work left: a sandbox may have some of its own.
void Box::run_to_end(Task<void> task) {
  asio::co_spawn(io_, std::move(task), [this](const std::exception_ptr&) { io_.stop(); });
  io_.restart();
  io_.run();
}

Outcome Box::run(std::vector<std::string> argv) {
  Outcome outcome;
  run_to_end(run_in(sandbox_.get(), command_of(std::move(argv)), &outcome));
  return outcome;
}

Outcome Box::inside(const std::string& name, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"/var/task/inside", "--inside", name});
  return run(std::move(arguments));
}

Result<void> Box::start(std::vector<std::string> argv) {
  Result<void> started;
  run_to_end(start_in(sandbox_.get(), command_of(std::move(argv)), &started));
  return started;
}

Result<std::unique_ptr<Companion>> Box::start_beside(std::vector<std::string> argv) {
  Result<std::unique_ptr<Companion>> started;
  run_to_end(start_beside_in(sandbox_.get(), command_of(std::move(argv)), &started));
  return started;
}

ExitStatus Box::wait() {
  ExitStatus status;
  run_to_end(wait_in(sandbox_.get(), &status));
  return status;
}

Result<UniqueFd> Box::open_socket() {
  Result<UniqueFd> socket;
  run_to_end(open_socket_in(sandbox_.get(), &socket));
  return socket;
}

ExitStatus Box::wait(Companion& companion) {
  ExitStatus status;
  run_to_end(wait_in(&companion, &status));
  return status;
}

std::string command_line_of(const std::string& process_folder) {
  // Not a stream: a process that goes while it is read makes one throw.
  const UniqueFd file(open((process_folder + "/cmdline").c_str(), O_RDONLY | O_CLOEXEC));
  char text[4096];
  const ssize_t n = file ? read(file.get(), text, sizeof text) : 0;
  return {text, n > 0 ? static_cast<std::size_t>(n) : 0};
}

}  // namespace sortie::sandbox
