// A warm, signed invocation over loopback, client and engine in one process as in `sortie serve`, beside fork+exec of
// /bin/true.
#include <benchmark/benchmark.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <iterator>
#include <optional>

#include "aws/iam.h"
#include "aws/lambda.h"
#include "base/clock.h"
#include "base/deadline.h"
#include "emulator/emulator.h"
#include "http/client.h"
#include "http/server.h"
#include "package/zip.h"

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace sortie {
namespace {

constexpr const char* k_trust =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]})";

void fork_and_exec(benchmark::State& state) {
  for (auto _ : state) {
    char name[] = "/bin/true";
    char* arguments[] = {name, nullptr};
    const pid_t pid = fork();
    if (pid == 0) {
      execve(name, arguments, environ);
      _exit(127);
    }
    int status = 0;
    waitpid(pid, &status, 0);
  }
}
BENCHMARK(fork_and_exec)->Unit(benchmark::kMicrosecond)->UseRealTime();

std::string zip_of_bootstrap() {
  std::ifstream file(SORTIE_ECHO_BOOTSTRAP, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const package::Packed packed = package::pack(bytes, 1);
  const package::ZipPart part{.path = "bootstrap", .mode = 0755, .content = &packed};
  return package::write_zip({&part, 1}).value();
}

Task<Result<void>> make_function(aws::Iam& iam, aws::Lambda& lambda) {
  ASSIGN_OR_CO_RETURN(const aws::Role role, co_await iam.create_role({.name = "bench", .assume_role_policy = k_trust}));
  aws::CreateFunctionRequest request{.name = "bench", .role = role.arn};
  request.memory_mb = 1769;  // one core, as `sortie run` has it: less would measure the function's CPU quota
  request.code.zip = zip_of_bootstrap();
  CO_RETURN_IF_ERROR(co_await lambda.create_function(std::move(request)));
  CO_RETURN_IF_ERROR(co_await lambda.wait_until_active("bench", deadline_in(std::chrono::seconds(10))));
  co_return Result<void>{};
}

Task<void> invoke_in_turn(benchmark::State& state, aws::Iam& iam, aws::Lambda& lambda) {
  if (const auto made = co_await make_function(iam, lambda); !made) {
    state.SkipWithError(describe(made.error()).c_str());
    co_return;
  }
  (void)co_await lambda.invoke({.function = "bench", .payload = "{}"});  // the cold start
  for (auto _ : state) {
    const auto answer = co_await lambda.invoke({.function = "bench", .payload = R"({"a":1})"});
    if (!answer || answer->payload != R"({"a":1})") {
      state.SkipWithError(answer ? answer->payload.c_str() : describe(answer.error()).c_str());
      break;
    }
  }
}

void warm_signed_invocation(benchmark::State& state) {
  asio::io_context io(1);
  const SystemClock clock;
  auto emulator = emulator::Emulator::create(io.get_executor(), clock, {}).value();
  http::Server server(io.get_executor());
  const auto port = server.listen("127.0.0.1", 0, *emulator).value();
  http::Client network(io.get_executor(), {});
  aws::StaticCredentials credentials({.access_key_id = emulator->root_credentials().access_key_id,
                                      .secret_access_key = emulator->root_credentials().secret_access_key});
  const aws::ClientConfig config{.service = network,
                                 .credentials = credentials,
                                 .clock = clock,
                                 .region = "us-east-1",
                                 .endpoint_url = "http://127.0.0.1:" + std::to_string(port)};
  aws::Iam iam(config);
  aws::Lambda lambda(config);
  asio::co_spawn(io, invoke_in_turn(state, iam, lambda), [&](const std::exception_ptr&) { io.stop(); });
  io.run();
}
BENCHMARK(warm_signed_invocation)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace
}  // namespace sortie

BENCHMARK_MAIN();
