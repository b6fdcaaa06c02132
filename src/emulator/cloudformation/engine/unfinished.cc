#include "emulator/cloudformation/engine/unfinished.h"

#include "emulator/cloudformation/engine/macro_processing.h"

namespace sortie::emulator::cloudformation {

namespace {

constexpr const char* k_stopped = "The embedded AWS was stopped while this was in progress.";

/// The status of a stack whose operation nobody continues. Empty: none was in progress.
std::string_view failed_status(std::string_view status) {
  if (status == "CREATE_IN_PROGRESS") return "CREATE_FAILED";
  if (status == "ROLLBACK_IN_PROGRESS") return "ROLLBACK_FAILED";
  if (status == "DELETE_IN_PROGRESS") return "DELETE_FAILED";
  if (status == "UPDATE_IN_PROGRESS" || status.starts_with("UPDATE_ROLLBACK_IN_PROGRESS"))
    return "UPDATE_ROLLBACK_FAILED";
  if (status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") return "UPDATE_COMPLETE";
  if (status == "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS") return "UPDATE_ROLLBACK_COMPLETE";
  return {};  // REVIEW_IN_PROGRESS waits for a change set
}

/// A request may have been on its way: what has a name that only this stack can have chosen is to be deleted.
bool may_exist(const Resource& resource) {
  const ResourceType* type = find_resource_type(resource.type);
  const bool own_name =
      type != nullptr && (type->name_property.empty() || !resource.properties.contains(type->name_property));
  return resource.status == "CREATE_IN_PROGRESS" && own_name && !resource.physical_id.empty();
}

}  // namespace

void mark_unfinished(EngineContext& context) {
  for (Stack* stack : context.stacks.all()) {
    const std::string status(failed_status(stack->status));
    if (status.empty()) continue;
    for (Resource& resource : stack->resources) {
      if (!resource.status.ends_with("_IN_PROGRESS")) continue;
      if (may_exist(resource)) resource.exists = true;
      const auto verb = resource.status.substr(0, resource.status.find('_'));
      context.journal.set_status(*stack, resource, verb + "_FAILED", k_stopped);
    }
    context.journal.set_status(*stack, status, k_stopped);
  }
  for (const Stack* stack : context.stacks.all()) {
    for (ChangeSet* change_set : context.stacks.change_sets(stack->id)) {
      if (change_set->status != "CREATE_IN_PROGRESS") continue;
      complete_change_set(context, *change_set, *stack, k_stopped);
      context.stacks.save(*change_set);
    }
  }
}

}  // namespace sortie::emulator::cloudformation
