#include "emulator/emulator.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/blocking.h"
#include "emulator/cloudformation/cloudformation.h"
#include "emulator/core/router.h"
#include "emulator/core/store.h"
#include "emulator/iam/iam.h"
#include "emulator/instance/instance.h"
#include "emulator/lambda/lambda.h"
#include "emulator/logs/logs.h"
#include "emulator/s3/s3.h"
#include "emulator/ssm/ssm.h"
#include "emulator/sts/sts.h"
#include "http/tls.h"

namespace sortie::emulator {

namespace {

/// How long CloudFormation waits for a role that Lambda cannot assume yet.
constexpr auto k_role_patience = std::chrono::seconds(60);

bool is_account(const std::string& text) {
  return text.size() == 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// The authority that sandboxes trust: kept with the state, so that what trusted it once goes on doing so.
Result<std::unique_ptr<http::CertificateAuthority>> open_authority(Store& store) {
  if (store.is_ephemeral()) return http::CertificateAuthority::create();
  try {
    store.db().exec("CREATE TABLE IF NOT EXISTS core_authority (chain TEXT NOT NULL, key TEXT NOT NULL)");
    SQLite::Statement row(store.db(), "SELECT chain, key FROM core_authority");
    if (row.executeStep()) {
      return http::CertificateAuthority::load({row.getColumn(0).getString(), row.getColumn(1).getString()});
    }
    ASSIGN_OR_RETURN(auto authority, http::CertificateAuthority::create());
    SQLite::Statement write(store.db(), "INSERT INTO core_authority (chain, key) VALUES (?, ?)");
    write.bind(1, authority->certificate().chain_pem);
    write.bind(2, authority->certificate().key_pem);
    write.exec();
    return authority;
  } catch (const SQLite::Exception& error) {
    return fail(ErrorKind::internal, fmt::format("keep the certificate authority: {}", error.what()));
  }
}

}  // namespace

/// Members are destroyed from the last to the first: functions stop before what they use goes away.
struct Emulator::Impl {
  Impl(Executor executor, const Clock& clock, const Options& options, std::unique_ptr<Store> the_store,
       std::unique_ptr<http::CertificateAuthority> the_authority)
      : executor(executor),
        clock(clock),
        account(options.account),
        store(std::move(the_store)),
        authority(std::move(the_authority)),
        iam(clock, *store, options.account),
        sts(iam.authorizer(), iam.identities(), iam.sessions()),
        router(clock, iam.identities(), options.account, options.region),
        logs(executor, clock, *store, iam.authorizer()),
        ssm(clock, *store, iam.authorizer()),
        s3(executor, clock, *store, iam.authorizer(), pool),
        lambda(executor, clock, *store, iam.authorizer(), iam.identities(), logs, s3, pool, lambda_options(options)),
        cloudformation(executor, clock, *store, iam.authorizer(), iam.identities(), router, s3,
                       cloudformation_options(options)) {
    const Iam::RootKey key = iam.root_key();
    root = {key.access_key_id, key.secret_access_key};
    s3.set_function_events(lambda);
    logs.set_function_events(lambda);
    router.add(iam);
    router.add(sts);
    router.add(logs);
    router.add(ssm);
    router.add(s3);
    router.add(lambda);
    router.add(cloudformation);
    router.set_public_requests(lambda);
  }

  LambdaOptions lambda_options(const Options& options) {
    LambdaOptions result;
    result.account = options.account;
    result.host_network = options.sandbox_host_network;
    if (options.realism) result.realism.emplace();
    result.aws = &router;
    result.authority = authority.get();
    return result;
  }

  static CloudFormationOptions cloudformation_options(const Options& options) {
    return {.account = options.account,
            .role_patience = options.realism ? k_role_patience : std::chrono::seconds(0),
            .functions_on_host_network = options.sandbox_host_network};
  }

  Executor executor;
  const Clock& clock;
  std::string account;
  std::unique_ptr<Store> store;
  BlockingPool pool;  // destroyed before the store: its last jobs write into the store's folder
  std::unique_ptr<http::CertificateAuthority> authority;
  Iam iam;
  Sts sts;
  Router router;
  Logs logs;
  Ssm ssm;
  S3 s3;
  Lambda lambda;
  CloudFormation cloudformation;
  RootCredentials root;
};

Result<std::unique_ptr<Emulator>> Emulator::create(Executor executor, const Clock& clock, Options options) {
  if (!is_account(options.account)) {
    return fail(ErrorKind::config, fmt::format("\"{}\" is not an account id: 12 digits", options.account));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Store> store,
                   options.state_folder ? Store::open(*options.state_folder) : Store::ephemeral());
  ASSIGN_OR_RETURN(auto authority, open_authority(*store));
  try {
    auto impl = std::make_unique<Impl>(executor, clock, options, std::move(store), std::move(authority));
    return std::unique_ptr<Emulator>(new Emulator(std::move(impl)));
  } catch (const SQLite::Exception& error) {
    return fail(ErrorKind::config, fmt::format("the state of the embedded AWS cannot be read: {}", error.what()));
  }
}

Emulator::Emulator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Emulator::~Emulator() = default;

Task<Result<http::Response>> Emulator::handle(http::Request request) {
  return impl_->router.handle(std::move(request));
}

const RootCredentials& Emulator::root_credentials() const {
  return impl_->root;
}

std::map<std::string, std::vector<OperationSummary>> Emulator::operations() const {
  std::map<std::string, std::vector<OperationSummary>> all;
  for (const AwsService* service : std::initializer_list<const AwsService*>{
           &impl_->iam, &impl_->sts, &impl_->logs, &impl_->ssm, &impl_->s3, &impl_->lambda, &impl_->cloudformation}) {
    all.emplace(service->name(), service->operations());
  }
  return all;
}

Task<Result<std::unique_ptr<Ec2Instance>>> Emulator::start_instance(InstanceOptions options) {
  options.account = impl_->account;
  return Ec2Instance::start({.executor = impl_->executor,
                             .clock = impl_->clock,
                             .identities = impl_->iam.identities(),
                             .aws = impl_->router,
                             .authority = *impl_->authority},
                            std::move(options));
}

Task<void> Emulator::shutdown() {
  co_await impl_->cloudformation.shutdown();
  co_await impl_->lambda.shutdown();
}

}  // namespace sortie::emulator
