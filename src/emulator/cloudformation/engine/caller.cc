#include "emulator/cloudformation/engine/caller.h"

#include <fmt/format.h>

#include <chrono>

#include "emulator/cloudformation/template/template.h"

namespace sortie::emulator::cloudformation {
namespace {

constexpr const char* k_service = "cloudformation.amazonaws.com";
constexpr auto k_role_session = std::chrono::hours(1);
constexpr std::size_t k_max_reply = 8 * 1024 * 1024;

}  // namespace

AwsResult<Caller> caller_for(Identities& identities, const Call& call, const std::string& role_arn) {
  auto caller = std::make_shared<Call>();
  caller->service = call.service;
  caller->region = call.region;
  caller->account = call.account;
  caller->request_id = call.request_id;
  caller->principal = call.principal;
  caller->signature = call.signature;
  caller->signature_version = call.signature_version;
  caller->signed_at = call.signed_at;
  if (role_arn.empty()) return caller;
  const auto credentials = identities.assume_for_service(role_arn, k_service, "AWSCloudFormation", k_role_session);
  const auto key = credentials ? identities.find_key(credentials->access_key_id) : std::nullopt;
  if (!key) return invalid(fmt::format("Role {} is invalid or cannot be assumed", role_arn));
  caller->principal = key->principal;
  return caller;
}

Task<Reply> send_request(ServiceCalls& services, Caller caller, std::string service, http::Request request) {
  http::Response response = co_await services.call(*caller, service, std::move(request));
  Reply reply;
  reply.service = std::move(service);
  reply.status = response.status;
  reply.request_id =
      std::string(response.headers.get("x-amzn-RequestId").value_or(response.headers.get_or("x-amz-request-id", "")));
  reply.code = std::string(response.headers.get_or("x-amzn-ErrorType", ""));
  reply.function_error = std::string(response.headers.get_or("X-Amz-Function-Error", ""));
  auto body = co_await response.body.read_all(k_max_reply);
  reply.body = body ? std::move(*body) : std::string();
  read_error(reply);
  co_return reply;
}

}  // namespace sortie::emulator::cloudformation
