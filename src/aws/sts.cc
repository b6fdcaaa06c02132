#include "aws/sts.h"

#include "aws/query_operation.h"
#include "wire/date.h"
#include "wire/xml.h"

namespace sortie::aws {

namespace {

constexpr ServiceTraits k_traits{"STS", "sts", "sts", Protocol::query, false};
constexpr std::string_view k_version = "2011-06-15";

Result<Credentials> read_credentials(const Result<Reply>& reply, std::string_view action) {
  if (!reply) return std::unexpected(reply.error());
  ASSIGN_OR_RETURN(const auto document, wire::XmlDocument::parse(reply->body));
  const auto node = document.root().child(std::string(action) + "Result").child("Credentials");
  Credentials out;
  out.access_key_id = node.child_text("AccessKeyId");
  out.secret_access_key = node.child_text("SecretAccessKey");
  out.session_token = node.child_text("SessionToken");
  out.expires = wire::parse_iso8601(node.child_text("Expiration"));
  if (out.access_key_id.empty() || out.secret_access_key.empty()) {
    return fail(ErrorKind::protocol, "STS answered without credentials");
  }
  return out;
}

}  // namespace

Sts::Sts(ClientConfig config) : client_(std::move(config), k_traits) {}

Task<Result<CallerIdentity>> Sts::get_caller_identity() {
  ASSIGN_OR_CO_RETURN(const auto reply,
                      co_await client_.call(query_operation("GetCallerIdentity", {"GetCallerIdentity", k_version})));
  ASSIGN_OR_CO_RETURN(const auto document, wire::XmlDocument::parse(reply.body));
  const auto node = document.root().child("GetCallerIdentityResult");
  co_return CallerIdentity{node.child_text("Account"), node.child_text("Arn"), node.child_text("UserId")};
}

Task<Result<Credentials>> Sts::assume_role(AssumeRoleRequest request) {
  wire::QueryForm form("AssumeRole", k_version);
  form.add("RoleArn", request.role_arn).add("RoleSessionName", request.session_name);
  if (!request.external_id.empty()) form.add("ExternalId", request.external_id);
  if (!request.policy.empty()) form.add("Policy", request.policy);
  if (request.duration) form.add("DurationSeconds", std::to_string(request.duration->count()));
  co_return read_credentials(co_await client_.call(query_operation("AssumeRole", std::move(form))), "AssumeRole");
}

Task<Result<Credentials>> Sts::assume_role_with_web_identity(AssumeRoleWithWebIdentityRequest request) {
  wire::QueryForm form("AssumeRoleWithWebIdentity", k_version);
  form.add("RoleArn", request.role_arn).add("RoleSessionName", request.session_name);
  form.add("WebIdentityToken", request.token);
  if (request.duration) form.add("DurationSeconds", std::to_string(request.duration->count()));
  auto call = query_operation("AssumeRoleWithWebIdentity", std::move(form));
  call.anonymous = true;
  co_return read_credentials(co_await client_.call(std::move(call)), "AssumeRoleWithWebIdentity");
}

}  // namespace sortie::aws
