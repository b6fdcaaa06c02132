#include "emulator/lambda/access/permissions.h"

#include "base/error.h"
#include "emulator/core/protocol.h"
#include "emulator/lambda/catalogue/errors.h"

namespace sortie::emulator::lambda {
namespace {

constexpr char k_service_principal[] = "lambda.amazonaws.com";
/// How long the session lasts that is made to ask for a role's permissions.
constexpr auto k_question_session = std::chrono::minutes(15);

AwsError not_assumable() {
  return invalid_parameter("The role defined for the function cannot be assumed by Lambda.");
}

}  // namespace

AwsResult<void> Permissions::authorize(const Call& call, std::string_view action, std::string resource,
                                       std::string policy, ContextKeys context) {
  auto allowed = authorizer_.authorize(call, {.action = std::string(action),
                                              .resource = std::move(resource),
                                              .resource_account = account_,
                                              .resource_policy = std::move(policy),
                                              .context = std::move(context)});
  if (allowed) return {};
  auto error = std::move(allowed).error();
  if (error.code == "AccessDenied") error.code = "AccessDeniedException";
  return std::unexpected(std::move(error));
}

AwsResult<void> Permissions::check_pass_role(const Call& call, const std::string& role) {
  RETURN_IF_ERROR(authorize(call, "iam:PassRole", role, {}, {{"iam:PassedToService", k_service_principal}}));
  if (!identities_.check_assumable(role, k_service_principal)) return std::unexpected(not_assumable());
  if (role_propagation_ > std::chrono::seconds::zero()) {
    const auto created = identities_.role_created(role);
    if (created && clock_.now() - *created < role_propagation_) return std::unexpected(not_assumable());
  }
  return {};
}

bool Permissions::role_may_invoke(const Function& function, const std::string& arn) {
  auto credentials =
      identities_.assume_for_service(function.latest.role, k_service_principal, function.name, k_question_session);
  auto key = credentials ? identities_.find_key(credentials->access_key_id) : std::nullopt;
  if (!key) return false;
  const Call call{.service = "lambda",
                  .region = function.region,
                  .account = function.account,
                  .request_id = make_request_id(),
                  .principal = key->principal,
                  .signature = Call::Signature::header,
                  .signed_at = clock_.now()};
  return authorize(call, "lambda:InvokeFunction", arn).has_value();
}

}  // namespace sortie::emulator::lambda
