#include <fmt/format.h>

#include <array>

#include "emulator/core/validation.h"
#include "emulator/ssm/operation.h"

/// Tags of parameters.
namespace sortie::emulator::ssm {
namespace {

namespace json = boost::json;

constexpr std::size_t k_max_name = 2048;
constexpr std::array<std::string_view, 9> k_resource_types{"Document",    "ManagedInstance", "MaintenanceWindow",
                                                           "Parameter",   "PatchBaseline",   "OpsItem",
                                                           "OpsMetadata", "Automation",      "Association"};

/// The parameter that the request is about; of another kind of resource there is none.
AwsResult<std::string> resource_of(Operation& operation, Arguments& arguments, std::string_view action,
                                   ContextKeys context) {
  const auto type = arguments.choice("ResourceType", k_resource_types);
  const auto id = arguments.text("ResourceId", 1, k_max_name);
  if (type.empty()) arguments.text("ResourceType", 1, k_max_name);
  RETURN_IF_ERROR(arguments.check());
  if (type != "Parameter") {
    return aws_fail(400, "InvalidResourceId",
                    fmt::format("The embedded AWS has no resource of the type {}: {} is not there.", type, id));
  }
  ASSIGN_OR_RETURN(const auto name, parse_name(operation.call, id));
  RETURN_IF_ERROR(operation.allow(action, name.name, std::move(context)));
  if (!operation.store.find(operation.call.region, name.name)) {
    return aws_fail(400, "InvalidResourceId",
                    "The resource ID is not valid. Verify that you entered the correct ID "
                    "and try again.");
  }
  return name.name;
}

AwsResult<json::object> add_tags_to_resource(Operation& operation) {
  Arguments arguments(operation.input);
  const auto added = arguments.tags("Tags");
  if (!added) {
    arguments.complain(missing_violation("tags"));
  }
  ContextKeys context;
  for (const auto& [key, value] : added.value_or(Tags())) {
    context.emplace_back("aws:RequestTag/" + key, value);
    context.emplace_back("aws:TagKeys", key);
  }
  ASSIGN_OR_RETURN(const auto name, resource_of(operation, arguments, "AddTagsToResource", std::move(context)));
  auto tags = operation.store.tags(operation.call.region, name);
  for (const auto& [key, value] : *added) tags.insert_or_assign(key, value);
  RETURN_IF_ERROR(check_tags(tags));
  operation.store.set_tags(operation.call.region, name, tags);
  return json::object();
}

AwsResult<json::object> remove_tags_from_resource(Operation& operation) {
  Arguments arguments(operation.input);
  constexpr std::size_t k_most = 1000;
  const auto keys = arguments.texts("TagKeys", k_most);
  ContextKeys context;
  for (const auto& key : keys) context.emplace_back("aws:TagKeys", key);
  ASSIGN_OR_RETURN(const auto name, resource_of(operation, arguments, "RemoveTagsFromResource", std::move(context)));
  auto tags = operation.store.tags(operation.call.region, name);
  for (const auto& key : keys) tags.erase(key);
  operation.store.set_tags(operation.call.region, name, tags);
  return json::object();
}

AwsResult<json::object> list_tags_for_resource(Operation& operation) {
  Arguments arguments(operation.input);
  ASSIGN_OR_RETURN(const auto name, resource_of(operation, arguments, "ListTagsForResource", {}));
  json::array list;
  for (const auto& [key, value] : operation.store.tags(operation.call.region, name)) {
    list.push_back(json::object{{"Key", key}, {"Value", value}});
  }
  return json::object{{"TagList", std::move(list)}};
}

}  // namespace

std::span<const Row> tag_operations() {
  static constexpr Row k_operations[]{
      {"AddTagsToResource", add_tags_to_resource},
      {"RemoveTagsFromResource", remove_tags_from_resource},
      {"ListTagsForResource", list_tags_for_resource},
  };
  return k_operations;
}

}  // namespace sortie::emulator::ssm
