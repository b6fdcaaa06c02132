#include "emulator/iam/entity_kind.h"

/// Tags of roles, users and instance profiles: the same operations for three kinds of entity.
namespace sortie::emulator::iam {
namespace {

template <class Kind>
AwsResult<std::string> tag(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = entity_name<Kind>(arguments);
  const Tags tags = arguments.tags();
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const auto* entity, allowed<Kind>(operation, action_of<Kind>("Tag"), name, request_tag_keys(tags)));
  auto changed = *entity;
  RETURN_IF_ERROR(merge_tags(changed.tags, tags));
  operation.directory.put(std::move(changed));
  return std::string();
}

template <class Kind>
AwsResult<std::string> untag(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = entity_name<Kind>(arguments);
  const auto keys = arguments.tag_keys();
  RETURN_IF_ERROR(arguments.check());
  ContextKeys context;
  for (const std::string& key : keys) context.emplace_back("aws:TagKeys", key);
  ASSIGN_OR_RETURN(const auto* entity, allowed<Kind>(operation, action_of<Kind>("Untag"), name, std::move(context)));
  auto changed = *entity;
  remove_tags(changed.tags, keys);
  operation.directory.put(std::move(changed));
  return std::string();
}

template <class Kind>
AwsResult<std::string> list_tags(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = entity_name<Kind>(arguments);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const auto* entity, allowed<Kind>(operation, action_of<Kind>("List", "Tags"), name));
  return tag_listing(entity->tags);
}

constexpr Row k_operations[] = {
    {"TagRole", tag<RoleKind>},
    {"UntagRole", untag<RoleKind>},
    {"ListRoleTags", list_tags<RoleKind>},
    {"TagUser", tag<UserKind>},
    {"UntagUser", untag<UserKind>},
    {"ListUserTags", list_tags<UserKind>},
    {"TagInstanceProfile", tag<ProfileKind>},
    {"UntagInstanceProfile", untag<ProfileKind>},
    {"ListInstanceProfileTags", list_tags<ProfileKind>},
};

}  // namespace

std::span<const Row> tag_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::iam
