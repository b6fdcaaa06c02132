#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "base/deadline.h"
#include "base/side_by_side.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/open_target.h"
#include "cli/options.h"
#include "cli/prepare.h"
#include "cli/print.h"
#include "cli/quiet.h"
#include "run/runner.h"

namespace sortie::cli {
namespace {

namespace json = boost::json;

using Lists = std::vector<std::vector<suite::TestCase>>;

class List final : public Command {
 public:
  CLI::App* describe(CLI::App& app) override {
    CLI::App* list = app.add_subcommand("list", "print the tests of suites, one id a line");
    add_package_options(*list, package_);
    list->add_option("--filter", filters_, "only tests whose name or id (suite::test) matches; !GLOB takes away")
        ->type_name("GLOB")
        ->allow_extra_args(false);
    list->add_flag("--json", json_, "one JSON object a line: suite, test, file, line, disabled");
    list->add_option("--timeout", timeout_, "for listing one suite")->type_name("DUR")->capture_default_str();
    add_function_options(*list, function_);
    add_target_options(*list, target_, "local");
    list->footer("Examples:\n  sortie list build/unit_test\n  sortie list build/unit_test --json --filter 'Blob.*'");
    return list;
  }

  bool take_trailing(std::vector<std::string> arguments) override {
    function_.suite_args = std::move(arguments);
    return true;
  }

  Task<Result<int>> execute(Context& context) override {
    ASSIGN_OR_CO_RETURN(spec_.list_timeout, parse_duration(timeout_, "--timeout"));
    ASSIGN_OR_CO_RETURN(run::DeploySpec deploy_spec, cli::deploy_spec(function_, target_));
    ASSIGN_OR_CO_RETURN(Suites suites, resolve_suites(package_, function_));
    Quiet quiet;
    const Destination destination = is_local(target_) ? Destination::here : Destination::anywhere;
    ASSIGN_OR_CO_RETURN(const package::Package package, co_await build(suites, destination, quiet));
    ASSIGN_OR_CO_RETURN(const std::unique_ptr<OpenTarget> opened_target, co_await OpenTarget::open(context, target_));
    spec_.suites = finished_specs(suites, package);
    auto settled = co_await settle(list(context, *opened_target, package, std::move(deploy_spec), quiet));
    co_await asio::this_coro::reset_cancellation_state();
    co_await opened_target->close();
    ASSIGN_OR_CO_RETURN(const Lists lists, unsettled(std::move(settled)));
    co_return print(lists);
  }

 private:
  Task<Result<Lists>> list(Context& context, OpenTarget& opened_target, const package::Package& package,
                           run::DeploySpec deploy_spec, run::Reporter& reporter) {
    ASSIGN_OR_CO_RETURN(std::optional<run::Stack> stack,
                        co_await open_stack(opened_target.target(), function_, deploy_spec, reporter));
    auto settled = co_await settle(
        list_with(context, opened_target, package, stack ? &*stack : nullptr, std::move(deploy_spec), reporter));
    co_await asio::this_coro::reset_cancellation_state();
    if (stack && !opened_target.is_local()) {
      if (auto removed = co_await stack->remove(); !removed)
        reporter.on(run::Notice{sortie::describe(removed.error())});
    }
    co_return unsettled(std::move(settled));
  }

  Task<Result<Lists>> list_with(Context& context, OpenTarget& opened_target, const package::Package& package,
                                const run::Stack* stack, run::DeploySpec deploy_spec, run::Reporter& reporter) {
    CO_RETURN_IF_ERROR(co_await fill_in_values(opened_target.target(), stack, spec_.suites));
    spec_.list_cache_folder = list_cache_folder();
    for (const suite::SuiteSpec& spec : spec_.suites) spec_.list_keys.push_back(list_key(package, spec));
    ASSIGN_OR_CO_RETURN(run::Deployment deployment,
                        co_await deploy(opened_target.target(), package, std::move(deploy_spec), reporter));
    run::Runner runner(context.executor, opened_target.target(), deployment, context.clock, reporter, spec_);
    auto settled = co_await settle(runner.list());
    co_await asio::this_coro::reset_cancellation_state();
    if (!opened_target.is_local()) {
      if (auto removed = co_await deployment.remove(); !removed)
        reporter.on(run::Notice{sortie::describe(removed.error())});
    }
    co_return unsettled(std::move(settled));
  }

  Result<int> print(const Lists& lists) const {
    const run::Filter filter(filters_);
    std::string text;
    std::vector<run::TestId> listed;
    for (std::size_t i = 0; i < lists.size(); ++i) {
      for (const suite::TestCase& test : lists[i]) {
        const run::TestId& id = listed.emplace_back(spec_.suites[i].name, test.name);
        if (filter.chooses(id)) text += json_ ? json_line(id, test) : id.text() + "\n";
      }
    }
    RETURN_IF_ERROR(write_stdout(text));
    if (!text.empty()) return 0;
    // As for run: a filter or a suite that gives nothing is worth noticing.
    std::fprintf(stderr, "note: %s\n", run::nothing_chosen(filters_, listed).c_str());
    return 4;
  }

  static std::string json_line(const run::TestId& id, const suite::TestCase& test) {
    json::object object{
        {"id", to_valid_utf8(id.text())}, {"suite", to_valid_utf8(id.suite)}, {"test", to_valid_utf8(id.test)}};
    if (!test.file.empty()) {
      object["file"] = to_valid_utf8(test.file);
      object["line"] = test.line;
    }
    object["disabled"] = test.disabled;
    return json::serialize(object) + "\n";
  }

  PackageOptions package_;
  FunctionOptions function_;
  TargetOptions target_;
  std::vector<std::string> filters_;
  bool json_ = false;
  std::string timeout_ = "60s";
  run::RunSpec spec_;
};

}  // namespace

std::unique_ptr<Command> make_list() {
  return std::make_unique<List>();
}

}  // namespace sortie::cli
