// The cold start of a sandbox, from its creation to the first connection that its program makes, beside what else
// starts a program on this machine; and what a connection costs where it is redirected. All are measured in turn in the
// same loop, so that they meet the same machine.
#include <benchmark/benchmark.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/sandbox.h"
#include "sandbox/sandbox_impl.h"

namespace sortie::sandbox {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

[[noreturn]] void die(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(1);
}

Spec client_spec() {
  Spec spec;
  spec.mounts.push_back({SORTIE_CLIENT_FOLDER, "/var/task"});
  spec.listen.push_back({"169.254.100.1", 9001});
  return spec;
}

struct Times {
  double create_us = 0;
  double first_request_us = 0;
  double destroy_us = 0;
};

using Create = Result<std::unique_ptr<Sandbox>> (*)(Executor, Spec);

Task<void> start_client(Executor executor, Create create, Times* times, std::unique_ptr<Sandbox>* kept,
                        SteadyClock::time_point begin) {
  auto made = create(executor, client_spec());
  if (!made) die(describe(made.error()));
  times->create_us = Microseconds(SteadyClock::now() - begin).count();
  *kept = std::move(*made);
  const auto started =
      co_await (*kept)->start(Command{.argv = {(*kept)->inside_path("/var/task") + "/sandbox_client"}});
  if (!started) die(describe(started.error()));
  auto listeners = (*kept)->take_listeners();
  asio::posix::stream_descriptor listener(executor, listeners[0].release());
  co_await listener.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
  const UniqueFd connection(accept4(listener.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
  times->first_request_us = Microseconds(SteadyClock::now() - begin).count();
}

/// Not until there is no work left: a sandbox may have some of its own.
void run_to_end(asio::io_context& context, Task<void> task) {
  asio::co_spawn(context, std::move(task), [&context](const std::exception_ptr&) { context.stop(); });
  context.run();
}

/// Between cold starts an engine has time for what it makes ahead.
constexpr std::chrono::milliseconds k_rest(15);

Times cold_start(Create create) {
  static asio::io_context context;
  context.restart();
  context.run_for(k_rest);
  context.restart();
  Times times;
  std::unique_ptr<Sandbox> sandbox;
  run_to_end(context, start_client(context.get_executor(), create, &times, &sandbox, SteadyClock::now()));
  const auto begin = SteadyClock::now();
  sandbox.reset();
  times.destroy_us = Microseconds(SteadyClock::now() - begin).count();
  return times;
}

double spawn(std::vector<const char*> arguments) {
  arguments.push_back(nullptr);
  const auto begin = SteadyClock::now();
  pid_t pid = 0;
  int status = 0;
  if (posix_spawnp(&pid, arguments[0], nullptr, nullptr, const_cast<char**>(arguments.data()), environ) != 0) return 0;
  waitpid(pid, &status, 0);
  return status == 0 ? Microseconds(SteadyClock::now() - begin).count() : 0;
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

void cold_start_beside_bwrap(benchmark::State& state, Create how) {
  std::vector<double> create, first, destroy, bwrap, plain;
  cold_start(how);  // makes the template; reported by itself below
  for (auto _ : state) {
    const Times times = cold_start(how);
    create.push_back(times.create_us);
    first.push_back(times.first_request_us);
    destroy.push_back(times.destroy_us);
    bwrap.push_back(spawn({"bwrap", "--unshare-all", "--ro-bind", "/", "/", "/bin/true"}));
    plain.push_back(spawn({"/bin/true"}));
  }
  state.counters["create_us"] = median(create);
  state.counters["first_request_us"] = median(first);
  state.counters["destroy_us"] = median(destroy);
  state.counters["bwrap_us"] = median(bwrap);
  state.counters["true_us"] = median(plain);
  state.counters["of_bwrap"] = median(first) / median(bwrap);
}
BENCHMARK_CAPTURE(cold_start_beside_bwrap, namespaces, create_isolated)->Iterations(200)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(cold_start_beside_bwrap, seccomp, create_confined)->Iterations(200)->Unit(benchmark::kMicrosecond);

constexpr const char* k_connections = "200";

/// Takes connections as they come.
Task<void> accept_all(asio::posix::stream_descriptor* listener) {
  for (;;) {
    co_await listener->async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    UniqueFd connection;
    do {
      connection.reset(accept4(listener->native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    } while (connection);
  }
}

Task<void> connect_often(Executor executor, Create create, double* median_us) {
  auto made = create(executor, client_spec());
  if (!made) die(describe(made.error()));
  Sandbox& sandbox = **made;
  auto listeners = sandbox.take_listeners();
  asio::posix::stream_descriptor listener(executor, listeners[0].release());
  asio::co_spawn(executor, accept_all(&listener), asio::detached);
  const ListenAddress at = sandbox.address(0);
  const auto started = co_await sandbox.start({.argv = {sandbox.inside_path("/var/task") + "/sandbox_client",
                                                        at.address, std::to_string(at.port), k_connections}});
  if (!started) die(describe(started.error()));
  const ExitStatus status = co_await sandbox.wait();
  if (status.code != 0) die("the client failed");
  const UniqueFd output = sandbox.take_stdout();
  char text[64] = {};
  if (read(output.get(), text, sizeof text - 1) <= 0) die("the client printed nothing");
  *median_us = std::atof(text);
  boost::system::error_code ignored;
  listener.close(ignored);
}

double connect_us(Create create) {
  asio::io_context context;
  double median_us = 0;
  run_to_end(context, connect_often(context.get_executor(), create, &median_us));
  return median_us;
}

void connect_beside_plain(benchmark::State& state) {
  std::vector<double> seccomp, plain;
  for (auto _ : state) {
    seccomp.push_back(connect_us(create_confined));
    plain.push_back(connect_us(create_plain));
  }
  state.counters["seccomp_us"] = median(seccomp);
  state.counters["plain_us"] = median(plain);
  state.counters["dearer_us"] = median(seccomp) - median(plain);
}
BENCHMARK(connect_beside_plain)->Iterations(20)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sortie::sandbox

int main(int argc, char** argv) {
  const sortie::sandbox::Times first = sortie::sandbox::cold_start(sortie::sandbox::create_isolated);
  std::printf("first sandbox of a process, template included: create %.0f us, first request %.0f us\n", first.create_us,
              first.first_request_us);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
