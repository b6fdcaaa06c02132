#include <algorithm>
#include <boost/json.hpp>

#include "emulator/s3/access_list.h"
#include "emulator/s3/operations.h"

/// What access control lists allow. "Mapping of ACL permissions and access policy permissions", S3 user guide.
namespace sortie::emulator::s3 {
namespace {

namespace json = boost::json;

struct ListedAction {
  std::string_view action;
  bool of_object = false;  ///< the object's list speaks, else the bucket's
  Permission permission = Permission::read;
};

constexpr ListedAction k_actions[] = {
    {"s3:ListBucket", false, Permission::read},
    {"s3:ListBucketVersions", false, Permission::read},
    {"s3:ListBucketMultipartUploads", false, Permission::read},
    {"s3:PutObject", false, Permission::write},
    {"s3:DeleteObject", false, Permission::write},
    {"s3:GetBucketAcl", false, Permission::read_acp},
    {"s3:PutBucketAcl", false, Permission::write_acp},
    {"s3:GetObject", true, Permission::read},
    {"s3:GetObjectVersion", true, Permission::read},
    {"s3:GetObjectAcl", true, Permission::read_acp},
    {"s3:GetObjectVersionAcl", true, Permission::read_acp},
    {"s3:PutObjectAcl", true, Permission::write_acp},
    {"s3:PutObjectVersionAcl", true, Permission::write_acp},
};

/// The bucket policy with everything allowed to everyone: for a question whose answer a list has given already, so
/// that what forbids it is still heard, in any kind of policy.
std::string with_everyone_allowed(const std::string& policy) {
  json::array statements;
  if (!policy.empty()) {
    json::value document = json::parse(policy);
    json::value& own = document.get_object()["Statement"];
    if (own.is_array()) statements = own.get_array();
    if (own.is_object()) statements.push_back(own);
  }
  statements.push_back(json::object{{"Effect", "Allow"}, {"Principal", "*"}, {"Action", "s3:*"}, {"Resource", "*"}});
  return json::serialize(json::object{{"Version", "2012-10-17"}, {"Statement", std::move(statements)}});
}

std::string version_of(const Request& request, const AuthorizationRequest& question) {
  for (const auto& [name, value] : question.context) {
    if (name == "s3:VersionId") return value;
  }
  return request.parameter_or("versionId");
}

}  // namespace

Operations::Listed Operations::listed(const Request& request, const Bucket& bucket,
                                      const AuthorizationRequest& question, const std::string& key) {
  Listed result;
  const auto action = std::ranges::find(k_actions, question.action, &ListedAction::action);
  if (action == std::end(k_actions)) return result;
  // The list that an upload brings is for an object that has none yet.
  const bool sets_list = action->permission == Permission::write_acp && action->of_object;
  if (sets_list && !request.parameter("acl")) return result;
  const bool anonymous = request.call.principal.kind == Principal::Kind::anonymous;
  const std::string account = owner_id(request.call.account);
  const std::string caller = anonymous ? std::string(k_anonymous_id) : account;
  const bool ignores_public = blocks(bucket, Block::ignored_acls);
  const auto consider = [&](const AccessList& list, Permission permission) {
    result.to_account = list.grants_to(caller, permission);
    result.to_everyone = (anonymous && result.to_account) ||
                         (!ignores_public && (list.grants_to(k_all_users, permission) ||
                                              (!anonymous && list.grants_to(k_authenticated_users, permission))));
  };
  std::optional<AccessList> of_object;
  if (!key.empty()) {
    const auto object = catalog_.find_object(bucket, key, version_of(request, question));
    if (object && !object->marker) of_object = list_of(request, *object);
  }
  if (action->of_object && of_object) {
    consider(*of_object, action->permission);
    result.of_another = of_object->owner != account;
    return result;
  }
  // Whoever may list a bucket is told that a key is not there.
  if (action->of_object) {
    consider(list_of(request, bucket), Permission::read);
    return result;
  }
  // Existing objects are their owner's to overwrite and to delete.
  const bool deletes = action->action == "s3:DeleteObject";
  if (of_object ? of_object->owner != caller : deletes) return result;
  consider(list_of(request, bucket), action->permission);
  return result;
}

AwsResult<void> Operations::decide(const Request& request, const Bucket& bucket, AuthorizationRequest question,
                                   const std::string& key) {
  const bool anonymous = request.call.principal.kind == Principal::Kind::anonymous;
  const bool restricted = anonymous && bucket.id != 0 && blocks(bucket, Block::public_buckets);
  const auto by_policies = [&]() -> AwsResult<void> {
    if (restricted) return access_denied();
    return authorizer_.authorize(request.call, question);
  };
  if (!acls_count(bucket)) return by_policies();
  const Listed by_list = listed(request, bucket, question, key);
  if (by_list.of_another && !by_list.to_everyone) {
    // Policies give nothing of what belongs to another account: they can only forbid what its list gives.
    if (!by_list.to_account) return access_denied();
    return by_policies();
  }
  AwsResult<void> answer = by_list.of_another ? AwsResult<void>(access_denied()) : by_policies();
  if (answer || !by_list.to_everyone) return answer;
  if (restricted && has_public_policy(bucket)) return answer;
  question.resource_policy = with_everyone_allowed(question.resource_policy);
  return authorizer_.authorize(request.call, question);
}

}  // namespace sortie::emulator::s3
