#include "cli/open_target.h"

#include <boost/asio/this_coro.hpp>
#include <utility>

#include "cli/prepare.h"
#include "emulator/emulator.h"
#include "http/client.h"

namespace sortie::cli {
namespace {

constexpr const char* k_default_region = "us-east-1";
/// A test may be silent for as long as an invocation may take: 900 s and the way back.
constexpr auto k_longest_silence = std::chrono::seconds(930);

run::Target make_target(std::string name, const aws::ClientConfig& config,
                        const std::function<aws::ClientConfig(const char*)>& for_service) {
  return run::Target{std::move(name),
                     config.region,
                     aws::Lambda(for_service("lambda")),
                     aws::Iam(for_service("iam")),
                     aws::Logs(for_service("logs")),
                     aws::Sts(for_service("sts")),
                     aws::CloudFormation(for_service("cloudformation"))};
}

class LocalTarget final : public OpenTarget {
 public:
  LocalTarget(const Clock& clock, std::unique_ptr<emulator::Emulator> emulator, const std::string& region)
      : emulator_(std::move(emulator)),
        credentials_({.access_key_id = emulator_->root_credentials().access_key_id,
                      .secret_access_key = emulator_->root_credentials().secret_access_key,
                      .source = "embedded AWS"}),
        config_{.service = *emulator_, .credentials = credentials_, .clock = clock, .region = region},
        target_(make_target("local", config_, [this](const char*) { return config_; })) {}

  run::Target& target() override { return target_; }
  [[nodiscard]] aws::ClientConfig config_for(const char* /*service*/) const override { return config_; }
  [[nodiscard]] bool is_local() const override { return true; }

 private:
  Task<void> end() override { co_await emulator_->shutdown(); }

  std::unique_ptr<emulator::Emulator> emulator_;
  aws::StaticCredentials credentials_;
  aws::ClientConfig config_;
  run::Target target_;
};

class AwsTarget final : public OpenTarget {
 public:
  AwsTarget(Context& context, const TargetOptions& options, const std::string& region)
      : client_(context.executor, client_options(context)),
        credentials_(aws::default_credentials({.service = client_,
                                               .clock = context.clock,
                                               .environment = context.environment,
                                               .profile = options.profile,
                                               .region = region})),
        config_{.service = client_, .credentials = *credentials_, .clock = context.clock, .region = region},
        environment_(context.environment),
        options_(options),
        target_(make_target("aws", config_, [this](const char* service) { return config_for(service); })) {}

  run::Target& target() override { return target_; }
  [[nodiscard]] aws::ClientConfig config_for(const char* service) const override {
    aws::ClientConfig config = config_;
    config.endpoint_url = options_.endpoint_url.empty()
                              ? aws::resolve_endpoint_url(environment_, service, options_.profile)
                              : options_.endpoint_url;
    return config;
  }
  [[nodiscard]] bool is_local() const override { return false; }
  Task<Result<void>> try_credentials() {
    const auto credentials = co_await credentials_->get();
    if (!credentials) co_return std::unexpected(wrap(credentials.error(), "no AWS credentials"));
    co_return Result<void>{};
  }

 private:
  Task<void> end() override { co_return; }
  static http::ClientOptions client_options(const Context& context) {
    http::ClientOptions options;
    options.proxy = http::proxy_settings_from(context.environment);
    options.ca_file = http::find_trust_store(context.environment);
    options.response_timeout = k_longest_silence;
    options.io_timeout = k_longest_silence;
    return options;
  }

  http::Client client_;
  std::unique_ptr<aws::CredentialsProvider> credentials_;
  aws::ClientConfig config_;
  std::map<std::string, std::string> environment_;
  TargetOptions options_;
  run::Target target_;
};

Task<Result<std::unique_ptr<OpenTarget>>> open_local(Context& context, const TargetOptions& options) {
  const std::string region = options.region.empty() ? k_default_region : options.region;
  auto emulator = emulator::Emulator::create(context.executor, context.clock,
                                             {.region = region, .realism = options.realism == "aws"});
  if (!emulator) co_return std::unexpected(wrap(std::move(emulator).error(), "start the embedded AWS"));
  co_return std::make_unique<LocalTarget>(context.clock, *std::move(emulator), region);
}

Task<Result<std::unique_ptr<OpenTarget>>> open_aws(Context& context, const TargetOptions& options) {
  std::string region = options.region;
  if (region.empty()) {
    auto resolved = aws::resolve_region(context.environment, options.profile);
    if (!resolved) co_return std::unexpected(std::move(resolved).error());
    region = *std::move(resolved);
  }
  auto opened_target = std::make_unique<AwsTarget>(context, options, region);
  CO_RETURN_IF_ERROR(co_await opened_target->try_credentials());
  co_return opened_target;
}

}  // namespace

Task<Result<std::unique_ptr<OpenTarget>>> OpenTarget::open(Context& context, const TargetOptions& options) {
  if (cli::is_local(options)) co_return co_await open_local(context, options);
  co_return co_await open_aws(context, options);
}

Task<void> OpenTarget::close() {
  co_await end();
}

}  // namespace sortie::cli
