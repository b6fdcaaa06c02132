#include "run/deployment.h"

#include <utility>

#include "base/deadline.h"

namespace sortie::run {
namespace {

constexpr std::string_view k_trust_policy =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},)"
    R"("Action":"sts:AssumeRole"}]})";
constexpr const char* k_logs_policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
constexpr const char* k_policy_name = "sortie";
constexpr auto k_active_within = std::chrono::seconds(120);
constexpr std::chrono::milliseconds k_role_pause = std::chrono::seconds(1);

bool is_role_not_yet_assumable(const Error& error) {
  return error.code == "InvalidParameterValueException" &&
         describe(error).find("assumed by Lambda") != std::string::npos;
}

}  // namespace

Task<Result<Deployment>> Deployment::create(Target& target, const package::Package& package, DeploySpec spec) {
  Deployment deployment(target);
  deployment.function_ = package.function_name;
  deployment.architecture_ = package.architecture;
  deployment.memory_mb_ = spec.memory_mb;
  auto settled = co_await settle(deployment.make(package, spec));
  if (settled.result && *settled.result) {
    if (spec.keep) deployment.role_made_ = deployment.function_made_ = false;
    co_return deployment;
  }
  // Also after an interrupt: what was made is removed. The first error is the one to show.
  co_await asio::this_coro::reset_cancellation_state();
  (void)co_await deployment.remove();
  if (settled.exception) std::rethrow_exception(settled.exception);
  co_return std::unexpected(wrap(std::move(*settled.result).error(), "deploy " + deployment.function_));
}

Task<Result<void>> Deployment::make(const package::Package& package, const DeploySpec& spec) {
  role_arn_ = spec.role_arn;
  if (role_arn_.empty()) CO_RETURN_IF_ERROR(co_await make_role(spec));
  co_return co_await make_function(package, spec);
}

Task<Result<void>> Deployment::make_role(const DeploySpec& spec) {
  role_name_ = function_;
  role_made_ = true;  // until AWS says otherwise: an interrupt leaves it unsaid
  const Result<aws::Role> created = co_await target_->iam.create_role(
      {.name = role_name_, .assume_role_policy = std::string(k_trust_policy), .description = "made by sortie run"});
  role_made_ = created.has_value();
  if (created) {
    role_arn_ = created->arn;
  } else if (created.error().code == "EntityAlreadyExists") {
    ASSIGN_OR_CO_RETURN(const aws::Role role, co_await target_->iam.get_role(role_name_));
    role_arn_ = role.arn;
  } else {
    co_return std::unexpected(created.error());
  }
  CO_RETURN_IF_ERROR(co_await target_->iam.attach_role_policy(role_name_, k_logs_policy_arn));
  if (!spec.role_policy.empty()) {
    CO_RETURN_IF_ERROR(co_await target_->iam.put_role_policy(role_name_, k_policy_name, spec.role_policy));
  } else if (const auto old = co_await target_->iam.delete_role_policy(role_name_, k_policy_name);
             !old && old.error().kind != ErrorKind::not_found) {
    co_return std::unexpected(old.error());
  }
  co_return Result<void>{};
}

Task<Result<void>> Deployment::make_function(const package::Package& package, const DeploySpec& spec) {
  const auto there = co_await target_->lambda.get_function_configuration(function_);
  if (there) {
    CO_RETURN_IF_ERROR(co_await take_up(*there, package, spec));
  } else if (there.error().kind == ErrorKind::not_found) {
    CO_RETURN_IF_ERROR(co_await create_function(package, spec));
  } else {
    co_return std::unexpected(there.error());
  }
  CO_RETURN_IF_ERROR(co_await target_->lambda.wait_until_active(function_, deadline_in(k_active_within)));
  co_return Result<void>{};
}

Task<Result<void>> Deployment::create_function(const package::Package& package, const DeploySpec& spec) {
  for (std::chrono::milliseconds waited{0};; waited += k_role_pause) {
    aws::CreateFunctionRequest request{.name = function_, .role = role_arn_};
    request.code.zip = package.zip;
    request.architecture = package.architecture;
    request.description = "made by sortie run";
    request.timeout_seconds = spec.timeout_seconds;
    request.memory_mb = spec.memory_mb;
    function_made_ = true;  // as above
    const auto created = co_await target_->lambda.create_function(std::move(request));
    if (created) co_return Result<void>{};
    function_made_ = false;
    const bool wait = (role_made_ || spec.role_is_new) && is_role_not_yet_assumable(created.error());
    if (!wait || waited >= spec.role_assumable.total) co_return std::unexpected(created.error());
    co_await spec.role_assumable.sleep(k_role_pause);
  }
}

/// A function of that name is there. Its name is made of its code, but settings and role may differ.
Task<Result<void>> Deployment::take_up(const aws::FunctionConfiguration& there, const package::Package& package,
                                       const DeploySpec& spec) {
  const Deadline deadline = deadline_in(k_active_within);
  CO_RETURN_IF_ERROR(co_await target_->lambda.wait_until_active(function_, deadline));
  if (there.code_sha256 != package.zip_sha256) {
    aws::UpdateFunctionCodeRequest code{.name = function_};
    code.code.zip = package.zip;
    CO_RETURN_IF_ERROR(co_await target_->lambda.update_function_code(std::move(code)));
    CO_RETURN_IF_ERROR(co_await target_->lambda.wait_until_updated(function_, deadline));
  } else {
    reused_ = true;
  }
  const bool same =
      there.role == role_arn_ && there.memory_mb == spec.memory_mb && there.timeout_seconds == spec.timeout_seconds;
  if (same) co_return Result<void>{};
  aws::UpdateFunctionConfigurationRequest configuration{.name = function_};
  configuration.role = role_arn_;
  configuration.memory_mb = spec.memory_mb;
  configuration.timeout_seconds = spec.timeout_seconds;
  CO_RETURN_IF_ERROR(co_await target_->lambda.update_function_configuration(std::move(configuration)));
  CO_RETURN_IF_ERROR(co_await target_->lambda.wait_until_updated(function_, deadline));
  co_return Result<void>{};
}

Task<Result<void>> Deployment::remove() {
  Result<void> first;
  const auto note = [&first](Result<void> result) {
    if (!result && result.error().kind != ErrorKind::not_found && first) first = std::move(result);
  };
  if (std::exchange(function_made_, false)) {
    note(co_await target_->lambda.delete_function(function_));
    note(co_await target_->logs.delete_log_group(log_group()));
  }
  if (std::exchange(role_made_, false)) {
    note(co_await target_->iam.detach_role_policy(role_name_, k_logs_policy_arn));
    note(co_await target_->iam.delete_role_policy(role_name_, k_policy_name));
    note(co_await target_->iam.delete_role(role_name_));
  }
  if (!first) co_return std::unexpected(wrap(std::move(first).error(), "remove " + function_));
  co_return Result<void>{};
}

}  // namespace sortie::run
