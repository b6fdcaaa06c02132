#include "emulator/core/protocol.h"
#include "emulator/lambda/api/service.h"

/// Invocations by other services of AWS in their own name.
/// https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
namespace sortie::emulator::lambda {

AwsResult<FunctionRef> Service::check(const FunctionEvents::Source& source, const std::string& function_arn) {
  auto ref = parse_function_name(function_arn, {}, source.region, options_.account, NameUse::other);
  if (!ref) return std::unexpected(ref.error());
  const auto* function = ref->account == options_.account ? registry_.find(ref->region, ref->name) : nullptr;
  if (function == nullptr || function->find(ref->qualifier) == nullptr) {
    return std::unexpected(function_not_found(ref->arn()));
  }
  Call call{.service = "lambda",
            .region = ref->region,
            .account = options_.account,
            .request_id = make_request_id(),
            .signature = Call::Signature::header,
            .signed_at = clock_.now()};
  call.principal.kind = Principal::Kind::service;
  call.principal.name = source.service;
  auto allowed = authorize(call, "lambda:InvokeFunction", ref->arn(), function->policy_document(ref->qualifier),
                           {{"aws:SourceArn", source.arn}, {"aws:SourceAccount", options_.account}});
  if (!allowed) return std::unexpected(allowed.error());
  return *std::move(ref);
}

void Service::send(const FunctionEvents::Source& source, const std::string& function_arn, std::string payload) {
  if (closed_) return;
  auto ref = check(source, function_arn);
  if (!ref) return;
  async_->accept({.request_id = make_request_id(),
                  .region = ref->region,
                  .name = ref->name,
                  .qualifier = ref->qualifier,
                  .payload = std::move(payload),
                  .client_context = {}});
}

}  // namespace sortie::emulator::lambda
