#include <CLI/CLI.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdlib>
#include <thread>

#include "base/deadline.h"
#include "base/side_by_side.h"
#include "cli/command.h"
#include "cli/open_target.h"
#include "cli/options.h"
#include "cli/prepare.h"
#include "cli/print.h"
#include "cli/terminal.h"
#include "report/files.h"
#include "report/terminal.h"
#include "run/runner.h"

namespace sortie::cli {
namespace {

constexpr const char* k_examples =
    "Examples:\n"
    "  sortie run build/unit_test                         all tests, on the embedded AWS\n"
    "  sortie run a_test b_test --filter 'Blob.*' --filter '!*Slow'\n"
    "  sortie run it_test --asset build/tool --env BUCKET=b --role-policy allow.json --junit out.xml\n"
    "  sortie run it_test --stack iam.template.json --env BUCKET='${stack.BucketName}'\n"
    "  sortie run it_test --on aws --role arn:aws:iam::123456789012:role/tests --workers 50\n"
    "  sortie run it_test -- --verbose                    arguments for the suite itself";

constexpr std::size_t k_aws_workers = 10;
/// A function lives 15 minutes; a test needs a margin before that to be reported.
constexpr auto k_longest_test = std::chrono::minutes(14);

struct Options {
  PackageOptions package;
  FunctionOptions function;
  TargetOptions target;
  std::vector<std::string> filters;
  std::size_t workers = 0;
  std::string isolation = "batch";
  int retries = 0;
  std::string timeout = "60s";
  bool fail_fast = false;
  std::vector<std::string> report_files = std::vector<std::string>(report::file_reports().size());
  std::string show_output = "failed";
};

class Run final : public Command {
 public:
  CLI::App* describe(CLI::App& app) override;
  Task<Result<int>> execute(Context& context) override;
  bool interrupt(int signal) override;
  bool take_trailing(std::vector<std::string> arguments) override {
    options_.function.suite_args = std::move(arguments);
    return true;
  }

 private:
  Result<run::RunSpec> run_spec() const;
  Result<void> open_reports();
  Result<int> with_reports_closed(Result<int> status);
  Task<Result<int>> with_target(Context& context, Suites& suites, run::DeploySpec deploy_spec, run::RunSpec run_spec);
  Task<Result<int>> with_opened_target(Context& context, OpenTarget& opened_target,
                                       const Result<package::Package>& built, Suites& suites,
                                       run::DeploySpec deploy_spec, run::RunSpec run_spec);
  Task<Result<int>> with_stack(Context& context, OpenTarget& opened_target, const package::Package& package,
                               const run::Stack* stack, run::DeploySpec deploy_spec, run::RunSpec run_spec);
  Task<Result<int>> with_deployment(Context& context, OpenTarget& opened_target, const run::Deployment& deployment,
                                    run::RunSpec run_spec);

  Options options_;
  run::Reporters reporters_;
  run::Runner* runner_ = nullptr;  ///< while tests run
};

CLI::App* Run::describe(CLI::App& app) {
  CLI::App* run = app.add_subcommand("run", "run test suites and tell the truth about the result");
  add_package_options(*run, options_.package);
  run->add_option("--filter", options_.filters, "only tests whose name or id (suite::test) matches; !GLOB takes away")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  run->add_option("--workers", options_.workers,
                  "tests run on this many workers at a time (local: one a core; aws: 10)")
      ->check(CLI::Range(1, 1000));
  run->add_option("--isolation", options_.isolation, "a process for many tests (batch) or one for each (process)")
      ->check(CLI::IsMember({"batch", "process"}))
      ->capture_default_str();
  run->add_option("--retries", options_.retries, "further attempts of a test that did not pass")
      ->check(CLI::Range(0, 100));
  run->add_option("--timeout", options_.timeout, "for one test")->type_name("DUR")->capture_default_str();
  run->add_flag("--fail-fast", options_.fail_fast, "start nothing new after the first failure");
  add_function_options(*run, options_.function);
  add_target_options(*run, options_.target, "local");
  add_realism_option(*run, options_.target.realism);
  for (std::size_t i = 0; i < options_.report_files.size(); ++i) {
    const report::FileReport& report = report::file_reports()[i];
    run->add_option(report.option, options_.report_files[i], report.description)->type_name("FILE");
  }
  run->add_option("--show-output", options_.show_output, "show the output of these tests")
      ->check(CLI::IsMember({"failed", "all", "none"}))
      ->capture_default_str();
  run->footer(k_examples);
  return run;
}

Result<run::RunSpec> Run::run_spec() const {
  run::RunSpec spec;
  spec.filters = options_.filters;
  const bool local = is_local(options_.target);
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  spec.workers = options_.workers != 0 ? options_.workers : (local ? cores : k_aws_workers);
  spec.isolation = options_.isolation == "process" ? suite::Isolation::process : suite::Isolation::batch;
  spec.retries = options_.retries;
  spec.fail_fast = options_.fail_fast;
  ASSIGN_OR_RETURN(spec.test_timeout, parse_duration(options_.timeout, "--timeout"));
  if (spec.test_timeout > k_longest_test) {
    return fail(ErrorKind::usage, "--timeout: at most 14m: a Lambda function ends after 15 minutes");
  }
  spec.list_cache_folder = list_cache_folder();
  return spec;
}

/// Redraws the progress line until the reporter is gone.
Task<void> keep_ticking(report::TerminalReporter& terminal) {
  for (;;) {
    terminal.tick();
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(100));
    co_await timer.async_wait(asio::use_awaitable);
  }
}

Task<Result<int>> Run::execute(Context& context) {
  ASSIGN_OR_CO_RETURN(run::RunSpec run_spec, this->run_spec());
  ASSIGN_OR_CO_RETURN(run::DeploySpec deploy_spec, cli::deploy_spec(options_.function, options_.target));
  ASSIGN_OR_CO_RETURN(Suites suites, resolve_suites(options_.package, options_.function));
  report::TerminalReporter terminal(stdout, terminal_options(context.environment, options_.show_output));
  reporters_.add(terminal);
  CO_RETURN_IF_ERROR(open_reports());
  asio::cancellation_signal stop_ticking;
  asio::co_spawn(context.executor, keep_ticking(terminal),
                 asio::bind_cancellation_slot(stop_ticking.slot(), asio::detached));
  auto settled = co_await settle(with_target(context, suites, std::move(deploy_spec), std::move(run_spec)));
  co_await asio::this_coro::reset_cancellation_state();
  stop_ticking.emit(asio::cancellation_type::terminal);
  // One more turn of the loop: the ticking coroutine refers to `terminal`.
  co_await asio::post(context.executor, asio::use_awaitable);
  Result<int> status = unsettled(std::move(settled));
  // An interrupt before the tests began; one while they ran has been reported.
  if (!status && status.error().kind == ErrorKind::cancelled) {
    terminal.on(run::Notice{"interrupted before any test began; what had been made is removed"});
    status = exit_code(ErrorKind::cancelled);
  }
  co_return with_reports_closed(std::move(status));
}

/// Before anything is built: a report that cannot be written is known before its tests have run.
Result<void> Run::open_reports() {
  for (std::size_t i = 0; i < options_.report_files.size(); ++i) {
    if (options_.report_files[i].empty()) continue;
    const report::FileReport& report = report::file_reports()[i];
    auto opened = report.open(options_.report_files[i]);
    if (!opened) return std::unexpected(wrap(std::move(opened).error(), report.option));
    reporters_.add(*std::move(opened));
  }
  return {};
}

/// A report that cannot be written must not look like one that was.
Result<int> Run::with_reports_closed(Result<int> status) {
  auto closed = reporters_.close();
  if (closed) return status;
  if (status && *status != exit_code(ErrorKind::cancelled)) return std::unexpected(std::move(closed).error());
  print_error(closed.error());
  return status;
}

Task<Result<int>> Run::with_target(Context& context, Suites& suites, run::DeploySpec deploy_spec,
                                   run::RunSpec run_spec) {
  const Destination destination = is_local(options_.target) ? Destination::here : Destination::anywhere;
  // The target is opened while the package is built.
  auto [built, opened] =
      co_await side_by_side(build(suites, destination, reporters_), OpenTarget::open(context, options_.target));
  const Result<package::Package> package = unsettled(std::move(built));
  const Result<std::unique_ptr<OpenTarget>> opened_target = unsettled(std::move(opened));
  if (!opened_target) co_return std::unexpected(package ? opened_target.error() : package.error());
  auto settled = co_await settle(
      with_opened_target(context, **opened_target, package, suites, std::move(deploy_spec), std::move(run_spec)));
  co_await asio::this_coro::reset_cancellation_state();
  co_await (*opened_target)->close();
  co_return unsettled(std::move(settled));
}

Task<Result<int>> Run::with_opened_target(Context& context, OpenTarget& opened_target,
                                          const Result<package::Package>& built, Suites& suites,
                                          run::DeploySpec deploy_spec, run::RunSpec run_spec) {
  if (!built) co_return std::unexpected(built.error());
  const package::Package& package = *built;
  run_spec.suites = finished_specs(suites, package);
  ASSIGN_OR_CO_RETURN(std::optional<run::Stack> stack,
                      co_await open_stack(opened_target.target(), options_.function, deploy_spec, reporters_));
  auto settled = co_await settle(with_stack(context, opened_target, package, stack ? &*stack : nullptr,
                                            std::move(deploy_spec), std::move(run_spec)));
  co_await asio::this_coro::reset_cancellation_state();
  // What the embedded AWS has goes with it.
  if (stack && !opened_target.is_local()) {
    if (auto removed = co_await stack->remove(); !removed)
      reporters_.on(run::Notice{sortie::describe(removed.error())});
  }
  co_return unsettled(std::move(settled));
}

Task<Result<int>> Run::with_stack(Context& context, OpenTarget& opened_target, const package::Package& package,
                                  const run::Stack* stack, run::DeploySpec deploy_spec, run::RunSpec run_spec) {
  CO_RETURN_IF_ERROR(co_await fill_in_values(opened_target.target(), stack, run_spec.suites));
  for (const suite::SuiteSpec& spec : run_spec.suites) run_spec.list_keys.push_back(list_key(package, spec));
  ASSIGN_OR_CO_RETURN(run::Deployment deployment,
                      co_await deploy(opened_target.target(), package, std::move(deploy_spec), reporters_));
  auto settled = co_await settle(with_deployment(context, opened_target, deployment, std::move(run_spec)));
  co_await asio::this_coro::reset_cancellation_state();
  // Also after an interrupt: nothing that costs money is left behind. What the embedded AWS has goes with it; to delete
  // a large log there first would take time, and memory for the case that it failed.
  if (!opened_target.is_local()) {
    if (auto removed = co_await deployment.remove(); !removed)
      reporters_.on(run::Notice{sortie::describe(removed.error())});
  }
  co_return unsettled(std::move(settled));
}

Task<Result<int>> Run::with_deployment(Context& context, OpenTarget& opened_target, const run::Deployment& deployment,
                                       run::RunSpec run_spec) {
  run::Runner runner(context.executor, opened_target.target(), deployment, context.clock, reporters_,
                     std::move(run_spec));
  ASSIGN_OR_CO_RETURN(auto listed, co_await runner.list());
  runner_ = &runner;
  auto settled = co_await settle(runner.run(std::move(listed)));
  runner_ = nullptr;
  co_return unsettled(std::move(settled));
}

bool Run::interrupt(int /*signal*/) {
  if (runner_ == nullptr) return false;
  runner_->interrupt();
  return true;
}

}  // namespace

std::unique_ptr<Command> make_run() {
  return std::make_unique<Run>();
}

}  // namespace sortie::cli
