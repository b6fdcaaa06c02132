// What proving and allowing one warm request costs: the signature of a session with its token, then the decision over a
// role with one managed and one inline policy.

#include <benchmark/benchmark.h>

#include "emulator/core/authentication.h"
#include "emulator/core/test_support.h"
#include "emulator/iam/iam.h"
#include "wire/uri.h"

namespace {

using namespace sortie;
using namespace sortie::emulator;

constexpr const char* k_role = "arn:aws:iam::123456789012:role/r";

/// An account with one role and a session of it.
struct Account {
  Account() {
    ask("CreateRole",
        {{"RoleName", "r"},
         {"AssumeRolePolicyDocument",
          R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]})"}});
    ask("AttachRolePolicy",
        {{"RoleName", "r"}, {"PolicyArn", "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}});
    ask("PutRolePolicy",
        {{"RoleName", "r"},
         {"PolicyName", "p"},
         {"PolicyDocument",
          R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::bucket/*"},{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]})"}});
    const auto session =
        iam.identities().assume_for_service(k_role, "lambda.amazonaws.com", "s", std::chrono::hours(1));
    key = {session->access_key_id, session->secret_access_key, session->session_token};
  }

  void ask(const std::string& action, std::vector<std::pair<std::string, std::string>> fields) {
    fields.emplace_back("Action", action);
    Call call;
    call.account = "123456789012";
    call.principal = iam.identities().find_key(iam.root_key().access_key_id)->principal;
    call.request.body = wire::build_query(fields);
    if (testing_support::run(iam.handle(std::move(call))).status != 200) std::abort();
  }

  Call signed_get() const {
    Call call;
    call.service = "s3";
    call.account = "123456789012";
    call.request.path = "/bucket/some/key";
    call.request.headers.add("Host", "localhost:4566");
    call.request.headers.add("User-Agent", "bench");
    testing_support::sign(call.request, key, "s3", "us-east-1", clock.now());
    return call;
  }

  FakeClock clock;
  std::unique_ptr<Store> store = Store::ephemeral().value();
  Iam iam{clock, *store, "123456789012"};
  testing_support::SigningKey key;
};

Call copy(const Call& call) {
  Call result;
  result.service = call.service;
  result.account = call.account;
  result.request.method = call.request.method;
  result.request.path = call.request.path;
  result.request.headers = call.request.headers;
  return result;
}

void authenticate(benchmark::State& state) {
  Account account;
  Authenticator authenticator(account.clock, account.iam.identities());
  const Call request = account.signed_get();
  for (auto _ : state) {
    Call call = copy(request);
    if (!testing_support::run(authenticator.authenticate(call))) state.SkipWithError("refused");
  }
}
BENCHMARK(authenticate);

void authorize(benchmark::State& state) {
  Account account;
  Call call = account.signed_get();
  call.principal = account.iam.identities().find_key(account.key.id)->principal;
  const AuthorizationRequest question{"s3:GetObject", "arn:aws:s3:::bucket/some/key", "", "", {}};
  for (auto _ : state) {
    if (!account.iam.authorizer().authorize(call, question)) state.SkipWithError("denied");
  }
}
BENCHMARK(authorize);

}  // namespace

BENCHMARK_MAIN();
