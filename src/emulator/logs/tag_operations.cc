#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "emulator/core/validation.h"
#include "emulator/logs/operation.h"

/// Tags of log groups, by the newer and by the older operations.
namespace sortie::emulator::logs {
namespace {

namespace json = boost::json;

struct Tagging {
  std::string group;
  std::map<std::string, std::string> add;
  std::vector<std::string> remove;
};

AwsResult<Output> change_tags(Operation& operation, std::string_view action, const Tagging& tagging) {
  RETURN_IF_ERROR(operation.allow(action, group_arn(operation.call, tagging.group), tagging.group, tagging.add));
  ASSIGN_OR_RETURN(const Group group, operation.existing_group(tagging.group));
  auto tags = operation.store.tags(group);
  for (const auto& [key, value] : tagging.add) tags[key] = value;
  if (tags.size() > 50) return aws_fail(400, "TooManyTagsException", "A resource can have no more than 50 tags.");
  operation.store.put_tags(group, tagging.add);
  operation.store.remove_tags(group, tagging.remove);
  return Output();
}

AwsResult<Output> list_tags(Operation& operation, std::string_view action, const std::string& name) {
  RETURN_IF_ERROR(operation.allow(action, group_arn(operation.call, name), name));
  ASSIGN_OR_RETURN(const Group group, operation.existing_group(name));
  json::object tags;
  for (const auto& [key, value] : operation.store.tags(group)) tags[key] = value;
  return json::object{{"tags", std::move(tags)}};
}

AwsResult<Output> tag_resource(Operation& operation) {
  Parameters& input = operation.input;
  const Tagging tagging{input.group_of_arn("resourceArn"), input.tags("tags", true), {}};
  RETURN_IF_ERROR(input.check());
  return change_tags(operation, "TagResource", tagging);
}

AwsResult<Output> untag_resource(Operation& operation) {
  Parameters& input = operation.input;
  const Tagging tagging{input.group_of_arn("resourceArn"), {}, input.texts("tagKeys", 50)};
  RETURN_IF_ERROR(input.check());
  return change_tags(operation, "UntagResource", tagging);
}

AwsResult<Output> list_tags_for_resource(Operation& operation) {
  Parameters& input = operation.input;
  const std::string group = input.group_of_arn("resourceArn");
  RETURN_IF_ERROR(input.check());
  return list_tags(operation, "ListTagsForResource", group);
}

AwsResult<Output> tag_log_group(Operation& operation) {
  Parameters& input = operation.input;
  const Tagging tagging{input.group_name(), input.tags("tags", true), {}};
  RETURN_IF_ERROR(input.check());
  return change_tags(operation, "TagLogGroup", tagging);
}

AwsResult<Output> untag_log_group(Operation& operation) {
  Parameters& input = operation.input;
  const Tagging tagging{input.group_name(), {}, input.texts("tags", 50)};
  RETURN_IF_ERROR(input.check());
  return change_tags(operation, "UntagLogGroup", tagging);
}

AwsResult<Output> list_tags_log_group(Operation& operation) {
  Parameters& input = operation.input;
  const std::string group = input.group_name();
  RETURN_IF_ERROR(input.check());
  return list_tags(operation, "ListTagsLogGroup", group);
}

constexpr Row k_operations[] = {
    {"TagResource", tag_resource},  {"UntagResource", untag_resource},  {"ListTagsForResource", list_tags_for_resource},
    {"TagLogGroup", tag_log_group}, {"UntagLogGroup", untag_log_group}, {"ListTagsLogGroup", list_tags_log_group},
};

}  // namespace

std::span<const Row> tag_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::logs
