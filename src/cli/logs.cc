#include <CLI/CLI.hpp>
#include <cstdio>
#include <set>

#include "base/deadline.h"
#include "cli/command.h"
#include "cli/open_target.h"
#include "cli/options.h"
#include "cli/print.h"
#include "run/invocation.h"

namespace sortie::cli {
namespace {

constexpr auto k_poll = std::chrono::seconds(1);
/// Events may appear this late and out of order; they are looked for again.
constexpr auto k_late = std::chrono::seconds(30);

class LogsCommand final : public Command {
 public:
  CLI::App* describe(CLI::App& app) override {
    CLI::App* logs = app.add_subcommand("logs", "print the log of a function");
    logs->add_option("FUNCTION", function_, "name of the function, or of a log group (begins with /)")
        ->type_name("")
        ->required();
    logs->add_flag("--follow", follow_, "go on with what comes until interrupted");
    logs->add_option("--since", since_, "only what is not older")->type_name("DUR");
    logs->add_option("--request", request_, "only this invocation, until its REPORT line")->type_name("ID");
    add_target_options(*logs, target_, "aws");
    logs->footer(
        "Examples:\n  sortie logs my-function --since 10m --follow\n  sortie logs my-function --request 1b2c…");
    return logs;
  }

  Task<Result<int>> execute(Context& context) override {
    if (target_.on == "local") {
      co_return fail(ErrorKind::usage, "the embedded AWS of this command has no logs",
                     "use --endpoint-url of a `sortie serve`");
    }
    std::optional<SystemTime> from;
    if (!since_.empty()) {
      ASSIGN_OR_CO_RETURN(const std::chrono::milliseconds since, parse_duration(since_, "--since"));
      from = context.clock.now() - since;
    }
    ASSIGN_OR_CO_RETURN(const std::unique_ptr<OpenTarget> opened_target, co_await OpenTarget::open(context, target_));
    const std::string group = function_.starts_with('/') ? function_ : "/aws/lambda/" + function_;
    auto result = request_.empty() ? co_await all(opened_target->target().logs, group, from)
                                   : co_await one(context, opened_target->target().logs, group, from);
    if (!result) co_return std::unexpected(wrap(std::move(result).error(), "logs of " + function_));
    co_return result;
  }

 private:
  Task<Result<int>> one(Context& context, aws::Logs& logs, const std::string& group, std::optional<SystemTime> from) {
    run::LogQuery query{.group = group, .request_id = request_};
    query.from = from.value_or(context.clock.now() - std::chrono::hours(24 * 14));
    const auto within = follow_ ? std::chrono::minutes(16) : std::chrono::minutes(0);
    auto report = co_await run::read_invocation_log(logs, std::move(query), run::Patience{within},
                                                    [](std::string_view bytes) { (void)write_stdout(bytes); });
    if (!report) co_return std::unexpected(std::move(report).error());
    if (*report) co_return 0;
    co_return fail(ErrorKind::not_found, "no REPORT line of request " + request_ + " in " + group,
                   "without it the log is not known to be complete; try again, or with --follow");
  }

  Task<Result<int>> all(aws::Logs& logs, const std::string& group, std::optional<SystemTime> from) {
    std::set<std::string> seen;  ///< event ids of the last seconds
    std::optional<SystemTime> newest = from;
    for (;;) {
      aws::FilterLogEventsRequest request{.group = group, .start = newest};
      if (newest && !seen.empty()) request.start = *newest - k_late;
      std::set<std::string> now;
      bool written = true;
      auto read = co_await logs.filter_all_log_events(std::move(request), [&](const aws::LogEvent& event) {
        now.insert(event.event_id);
        if (!newest || event.timestamp > *newest) newest = event.timestamp;
        if (seen.contains(event.event_id)) return true;
        std::string text = event.message;
        if (!text.ends_with('\n')) text += '\n';
        written = write_stdout(text).has_value();
        return written;
      });
      const bool not_there_yet = !read && read.error().kind == ErrorKind::not_found && follow_;
      if (!read && !not_there_yet) co_return std::unexpected(std::move(read).error());
      if (!written) co_return fail(ErrorKind::internal, "standard output cannot be written");
      if (!follow_) co_return 0;
      seen = std::move(now);
      co_await sleep_for(k_poll);
    }
  }

  std::string function_;
  bool follow_ = false;
  std::string since_;
  std::string request_;
  TargetOptions target_;
};

}  // namespace

std::unique_ptr<Command> make_logs() {
  return std::make_unique<LogsCommand>();
}

}  // namespace sortie::cli
