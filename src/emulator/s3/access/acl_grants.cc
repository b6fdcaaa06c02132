#include <algorithm>

#include "emulator/s3/access/access_control.h"
#include "emulator/s3/protocol/answers.h"

/// What access control lists allow. "Mapping of ACL permissions and access policy permissions", S3 user guide.
namespace sortie::emulator::s3 {
namespace {

struct GrantedAction {
  std::string_view action;
  bool of_object = false;  ///< the object's list speaks, else the bucket's
  Permission permission = Permission::read;
};

constexpr GrantedAction k_actions[] = {
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

std::string version_of(const Request& request, const AuthorizationRequest& question) {
  for (const auto& [name, value] : question.context) {
    if (name == "s3:VersionId") return value;
  }
  return request.parameter_or("versionId");
}

}  // namespace

AccessControl::AclVerdict AccessControl::granted(const Request& request, const Bucket& bucket,
                                                 const AuthorizationRequest& question, const std::string& key) {
  AclVerdict result;
  const auto action = std::ranges::find(k_actions, question.action, &GrantedAction::action);
  if (action == std::end(k_actions)) return result;
  // The ACL that an upload brings is for an object that does not exist yet.
  const bool sets_list = action->permission == Permission::write_acp && action->of_object;
  if (sets_list && !request.parameter("acl")) return result;
  const bool anonymous = request.call.principal.kind == Principal::Kind::anonymous;
  const std::string account = owner_id(request.call.account);
  const std::string caller = anonymous ? std::string(k_anonymous_id) : account;
  const bool ignores_public = blocks(bucket, PublicAccessBlock::ignored_acls);
  const auto consider = [&](const AccessList& list, Permission permission) {
    result.to_account = list.grants_to(caller, permission);
    result.to_everyone = (anonymous && result.to_account) ||
                         (!ignores_public && (list.grants_to(k_all_users, permission) ||
                                              (!anonymous && list.grants_to(k_authenticated_users, permission))));
  };
  std::optional<AccessList> of_object;
  if (!key.empty()) {
    const auto object = catalog_.find_object(bucket, key, version_of(request, question));
    if (object && !object->marker) of_object = acl_of(request, *object);
  }
  if (action->of_object && of_object) {
    consider(*of_object, action->permission);
    result.of_another = of_object->owner != account;
    return result;
  }
  // Callers who may list the bucket may know that the key does not exist.
  if (action->of_object) {
    consider(acl_of(request, bucket), Permission::read);
    return result;
  }
  // Only its owner may overwrite or delete an existing object.
  const bool deletes = action->action == "s3:DeleteObject";
  if (of_object ? of_object->owner != caller : deletes) return result;
  consider(acl_of(request, bucket), action->permission);
  return result;
}

}  // namespace sortie::emulator::s3
