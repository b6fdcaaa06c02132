#include "s3cli/run.h"

#include <fmt/format.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "aws/credentials.h"
#include "base/deadline.h"
#include "http/client.h"
#include "s3cli/arguments.h"
#include "s3cli/blobstore.h"
#include "s3cli/log.h"

namespace sortie::s3cli {

namespace {

constexpr int k_failed = 1;
constexpr int k_wrong_flag = 2;
constexpr int k_absent = 3;
constexpr int k_most_attempts = 100;

/// What a credential source needs and hands out is shown to nobody.
class HidingCredentials final : public aws::CredentialsProvider {
 public:
  HidingCredentials(std::unique_ptr<CredentialsProvider> source, Log& log) : source_(std::move(source)), log_(log) {}
  Task<Result<aws::Credentials>> get() override {
    auto credentials = co_await source_->get();
    if (credentials && credentials->secret_access_key != hidden_) {
      hidden_ = credentials->secret_access_key;
      log_.hide(credentials->secret_access_key);
      log_.hide(credentials->session_token);
    }
    co_return credentials;
  }
  void invalidate() override { source_->invalidate(); }

 private:
  std::unique_ptr<CredentialsProvider> source_;
  Log& log_;
  std::string hidden_;
};

http::ClientOptions client_options(const Config& config, const aws::Environment& environment) {
  http::ClientOptions options;
  options.verify_peer = config.verify_peer;
  options.proxy = http::proxy_settings_from(environment);
  // Instance and container metadata are this machine's: no proxy has the same.
  options.proxy.no_proxy += ",169.254.0.0/16,fd00:ec2::/32";
  return options;
}

std::unique_ptr<aws::CredentialsProvider> make_credentials(const Config& config, const aws::ChainOptions& chain) {
  std::unique_ptr<aws::CredentialsProvider> base;
  if (config.credentials_source == CredentialsSource::env_or_profile) {
    base = aws::default_credentials(chain);
  } else {
    base = std::make_unique<aws::StaticCredentials>(
        aws::Credentials{config.access_key_id, config.secret_access_key, {}, {}, "configuration"});
  }
  if (config.assume_role_arn.empty()) return base;
  return std::make_unique<aws::CachedCredentials>(
      aws::assume_role_credentials(chain, std::move(base), {.role_arn = config.assume_role_arn}), chain.clock);
}

/// Everything that an operation needs, put together.
struct Program {
  Program(Executor executor, const Config& given, Log& log)
      : config(given),
        environment(aws::process_environment()),
        network(std::move(executor), client_options(config, environment)),
        credentials(make_credentials(config, chain_options()), log),
        endpoint(endpoint_of(config, environment_url())),
        s3(client_config(), s3_options()),
        store{.config = config,
              .s3 = s3,
              .is_tls = endpoint.url.starts_with("https:"),
              .log = [&log](Log::Level level, const std::string& message) { log.write(level, message); }} {}

  [[nodiscard]] std::optional<std::string> environment_url() const {
    if (!config.host.empty()) return std::nullopt;
    // The shared files are read for those alone who use them.
    if (config.credentials_source == CredentialsSource::env_or_profile) {
      return aws::resolve_endpoint_url(environment, "s3");
    }
    for (const auto* name : {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}) {
      const auto found = environment.find(name);
      if (found != environment.end() && !found->second.empty()) return found->second;
    }
    return std::nullopt;
  }
  [[nodiscard]] aws::ClientConfig client_config() {
    aws::ClientConfig out{network, credentials, clock, config.region, endpoint.url};
    out.user_agent = "s3cli/" S3CLI_VERSION;
    out.retry = retry_options();
    return out;
  }
  [[nodiscard]] aws::ChainOptions chain_options() {
    aws::ChainOptions out{network, clock, environment, {}, config.region};
    out.retry = retry_options();
    return out;
  }
  /// AWS_MAX_ATTEMPTS where it is a number that makes sense, as all SDKs read it.
  [[nodiscard]] aws::RetryOptions retry_options() const {
    aws::RetryOptions out;
    const auto found = environment.find("AWS_MAX_ATTEMPTS");
    const int asked = found == environment.end() ? 0 : std::atoi(found->second.c_str());
    if (asked >= 1 && asked <= k_most_attempts) out.max_attempts = asked;
    return out;
  }
  [[nodiscard]] aws::S3Options s3_options() const {
    aws::S3Options options;
    options.addressing = endpoint.bucket_in_host ? aws::AddressingStyle::virtual_host : aws::AddressingStyle::path;
    options.signature_version = config.signature_version;
    options.anonymous = config.credentials_source == CredentialsSource::none;
    if (!config.upload_checksums) options.upload_checksum.reset();
    return options;
  }

  const Config& config;
  SystemClock clock;
  aws::Environment environment;
  http::Client network;
  HidingCredentials credentials;
  Endpoint endpoint;
  aws::S3 s3;
  Blobstore store;
};

Result<void> write_to_stdout(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return {};
  return fail(ErrorKind::internal, "writing to standard output failed");
}

Result<void> flush_stdout() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return {};
  return fail(ErrorKind::internal, "writing to standard output failed");
}

/// Does what was asked for; the exit status of a success.
Task<Result<int>> perform(Program& program, const Arguments& arguments) {
  auto& store = program.store;
  switch (arguments.verb) {
    case Verb::put: CO_RETURN_IF_ERROR(co_await put(store, arguments.file, arguments.key)); break;
    case Verb::get: CO_RETURN_IF_ERROR(co_await get(store, arguments.key, arguments.file)); break;
    case Verb::remove: CO_RETURN_IF_ERROR(co_await remove(store, arguments.key)); break;
    case Verb::exists: {
      ASSIGN_OR_CO_RETURN(const bool found, co_await exists(store, arguments.key));
      co_return found ? 0 : k_absent;
    }
    case Verb::sign: {
      ASSIGN_OR_CO_RETURN(const auto url, co_await sign(store, arguments.key, arguments.signed_method,
                                                        arguments.valid_for, program.clock.now()));
      CO_RETURN_IF_ERROR(write_to_stdout(url));
      break;
    }
    case Verb::list: {
      const auto print = [](std::string_view key) { return write_to_stdout(fmt::format("{}\n", key)); };
      CO_RETURN_IF_ERROR(co_await list(store, arguments.key, print));
      break;
    }
    case Verb::copy: CO_RETURN_IF_ERROR(co_await copy(store, arguments.key, arguments.destination)); break;
    case Verb::remove_recursive: CO_RETURN_IF_ERROR(co_await remove_recursive(store, arguments.key)); break;
    case Verb::properties: {
      ASSIGN_OR_CO_RETURN(const auto text, co_await properties(store, arguments.key));
      CO_RETURN_IF_ERROR(write_to_stdout(text));
      break;
    }
    case Verb::ensure_storage_exists: CO_RETURN_IF_ERROR(co_await ensure_storage_exists(store)); break;
  }
  CO_RETURN_IF_ERROR(flush_stdout());
  co_return 0;
}

/// Cancels the operation at the first signal, so that it tidies up; the second one ends the program at once.
class Interrupts {
 public:
  explicit Interrupts(asio::io_context& io) : signals_(io, SIGINT, SIGTERM, SIGHUP) { wait(); }
  asio::cancellation_slot slot() { return cancel_.slot(); }
  [[nodiscard]] int received() const { return received_; }

 private:
  void wait() {
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      if (received_ != 0) std::_Exit(128 + number);
      received_ = number;
      cancel_.emit(asio::cancellation_type::terminal);
      wait();
    });
  }

  asio::signal_set signals_;
  asio::cancellation_signal cancel_;
  int received_ = 0;
};

[[noreturn]] void die_of(int signal) {
  std::signal(signal, SIG_DFL);
  std::raise(signal);
  std::_Exit(128 + signal);
}

std::string message_of(const Error& error) {
  auto text = describe(error);
  if (!error.hint.empty()) text += "; " + error.hint;
  return text;
}

int run_operation(const Config& config, const Arguments& arguments, Log& log) {
  asio::io_context io(1);
  Program program(io.get_executor(), config, log);
  Interrupts interrupts(io);
  std::optional<Settled<int>> settled;
  asio::co_spawn(io, settle(perform(program, arguments)),
                 asio::bind_cancellation_slot(interrupts.slot(), [&](std::exception_ptr bug, Settled<int> value) {
                   settled = std::move(value);
                   if (bug) settled->exception = std::move(bug);
                   io.stop();  // timers of kept connections are nobody's business any more
                 }));
  io.run();
  if (settled->exception) std::rethrow_exception(settled->exception);
  const auto& result = *settled->result;
  if (result) return *result;
  // What failed may be a system call that a signal ended; nobody has seen that signal yet.
  io.restart();
  io.poll();
  if (interrupts.received() != 0) {
    log.failure(arguments.verb_name, "interrupted");
    die_of(interrupts.received());
  }
  log.failure(arguments.verb_name, message_of(result.error()));
  return k_failed;
}

/// Those that are known beforehand; what credential sources hand out is hidden as it comes.
void hide_secrets(const Config& config, Log& log) {
  log.hide(config.secret_access_key);
  log.hide(config.swift_temp_url_key);
  for (const auto* name : {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"}) {
    if (const char* secret = std::getenv(name)) log.hide(secret);
  }
}

/// What needs no configuration: the version, help, and what is wrong with the command line.
std::optional<int> answer_at_once(const Result<Arguments>& arguments, Dialect dialect, const Log& log) {
  if (!arguments && arguments.error().kind == ErrorKind::usage) {
    std::fprintf(stderr, "%s\n%s", arguments.error().message.c_str(), std::string(usage(dialect)).c_str());
    return k_wrong_flag;
  }
  if (!arguments) {
    log.write(Log::Level::error, arguments.error().message);
    return k_failed;
  }
  if (arguments->show_help) {
    std::fputs(std::string(usage(arguments->dialect)).c_str(), stderr);
    return 0;
  }
  if (!arguments->show_version) return std::nullopt;
  std::fputs("version " S3CLI_VERSION "\n", stdout);
  return std::fflush(stdout) == 0 ? 0 : k_failed;
}

}  // namespace

int run(std::string_view program, const std::vector<std::string>& words) {
  Log log;
  const auto arguments = parse_arguments(program, words);
  const auto dialect = dialect_of(program, words);
  if (dialect == Dialect::storage_cli) {
    const auto opened = log.write_json(arguments ? arguments->log_level : Log::Level::warning,
                                       arguments ? arguments->log_file : std::string());
    if (!opened) {
      log.write(Log::Level::error, message_of(opened.error()));
      return k_failed;
    }
  }
  if (const auto status = answer_at_once(arguments, dialect, log)) return *status;
  const auto config = load_config(arguments->config_path);
  if (!config) {
    log.write(Log::Level::error, message_of(config.error()));
    return k_failed;
  }
  hide_secrets(*config, log);
  // A reader that went away and a file that may not grow are errors like others.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return run_operation(*config, *arguments, log);
}

}  // namespace sortie::s3cli
