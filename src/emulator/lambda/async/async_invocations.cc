#include "emulator/lambda/async/async_invocations.h"

#include <boost/json.hpp>

#include "base/error.h"
#include "emulator/core/protocol.h"
#include "emulator/lambda/catalogue/errors.h"
#include "wire/date.h"

namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

using Attempt = AsyncQueue::Attempt;
using Disposition = AsyncQueue::Disposition;

json::value document_or_text(const std::string& text) {
  boost::system::error_code error;
  auto value = json::parse(text, error);
  return error ? json::value(text) : value;
}

/// What a destination is sent.
/// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
json::object make_record(const AsyncRequest& request, const std::string& function_arn, const AsyncQueue::End& end,
                         SystemTime now) {
  json::object record{{"version", "1.0"},
                      {"timestamp", wire::format_iso8601_millis(now)},
                      {"requestContext", json::object{{"requestId", request.request_id},
                                                      {"functionArn", function_arn},
                                                      {"condition", end.condition},
                                                      {"approximateInvokeCount", end.invocations}}},
                      {"requestPayload", document_or_text(request.payload)}};
  if (end.invocations > 0) {
    json::object context{{"statusCode", 200}, {"executedVersion", end.last.version}};
    if (!end.last.function_error.empty()) context.emplace("functionError", end.last.function_error);
    record.emplace("responseContext", std::move(context));
    record.emplace("responsePayload", document_or_text(end.last.payload));
  }
  return record;
}

}  // namespace

AsyncInvocations::AsyncInvocations(const Background& background, const Clock& clock, Store& store, Registry& functions,
                                   Invoker& invoker, Permissions& permissions, std::string account,
                                   std::vector<std::chrono::milliseconds> retry_delays)
    : background_(background),
      clock_(clock),
      functions_(functions),
      invoker_(invoker),
      permissions_(permissions),
      account_(std::move(account)),
      queue_(std::make_shared<AsyncQueue>(
          background.executor(), clock, store, std::move(retry_delays),
          [this](AsyncRequest request) { return attempt(std::move(request)); },
          [this](const AsyncRequest& request) { return retry_policy_of(request); },
          [this](const AsyncRequest& request, const AsyncQueue::End& end) { notify_destination(request, end); })) {}

Task<Attempt> AsyncInvocations::attempt(AsyncRequest request) {
  const auto alive = background_.owner().lock();
  const auto invoked = invoker_.choose(request.region, request.name, request.qualifier);
  if (!invoked) co_return Attempt{Disposition::gone, {}, {}, {}};
  if (invoked->function->reserved_concurrency == 0) co_return Attempt{Disposition::refused, {}, {}, {}};
  auto invocation = invoker_.make_invocation(request.request_id);
  invocation->payload = std::move(request.payload);
  invocation->invoked_arn = invoked->function->arn(request.qualifier);
  invocation->client_context = std::move(request.client_context);
  auto executed = invoked->version->version;
  if (!invoker_.submit(*invoked, request.qualifier, invocation)) co_return Attempt{Disposition::throttled, {}, {}, {}};
  while (!invocation->done) co_await invocation->changed.wait();
  auto& result = invocation->result;
  if (result.refused) co_return Attempt{Disposition::throttled, {}, {}, {}};
  co_return Attempt{result.function_error.empty() ? Disposition::done : Disposition::failed, std::move(executed),
                    std::move(result.function_error), std::move(result.payload)};
}

const EventInvokeConfig* AsyncInvocations::config_of(const AsyncRequest& request) {
  const auto* function = functions_.find(request.region, request.name);
  if (function == nullptr) return nullptr;
  const auto found =
      function->event_configs.find(request.qualifier.empty() ? std::string(k_latest) : request.qualifier);
  return found == function->event_configs.end() ? nullptr : &found->second;
}

/// AWS's default is two retries and six hours.
AsyncQueue::RetryPolicy AsyncInvocations::retry_policy_of(const AsyncRequest& request) {
  AsyncQueue::RetryPolicy policy;
  const auto* config = config_of(request);
  if (config == nullptr) return policy;
  if (config->retries) policy.retries = *config->retries;
  if (config->event_age) policy.event_age = *config->event_age;
  return policy;
}

/// The function's role must be allowed to invoke the destination; if it is not, nothing is sent, as in AWS.
void AsyncInvocations::notify_destination(const AsyncRequest& request, const AsyncQueue::End& end) {
  const auto* config = config_of(request);
  if (config == nullptr) return;
  const auto& function = *functions_.find(request.region, request.name);
  const auto& arn = end.condition == "Success" ? config->on_success : config->on_failure;
  if (arn.empty()) return;
  auto ref = parse_function_name(arn, {}, request.region, account_, NameUse::other);
  if (!ref || !permissions_.role_may_invoke(function, arn)) return;
  const auto qualifier = request.qualifier.empty() ? std::string(k_latest) : request.qualifier;
  accept({.request_id = make_request_id(),
          .region = ref->region,
          .name = ref->name,
          .qualifier = ref->qualifier,
          .payload = json::serialize(make_record(request, function.arn(qualifier), end, clock_.now())),
          .client_context = {}});
}

/// https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
AwsResult<FunctionRef> AsyncInvocations::find_permitted(const Source& source, const std::string& function_arn) {
  ASSIGN_OR_RETURN(auto ref, parse_function_name(function_arn, {}, source.region, account_, NameUse::other));
  const auto* function = ref.account == account_ ? functions_.find(ref.region, ref.name) : nullptr;
  if (function == nullptr || function->find(ref.qualifier) == nullptr) {
    return std::unexpected(function_not_found(ref.arn()));
  }
  Call call{.service = "lambda",
            .region = ref.region,
            .account = account_,
            .request_id = make_request_id(),
            .signature = Call::Signature::header,
            .signed_at = clock_.now()};
  call.principal.kind = Principal::Kind::service;
  call.principal.name = source.service;
  RETURN_IF_ERROR(permissions_.authorize(call, "lambda:InvokeFunction", ref.arn(),
                                         function->policy_document(ref.qualifier),
                                         {{"aws:SourceArn", source.arn}, {"aws:SourceAccount", account_}}));
  return ref;
}

AwsResult<void> AsyncInvocations::check(const Source& source, const std::string& function_arn) {
  RETURN_IF_ERROR(find_permitted(source, function_arn));
  return {};
}

void AsyncInvocations::send(const Source& source, const std::string& function_arn, std::string payload) {
  if (background_.closed()) return;
  auto ref = find_permitted(source, function_arn);
  if (!ref) return;
  accept({.request_id = make_request_id(),
          .region = ref->region,
          .name = ref->name,
          .qualifier = ref->qualifier,
          .payload = std::move(payload),
          .client_context = {}});
}

}  // namespace sortie::emulator::lambda
