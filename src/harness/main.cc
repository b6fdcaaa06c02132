#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "harness/descendants.h"
#include "harness/requests.h"
#include "harness/runtime_api.h"

/// The `bootstrap` of a package: a Lambda custom runtime that runs batches of a suite's tests, one invocation after
/// the other, and streams what happens as events, one JSON object a line.
namespace sortie::harness {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t k_log_congestion_limit = 256 * 1024;
constexpr auto k_shortest_margin = 50ms;
constexpr auto k_longest_margin = 2000ms;

void complain(const Error& error) {
  const std::string line = "sortie harness: " + describe(error) + "\n";
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) {
    // There is nowhere left to say it.
  }
}

/// The wall-clock deadline of an invocation on the steady clock.
TimePoint deadline_of(const RuntimeInvocation& invocation, TimePoint now) {
  const auto wall =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  const auto left = std::chrono::milliseconds(invocation.deadline_ms) - wall;
  constexpr std::chrono::milliseconds k_longest = 24h;
  return now + std::clamp(left, 0ms, k_longest);
}

void flush_log(OutputStreams& outputs) {
  while (!outputs.log.idle()) {
    std::vector<pollfd> fds;
    outputs.add_poll(fds);
    ::poll(fds.data(), fds.size(), 1000);
    outputs.flush();
  }
}

void handle(const RuntimeInvocation& invocation, const Context& context, bool cold) {
  Answer& answer = context.outputs.answer;
  const char* worker = std::getenv("AWS_LAMBDA_LOG_STREAM_NAME");
  answer.send(suite::Hello{.worker = worker != nullptr ? worker : "", .cold = cold});
  const auto request = suite::decode_request(invocation.payload);
  if (!request) {
    answer.send(suite::HarnessError{"bad_request", describe(request.error())});
    answer.send_end({});
  } else if (const auto* list = std::get_if<suite::ListRequest>(&*request)) {
    handle_list(*list, context);
  } else {
    handle_batch(std::get<suite::BatchRequest>(*request), context);
  }
}

int serve(RuntimeApi& api) {
  BufferedWriter log(STDOUT_FILENO, k_log_congestion_limit);
  for (bool cold = true;; cold = false) {
    const auto invocation = api.next();
    if (!invocation) {
      complain(invocation.error());
      return 1;
    }
    const TimePoint now = std::chrono::steady_clock::now();
    Answer answer(api, invocation->request_id);
    OutputStreams outputs{answer, log};
    handle(*invocation,
           {.outputs = outputs,
            .folders = find_folders(),
            .trace_id = invocation->trace_id,
            .received = now,
            .deadline = deadline_of(*invocation, now)},
           cold);
    // The log first: once the answer has ended, what is still unwritten would belong to nobody.
    flush_log(outputs);
    if (auto finished = answer.finish(); !finished) complain(finished.error());
  }
}

}  // namespace

TimePoint Context::stop_at() const {
  const auto time = deadline - received;
  const auto margin = std::clamp<std::chrono::steady_clock::duration>(time / 10, k_shortest_margin, k_longest_margin);
  return deadline - margin;
}

std::string Context::time_in_words() const {
  const auto seconds = std::chrono::round<std::chrono::seconds>(deadline - received);
  return std::to_string(seconds.count()) + " s";
}

const suite::Framework* framework_of(const suite::SuiteSpec& suite, Answer& answer) {
  const suite::Framework* framework = suite::find_framework(suite.framework);
  if (framework == nullptr) {
    answer.send(suite::HarnessError{"bad_request", "unknown framework: " + suite.framework});
  }
  return framework;
}

int run() {
  const char* authority = std::getenv("AWS_LAMBDA_RUNTIME_API");
  if (authority == nullptr) {
    complain({.message = "AWS_LAMBDA_RUNTIME_API is not set: this program runs inside AWS Lambda"});
    return 1;
  }
  RuntimeApi api(authority);
  if (auto prepared = prepare_for_processes(); !prepared) {
    complain(prepared.error());
    if (auto told = api.report_init_error("Sortie.HarnessInit", describe(prepared.error())); !told) {
      complain(told.error());
    }
    return 1;
  }
  adopt_orphans();
  return serve(api);
}

}  // namespace sortie::harness

int main() {
  return sortie::harness::run();
}
