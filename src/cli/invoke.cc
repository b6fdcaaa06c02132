#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cstdio>

#include "aws/s3.h"
#include "base/deadline.h"
#include "base/side_by_side.h"
#include "cli/command.h"
#include "cli/open_target.h"
#include "cli/options.h"
#include "cli/prepare.h"
#include "cli/print.h"
#include "cli/quiet.h"
#include "run/invocation.h"

namespace sortie::cli {
namespace {

constexpr std::size_t k_payload_limit = 6UL * 1024 * 1024;
constexpr std::size_t k_zip_limit = 50UL * 1024 * 1024;
constexpr auto k_log_within = std::chrono::seconds(60);
constexpr const char* k_trust =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]})";

void print_log(std::string_view bytes) {
  std::fwrite(bytes.data(), 1, bytes.size(), stderr);
}

class Invoke final : public Command {
 public:
  CLI::App* describe(CLI::App& app) override {
    CLI::App* invoke = app.add_subcommand(
        "invoke", "invoke a function: payload to stdout, whole log to stderr, exit 1 when the function fails");
    auto* function =
        invoke->add_option("FUNCTION", function_, "name or ARN of a function that is there")->type_name("");
    auto* zip =
        invoke->add_option("--zip", zip_, "make the function of this zip, on the embedded AWS")->type_name("ZIP");
    zip->excludes(function);
    invoke->add_option("--handler", handler_, "with --zip")->type_name("H")->needs(zip)->capture_default_str();
    invoke->add_option("--runtime", runtime_, "with --zip")->type_name("R")->needs(zip)->capture_default_str();
    invoke->add_option("--memory", memory_mb_, "with --zip: MB")->check(CLI::Range(128, 10240))->capture_default_str();
    invoke->add_option("--timeout", timeout_, "with --zip: the function's")->type_name("DUR")->capture_default_str();
    add_role_options(*invoke, options_);
    for (const char* name : {"--env", "--role-policy", "--stack"}) invoke->get_option(name)->needs(zip);
    invoke
        ->add_option("--bucket", buckets_,
                     "with --zip: make this bucket, which the function's role may use; repeatable")
        ->type_name("NAME")
        ->allow_extra_args(false)
        ->needs(zip);
    invoke->add_option("--payload", payload_, "JSON, or @FILE, or @- for standard input")->type_name("JSON|@FILE");
    add_target_options(*invoke, target_, "aws");
    invoke->footer(
        "Examples:\n  sortie invoke my-function --payload '{\"a\":1}'\n"
        "  sortie invoke --zip it_test.zip --handler bootstrap --runtime provided.al2023 --payload @event.json\n"
        "  sortie invoke --zip f.zip --runtime python3.12 --handler app.main --bucket data --env BUCKET=data\n"
        "  sortie invoke --zip f.zip --stack iam.template.json --env BUCKET='${stack.BucketName}'");
    return invoke;
  }

  Task<Result<int>> execute(Context& context) override {
    if (function_.empty() == zip_.empty()) co_return fail(ErrorKind::usage, "name a FUNCTION, or give --zip ZIP");
    ASSIGN_OR_CO_RETURN(const std::string payload, read_payload());
    if (!zip_.empty() && target_.endpoint_url.empty()) target_.on = "local";
    if (zip_.empty() && target_.on == "local") {
      co_return fail(ErrorKind::usage, "the embedded AWS of this command has no functions",
                     "give --zip ZIP, or --endpoint-url of a `sortie serve`");
    }
    ASSIGN_OR_CO_RETURN(const std::unique_ptr<OpenTarget> opened_target, co_await OpenTarget::open(context, target_));
    auto settled = co_await settle(invoke(context, *opened_target, payload));
    co_await asio::this_coro::reset_cancellation_state();
    co_await opened_target->close();
    co_return unsettled(std::move(settled));
  }

 private:
  Result<std::string> read_payload() const {
    std::string payload = payload_;
    if (payload == "@-") {
      ASSIGN_OR_RETURN(payload, read_file("/dev/stdin", k_payload_limit));
    } else if (payload.starts_with('@')) {
      ASSIGN_OR_RETURN(payload, read_file(payload.substr(1), k_payload_limit));
    }
    boost::system::error_code failed;
    if (!payload.empty()) (void)boost::json::parse(payload, failed);
    if (failed) return fail(ErrorKind::usage, "--payload: not JSON: " + failed.message());
    return payload;
  }

  Task<Result<int>> invoke(Context& context, OpenTarget& opened_target, std::string payload) {
    run::Target& target = opened_target.target();
    if (!zip_.empty()) {
      auto made = co_await make_function(opened_target);
      if (!made) co_return std::unexpected(wrap(std::move(made).error(), "make a function of " + zip_));
    }
    const SystemTime began = context.clock.now();
    auto answer =
        co_await target.lambda.invoke({.function = function_, .payload = std::move(payload), .log_tail = true});
    if (!answer) co_return std::unexpected(wrap(std::move(answer).error(), "invoke " + function_));
    CO_RETURN_IF_ERROR(co_await show_log(target, *answer, began));
    CO_RETURN_IF_ERROR(write_stdout(answer->payload));
    if (!answer->payload.empty() && isatty(STDOUT_FILENO) == 1) CO_RETURN_IF_ERROR(write_stdout("\n"));
    if (answer->function_error.empty()) co_return 0;
    std::fprintf(stderr, "error: the function failed (%s)\n", answer->function_error.c_str());
    co_return 1;
  }

  Task<Result<void>> make_function(OpenTarget& opened_target) {
    run::Target& target = opened_target.target();
    ASSIGN_OR_CO_RETURN(const std::chrono::milliseconds timeout, parse_duration(timeout_, "--timeout"));
    aws::CreateFunctionRequest request{.name = "sortie-invoke", .runtime = runtime_, .handler = handler_};
    ASSIGN_OR_CO_RETURN(request.code.zip, read_file(zip_, k_zip_limit));
    CO_RETURN_IF_ERROR(co_await prepare_role(target, request));
    CO_RETURN_IF_ERROR(co_await make_buckets(opened_target, request.role));
    request.memory_mb = memory_mb_;
    request.timeout_seconds = static_cast<int>(std::chrono::ceil<std::chrono::seconds>(timeout).count());
    CO_RETURN_IF_ERROR(co_await target.lambda.create_function(std::move(request)));
    function_ = "sortie-invoke";
    CO_RETURN_IF_ERROR(co_await target.lambda.wait_until_active(function_, deadline_in(std::chrono::minutes(2))));
    co_return Result<void>{};
  }

  /// The function's role, and its environment with what the stack says.
  Task<Result<void>> prepare_role(run::Target& target, aws::CreateFunctionRequest& request) {
    suite::SuiteSpec spec;  // fill_in_values' own word for an environment
    ASSIGN_OR_CO_RETURN(spec.env, parse_environment(options_.environment));
    std::vector<suite::SuiteSpec> specs{std::move(spec)};
    run::DeploySpec deploy_spec;
    Quiet quiet;
    ASSIGN_OR_CO_RETURN(const auto stack, co_await open_stack(target, options_, deploy_spec, quiet));
    CO_RETURN_IF_ERROR(co_await fill_in_values(target, stack ? &*stack : nullptr, specs));
    request.environment = std::move(specs.front().env);
    request.role = deploy_spec.role_arn;
    if (stack) co_return Result<void>{};
    ASSIGN_OR_CO_RETURN(const aws::Role role,
                        co_await target.iam.create_role({.name = "sortie-invoke", .assume_role_policy = k_trust}));
    CO_RETURN_IF_ERROR(co_await target.iam.attach_role_policy(
        role.name, "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"));
    if (!options_.role_policy_file.empty()) {
      ASSIGN_OR_CO_RETURN(const std::string policy, read_file(options_.role_policy_file, 64 * 1024));
      CO_RETURN_IF_ERROR(co_await target.iam.put_role_policy(role.name, "sortie", policy));
    }
    request.role = role.arn;
    co_return Result<void>{};
  }

  Task<Result<void>> make_buckets(OpenTarget& opened_target, const std::string& role_arn) const {
    if (buckets_.empty()) co_return Result<void>{};
    aws::S3 s3(opened_target.config_for("s3"));
    boost::json::array resources;
    for (const std::string& bucket : buckets_) {
      if (auto made = co_await s3.create_bucket(bucket); !made) {
        Error error = wrap(std::move(made).error(), "--bucket " + bucket);
        error.kind = ErrorKind::config;
        co_return std::unexpected(std::move(error));
      }
      resources.emplace_back("arn:aws:s3:::" + bucket);
      resources.emplace_back("arn:aws:s3:::" + bucket + "/*");
    }
    const boost::json::value policy = {
        {"Version", "2012-10-17"},
        {"Statement", {{{"Effect", "Allow"}, {"Action", "s3:*"}, {"Resource", std::move(resources)}}}}};
    const std::string role = role_arn.substr(role_arn.rfind('/') + 1);
    co_return co_await opened_target.target().iam.put_role_policy(role, "sortie-buckets",
                                                                  boost::json::serialize(policy));
  }

  /// The whole log. The last 4 KB come with the answer; they are all of it when the START line is among them and
  /// nothing was printed before it, that is when the environment was not made for this invocation.
  Task<Result<void>> show_log(run::Target& target, const aws::InvokeResponse& answer, SystemTime began) const {
    const bool whole = answer.log_result.find("START RequestId: " + answer.request_id) != std::string::npos;
    const bool warm = answer.log_result.find("\tInit Duration: ") == std::string::npos && answer.function_error.empty();
    if (whole && warm) {
      print_log(answer.log_result);
      co_return Result<void>{};
    }
    std::string name = function_;
    if (const std::size_t at = name.find(":function:"); at != std::string::npos) name = name.substr(at + 10);
    name = name.substr(0, name.find(':'));
    run::LogQuery query{.group = "/aws/lambda/" + name, .request_id = answer.request_id, .from = began};
    query.with_init = query.with_platform_lines = true;
    auto report =
        co_await run::read_invocation_log(target.logs, std::move(query), run::Patience{k_log_within}, print_log);
    if (!report) co_return std::unexpected(wrap(std::move(report).error(), "read the log"));
    if (!*report) {
      print_log(answer.log_result);
      std::fprintf(stderr, "note: the log has no REPORT line yet: this is its end alone\n");
    }
    co_return Result<void>{};
  }

  std::string function_;
  std::string zip_;
  std::string handler_ = "bootstrap";
  std::string runtime_ = "provided.al2023";
  int memory_mb_ = 1769;
  std::string timeout_ = "900s";
  FunctionOptions options_;
  std::vector<std::string> buckets_;
  std::string payload_;
  TargetOptions target_;
};

}  // namespace

std::unique_ptr<Command> make_invoke() {
  return std::make_unique<Invoke>();
}

}  // namespace sortie::cli
