#include "emulator/lambda/execution/function_role.h"

#include <fmt/format.h>

#include "base/error.h"
#include "emulator/core/protocol.h"
#include "wire/arn.h"

namespace sortie::emulator::lambda {
namespace {

constexpr char k_service_principal[] = "lambda.amazonaws.com";
constexpr auto k_session_duration = std::chrono::hours(12);
/// Credentials are renewed when they end sooner than this.
constexpr auto k_renew_before = std::chrono::hours(1);

}  // namespace

AwsResult<void> FunctionRole::assume() {
  // A session's name has two characters at least; what AWS adds to a shorter one is recorded.
  const auto session = deployment_.name.size() < 2 ? deployment_.name + "@lambda_function" : deployment_.name;
  auto credentials = services_.identities.assume_for_service(deployment_.version.role, k_service_principal, session,
                                                             k_session_duration);
  if (!credentials) {
    return aws_fail(403, "AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.");
  }
  credentials_ = *std::move(credentials);
  return {};
}

AwsResult<void> FunctionRole::renew() {
  if (credentials_.expires - services_.clock.now() >= k_renew_before) return {};
  return assume();
}

bool FunctionRole::may_write_logs(const LogTarget& target) const {
  auto key = services_.identities.find_key(credentials_.access_key_id);
  if (!key) return false;
  Call call{.service = "logs",
            .region = deployment_.region,
            .account = deployment_.account,
            .request_id = make_request_id(),
            .principal = key->principal,
            .signature = Call::Signature::header,
            .signed_at = services_.clock.now()};
  auto group = fmt::format("arn:{}:logs:{}:{}:log-group:{}:log-stream:", wire::partition_of(deployment_.region),
                           deployment_.region, deployment_.account, target.group);
  const bool has_group = services_.logs.has_group(target.region, target.group) ||
                         services_.authorizer.authorize(call, {.action = "logs:CreateLogGroup", .resource = group});
  return has_group && services_.authorizer.authorize(call, {.action = "logs:CreateLogStream", .resource = group}) &&
         services_.authorizer.authorize(call, {.action = "logs:PutLogEvents", .resource = group + target.stream})
             .has_value();
}

}  // namespace sortie::emulator::lambda
