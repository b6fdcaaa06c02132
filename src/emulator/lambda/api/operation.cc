#include "emulator/lambda/api/operation.h"

#include <fmt/format.h>

namespace sortie::emulator::lambda {

std::string Operation::query(std::string_view name) const {
  return query_parameter(call.request.query, name);
}

AwsResult<FunctionRef> Operation::name_of(NameUse use, std::string_view text, std::string_view qualifier) const {
  return parse_function_name(text, qualifier, call.region, account, use);
}

AwsResult<FunctionRef> Operation::name() const {
  return name_of(NameUse::other, parts.at(0), query("Qualifier"));
}

AwsResult<void> Operation::allow(std::string_view action, std::string resource, ContextKeys context) const {
  return permissions.authorize(call, fmt::format("lambda:{}", action), std::move(resource), {}, std::move(context));
}

AwsResult<Target> find_target(const Operation& operation, std::string_view action) {
  ASSIGN_OR_RETURN(auto ref, operation.name());
  auto* function = ref.account == operation.account ? operation.functions.find(ref.region, ref.name) : nullptr;
  auto policy = function != nullptr ? function->policy_document(ref.qualifier) : std::string();
  RETURN_IF_ERROR(
      operation.permissions.authorize(operation.call, fmt::format("lambda:{}", action), ref.arn(), std::move(policy)));
  const auto* version = function != nullptr ? function->find(ref.qualifier) : nullptr;
  if (version == nullptr) return std::unexpected(function_not_found(ref.arn()));
  return Target{std::move(ref), function, version};
}

AwsResult<Target> find_qualified(const Operation& operation, std::string_view action) {
  ASSIGN_OR_RETURN(auto target, find_permitted(operation, action));
  if (target.function == nullptr) return std::unexpected(function_not_found(target.ref.unqualified_arn()));
  if (target.version != nullptr) return target;
  const auto& qualifier = target.ref.qualifier;
  if (qualifier == k_latest || is_version(qualifier)) return std::unexpected(function_not_found(target.ref.arn()));
  return aws_fail(404, "ResourceNotFoundException", "Cannot find alias arn: " + target.ref.arn());
}

AwsResult<Target> find_permitted(const Operation& operation, std::string_view action, ContextKeys context) {
  ASSIGN_OR_RETURN(auto ref, operation.name());
  RETURN_IF_ERROR(operation.allow(action, ref.arn(), std::move(context)));
  Target target{.ref = std::move(ref)};
  target.function = operation.functions.find(target.ref.region, target.ref.name);
  if (target.function != nullptr) target.version = target.function->find(target.ref.qualifier);
  return target;
}

}  // namespace sortie::emulator::lambda
