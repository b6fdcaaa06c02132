#include <signal.h>

#include <algorithm>
#include <expected>

#include "harness/mapped_file.h"
#include "harness/requests.h"
#include "suite/text.h"

namespace sortie::harness {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t k_list_limit = 64UL << 20;
constexpr std::size_t k_shown_output = 8 * 1024;

/// Collects what a suite prints when it lists, and stops it when that takes too long.
class ListListener final : public ProcessListener {
 public:
  ListListener(OutputStreams& outputs, TimePoint deadline) : outputs_(outputs), deadline_(deadline) {}
  void follow(Process& process) {
    process_ = &process;
    output.status = process.follow(*this, outputs_).status;
  }

  bool on_output(std::string_view standard_error, std::string_view standard_output) override {
    outputs_.write_log(standard_error);
    outputs_.write_log(standard_output);
    append(output.standard_error, standard_error);
    append(output.standard_output, standard_output);
    return false;
  }
  void on_pause() override {}
  void on_exited() override {}
  void on_stdout_closed() override {}
  [[nodiscard]] TimePoint wake_at() const override { return deadline_; }
  void on_wake() override {
    timed_out = true;
    process_->stop(SIGTERM, 200ms);
  }

  suite::ListOutput output;
  bool timed_out = false;

 private:
  static void append(std::string& text, std::string_view bytes) {
    text += bytes.substr(0, k_list_limit - std::min(k_list_limit, text.size()));
  }

  OutputStreams& outputs_;
  TimePoint deadline_;
  Process* process_ = nullptr;
};

std::string how_it_ended(const suite::ExitStatus& status) {
  if (status.signal != 0) return suite::describe_signal(status.signal);
  return "exit status " + std::to_string(status.code);
}

/// The output that explains a failure, on lines of its own.
std::string shown(const suite::ListOutput& output) {
  std::string text;
  for (const std::string* printed : {&output.standard_error, &output.standard_output}) {
    const std::string_view part = suite::trim(*printed);
    if (!part.empty()) text += "\n" + suite::abridge(part, k_shown_output);
  }
  return text;
}

/// One start of the suite.
std::expected<suite::ListOutput, suite::HarnessError> start_once(const suite::CommandSpec& invocation,
                                                                 Workspace& workspace, OutputStreams& outputs,
                                                                 TimePoint deadline) {
  auto cannot_start = [](const Error& error) {
    return std::unexpected(suite::HarnessError{"cannot_start", describe(error)});
  };
  const auto prepared = workspace.prepare(invocation);
  if (!prepared) return cannot_start(prepared.error());
  auto process = Process::start(prepared->launch);
  if (!process) return cannot_start(process.error());

  ListListener listener(outputs, deadline);
  listener.follow(*process);
  suite::ListOutput& output = listener.output;
  if (listener.timed_out) {
    return std::unexpected(
        suite::HarnessError{"listing_timed_out", "the suite did not list its tests in time" + shown(output)});
  }
  if (prepared->result) output.result_file = prepared->result->read(k_list_limit + 1);
  return std::move(output);
}

suite::HarnessEvent list_suite(const suite::ListRequest& request, const suite::Framework& framework,
                               const Context& context) {
  Workspace workspace(request.suite, context.folders, context.trace_id);
  const TimePoint deadline = std::min(context.stop_at(), std::chrono::steady_clock::now() + request.timeout);
  auto start = [&](const suite::CommandSpec& invocation) {
    return start_once(invocation, workspace, context.outputs, deadline);
  };
  auto first = start(framework.listing(workspace.next_scratch()));
  if (!first) return first.error();
  suite::ListOutput output = *std::move(first);
  output.args = request.suite.args;
  while (const auto further = framework.further_listing(output, workspace.next_scratch())) {
    auto next = start(*further);
    if (!next) return next.error();
    output.further.push_back(*std::move(next));
  }
  const MappedFile executable(context.folders.task + "/" + request.suite.executable);
  output.executable = executable.bytes();
  auto listed = framework.read_list(output);
  if (listed) return *std::move(listed);
  return suite::HarnessError{"listing_failed",
                             describe(listed.error()) + " (" + how_it_ended(output.status) + ")" + shown(output)};
}

}  // namespace

void handle_list(const suite::ListRequest& request, const Context& context) {
  Answer& answer = context.outputs.answer;
  if (const suite::Framework* framework = framework_of(request.suite, answer)) {
    if (auto tests = framework->fixed_list(request.suite.executable)) {
      answer.send(suite::Listed{*std::move(tests)});
    } else {
      answer.send(list_suite(request, *framework, context));
    }
  }
  answer.send_end({});
}

}  // namespace sortie::harness
