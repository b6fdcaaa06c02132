#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>

#include "base/deadline.h"
#include "base/output_file.h"
#include "base/signal.h"
#include "cli/child.h"
#include "cli/command.h"
#include "cli/named_command.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/role_command.h"
#include "emulator/emulator.h"
#include "http/server.h"
#include "sandbox/sandbox.h"

namespace sortie::cli {
namespace {

constexpr std::uint16_t k_default_port = 4566;

using Variables = std::map<std::string, std::string>;

/// Clients of the command must not send what is for 127.0.0.1 to a proxy.
void bypass_proxies(Variables& environment) {
  for (const char* name : {"NO_PROXY", "no_proxy"}) {
    std::string& hosts = environment[name];
    if (hosts == "*") continue;
    hosts += std::string(hosts.empty() ? "" : ",") + "127.0.0.1,localhost";
  }
}

/// Ours, the exports, and without what would lead a client past the embedded AWS, to a real account, or make it expect
/// another certificate than there is.
Variables command_environment(Variables environment, const Variables& exports) {
  for (const char* name : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
                           "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                           "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_CA_BUNDLE",
                           "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"}) {
    environment.erase(name);
  }
  std::erase_if(environment, [](const auto& variable) { return variable.first.starts_with("AWS_ENDPOINT_URL_"); });
  const bool proxied = std::ranges::any_of(environment, [](const auto& variable) {
    return variable.first.ends_with("_PROXY") || variable.first.ends_with("_proxy");
  });
  if (proxied) bypass_proxies(environment);
  for (const auto& [name, value] : exports) environment[name] = value;
  return environment;
}

class Serve final : public Command {
 public:
  CLI::App* describe(CLI::App& app) override {
    CLI::App* serve = app.add_subcommand("serve", "serve the embedded AWS on a port");
    port_option_ = serve->add_option("--port", port_, "port on 127.0.0.1; 0: any free one (the default with a COMMAND)")
                       ->check(CLI::Range(0, 65535))
                       ->capture_default_str();
    https_option_ = serve
                        ->add_option("--https-port", https_port_,
                                     "serve over TLS as well, on this port of localhost; 0: any free one")
                        ->check(CLI::Range(0, 65535));
    serve->add_option("--ca-file", ca_file_, "where to write the certificate that clients of --https-port must trust")
        ->type_name("FILE")
        ->needs(https_option_);
    serve->add_option("--state", state_, "keep everything in this folder")->type_name("DIR");
    serve->add_option("--region", region_, "where requests do not say")->capture_default_str();
    serve->add_option("--network", network_, "what functions reach: only AWS (isolated), or the host's network (host)")
        ->check(CLI::IsMember({"isolated", "host"}))
        ->capture_default_str();
    add_realism_option(*serve, realism_);
    names_option_ =
        serve->add_flag("--names", names_,
                        "AWS's own host names lead the COMMAND to the embedded AWS: for clients that do not "
                        "know AWS_ENDPOINT_URL; files and every other host are as they are");
    as_role_option_ = serve
                          ->add_option("--as-role", role_.role,
                                       "run the COMMAND as if it were on EC2 under this role: in a sandbox that has "
                                       "its credentials from instance metadata and reaches AWS by its real names")
                          ->type_name("ROLE");
    serve->add_option("--role-policy", role_.policy_file, "make that role, with this policy document")
        ->type_name("FILE")
        ->needs(as_role_option_);
    serve->add_option("--mount", role_.mounts, "show this path in that sandbox, read-only, beside the working folder")
        ->type_name("PATH")
        ->allow_extra_args(false)
        ->needs(as_role_option_);
    names_option_->excludes(as_role_option_);
    serve->add_flag("--container", role_.as_container, "credentials from the container endpoint, as in ECS")
        ->needs(as_role_option_);
    serve->footer(
        "With a COMMAND after --: runs it with AWS_ENDPOINT_URL, credentials and region set, and exits with its "
        "status.\n"
        "Without: prints the exports and serves until interrupted.\n"
        "Examples:\n  sortie serve --state ~/.local/share/my-aws\n  sortie serve > exports.sh &   # then: . "
        "./exports.sh\n"
        "  sortie serve -- sh -c 'aws --endpoint-url $AWS_ENDPOINT_URL s3 mb s3://bucket'\n"
        "  sortie serve --names -- aws s3 mb s3://bucket\n"
        "  sortie serve --as-role tester --role-policy allow.json -- ./integration_test\n"
        "Functions run in sandboxes of the best kind that this machine allows: namespace, seccomp, plain. "
        "SORTIE_SANDBOX=KIND in the environment asks for one.");
    return serve;
  }

  bool take_trailing(std::vector<std::string> arguments) override {
    command_ = std::move(arguments);
    return true;
  }

  Task<Result<int>> execute(Context& context) override {
    const std::string& reason = sandbox::probe().reason;
    if (!sandbox::probe().refused.empty()) co_return fail(ErrorKind::config, reason);
    if (!reason.empty()) std::fprintf(stderr, "note: %s\n", reason.c_str());
    emulator::Options options{
        .region = region_, .sandbox_host_network = network_ == "host", .realism = realism_ == "aws"};
    if (!state_.empty()) options.state_folder = state_;
    auto emulator = emulator::Emulator::create(context.executor, context.clock, std::move(options));
    if (!emulator) {
      Error error = wrap(std::move(emulator).error(), "start the embedded AWS");
      if (!state_.empty()) {
        error.kind = ErrorKind::config;
        if (error.hint.empty()) error.hint = "--state names a folder that is yours to write, or one to be made";
      }
      co_return std::unexpected(std::move(error));
    }
    auto settled = co_await settle(serve(context, **emulator));
    co_await asio::this_coro::reset_cancellation_state();
    co_await (*emulator)->shutdown();
    if (settled.exception) std::rethrow_exception(settled.exception);
    co_return *std::move(settled.result);
  }

  bool interrupt(int number) override {
    interrupted_ = number;
    if (stop_) stop_->notify();
    // A terminal sends its signals to the command as well; others reach only us.
    const bool from_terminal = number == SIGINT && tcgetpgrp(STDIN_FILENO) == getpgrp();
    if (child_ && !from_terminal) child_->signal(number);
    if (named_command_ && !from_terminal) named_command_->signal(number);
    if (role_command_) role_command_->signal(number);  // a sandbox has no terminal
    return true;
  }

 private:
  Task<Result<int>> serve(Context& context, emulator::Emulator& emulator) {
    if (as_role_option_->count() > 0) co_return co_await run_under_role(context, emulator);
    if (names_) co_return co_await run_with_names(context, emulator);
    http::Server server(context.executor);
    const bool chosen = port_option_->count() > 0 || command_.empty();
    auto port = server.listen("127.0.0.1", chosen ? port_ : 0, emulator);
    if (!port) {
      Error error = wrap(std::move(port).error(), "serve on 127.0.0.1:" + std::to_string(port_));
      error.kind = ErrorKind::config;
      error.hint = "is another one running? --port 0 takes any free port";
      co_return std::unexpected(std::move(error));
    }
    CO_RETURN_IF_ERROR(serve_https(server, emulator));
    const auto exports = this->exports(emulator, *port);
    if (!command_.empty()) co_return co_await run_command(context, exports);
    std::string text;
    for (const auto& [name, value] : exports) text += "export " + name + "=" + value + "\n";
    CO_RETURN_IF_ERROR(write_stdout(text));
    std::string where = "http://127.0.0.1:" + std::to_string(*port);
    if (authority_) where += " and https://localhost:" + std::to_string(https_port_);
    std::fprintf(stderr, "serving the embedded AWS on %s; Ctrl-C ends it\n", where.c_str());
    Signal stop(context.executor);
    stop_ = &stop;
    if (interrupted_ == 0) co_await stop.wait();
    stop_ = nullptr;
    co_return 0;
  }

  /// With --https-port: a certificate authority of this run's own.
  Result<void> serve_https(http::Server& server, emulator::Emulator& emulator) {
    if (https_option_->count() == 0) return {};
    ASSIGN_OR_RETURN(authority_, http::CertificateAuthority::create());
    auto port = server.listen_tls("127.0.0.1", static_cast<std::uint16_t>(https_port_), emulator, *authority_);
    if (!port) {
      Error error = wrap(std::move(port).error(), "serve on localhost:" + std::to_string(https_port_));
      error.kind = ErrorKind::config;
      return std::unexpected(std::move(error));
    }
    https_port_ = *port;
    if (ca_file_.empty()) return {};
    auto file = OutputFile::open(ca_file_, OutputFile::Writing::at_once);
    if (!file) return std::unexpected(wrap(std::move(file).error(), "--ca-file"));
    file->write(authority_->ca_pem());
    return file->close();
  }

  [[nodiscard]] std::map<std::string, std::string> exports(const emulator::Emulator& emulator,
                                                           std::uint16_t port) const {
    const emulator::RootCredentials& root = emulator.root_credentials();
    return {{"AWS_ENDPOINT_URL", "http://127.0.0.1:" + std::to_string(port)},
            {"AWS_ACCESS_KEY_ID", root.access_key_id},
            {"AWS_SECRET_ACCESS_KEY", root.secret_access_key},
            {"AWS_REGION", region_},
            {"AWS_DEFAULT_REGION", region_},
            {"AWS_EC2_METADATA_DISABLED", "true"}};
  }

  Task<Result<int>> run_under_role(Context& context, emulator::Emulator& emulator) {
    if (command_.empty()) {
      co_return fail(ErrorKind::usage, "--as-role needs a command", "sortie serve --as-role ROLE -- COMMAND");
    }
    ASSIGN_OR_CO_RETURN(auto prepared,
                        co_await RoleCommand::prepare(context, emulator, region_, role_, network_ == "host"));
    if (interrupted_ != 0) co_return 128 + interrupted_;  // before there was a command to be told
    role_command_.emplace(std::move(prepared));
    auto status = co_await role_command_->run(command_);
    role_command_.reset();
    co_return status;
  }

  Task<Result<int>> run_with_names(Context& context, emulator::Emulator& emulator) {
    if (command_.empty()) {
      co_return fail(ErrorKind::usage, "--names needs a command", "sortie serve --names -- COMMAND");
    }
    if (interrupted_ != 0) co_return 128 + interrupted_;
    auto environment = command_environment(context.environment, exports(emulator, 0));
    environment.erase("AWS_ENDPOINT_URL");
    ASSIGN_OR_CO_RETURN(named_command_,
                        co_await NamedCommand::start(context.executor, emulator, command_, std::move(environment)));
    auto status = co_await named_command_->wait();
    named_command_.reset();
    co_return status;
  }

  Task<Result<int>> run_command(Context& context, const std::map<std::string, std::string>& exports) {
    if (interrupted_ != 0) co_return 128 + interrupted_;  // before there was a command to be told
    auto environment = command_environment(context.environment, exports);
    ASSIGN_OR_CO_RETURN(child_, Child::start(command_, environment));
    auto status = co_await child_->wait();
    child_.reset();
    co_return status;
  }

  int port_ = k_default_port;
  CLI::Option* https_option_ = nullptr;
  int https_port_ = 0;
  std::string ca_file_;
  std::unique_ptr<http::CertificateAuthority> authority_;
  CLI::Option* port_option_ = nullptr;
  std::string state_;
  std::string region_ = "us-east-1";
  std::string network_ = "isolated";
  std::string realism_ = "off";
  std::vector<std::string> command_;
  CLI::Option* as_role_option_ = nullptr;
  RoleOptions role_;
  std::optional<RoleCommand> role_command_;
  std::optional<Child> child_;
  CLI::Option* names_option_ = nullptr;
  bool names_ = false;
  std::unique_ptr<NamedCommand> named_command_;
  Signal* stop_ = nullptr;
  int interrupted_ = 0;  ///< the signal that came first
};

}  // namespace

std::unique_ptr<Command> make_serve() {
  return std::make_unique<Serve>();
}

}  // namespace sortie::cli
