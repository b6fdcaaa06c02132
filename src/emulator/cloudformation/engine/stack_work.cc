#include "emulator/cloudformation/engine/stack_work.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>

#include "emulator/cloudformation/engine/changes.h"
#include "emulator/cloudformation/template/read_template.h"

namespace sortie::emulator::cloudformation {

namespace json = boost::json;

namespace {

std::unexpected<AwsError> no_export(std::string_view name) {
  return invalid(fmt::format("No export named {} found.", name));
}

/// What Ref (empty `attribute`) and Fn::GetAtt give.
AwsResult<json::value> look_up(const Stack& stack, const std::string& id, const std::string& attribute) {
  const Resource* resource = stack.find(id);
  if (resource == nullptr || !resource->exists) {
    return invalid(fmt::format(
        "Template format error: Unresolved resource dependencies [{}] in the Resources block of the template", id));
  }
  if (attribute.empty()) return json::string(resource->physical_id);
  if (const json::value* value = resource->attributes.if_contains(attribute)) return *value;
  return invalid(
      fmt::format("Template error: resource {} does not support attribute type {} in Fn::GetAtt", id, attribute));
}

AwsResult<std::string> import_value(EngineContext& context, StackWork& work, const std::string& name) {
  const auto found = context.stacks.find_export(work.stack.region, name);
  if (found.output == nullptr) return no_export(name);
  work.imports.insert(name);
  return found.output->value;
}

AwsResult<void> check_imports(EngineContext& context, const StackWork& work) {
  std::string missing;
  const auto find = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = context.stacks.find_export(work.stack.region, name);
    if (found.output != nullptr) return found.output->value;
    if (missing.empty()) missing = name;
    return std::nullopt;
  };
  RETURN_IF_ERROR(preview(work.stack, work.stack.now, work.whole, work.facts, find));
  if (!missing.empty()) return no_export(missing);
  return {};
}

}  // namespace

std::string failed_resources(std::string_view verb, const std::vector<std::string>& logical_ids) {
  return fmt::format("The following resource(s) failed to {}: [{}]. ", verb, fmt::join(logical_ids, ", "));
}

bool StackWork::wants(std::string_view logical_id) const {
  const ResourceDeclaration* declaration = whole.find_resource(logical_id);
  return declaration != nullptr && evaluator->condition(declaration->condition);
}

std::string StackWork::reason() const {
  std::string text;
  if (!failed_to_create.empty()) text += failed_resources("create", failed_to_create);
  if (!failed_to_update.empty()) text += failed_resources("update", failed_to_update);
  return failure.empty() ? text : failure + " " + text;
}

AwsResult<std::unique_ptr<StackWork>> prepare_work(EngineContext& context, Stack& stack, Caller caller) {
  ASSIGN_OR_RETURN(Template whole, load_template(stack.now.body(), stack.now.values()));
  auto work = std::make_unique<StackWork>(stack, std::move(caller), std::move(whole), context.facts_of(stack));
  StackWork& kept = *work;
  work->evaluator = std::make_unique<Evaluator>(
      kept.whole, stack.now.values(), kept.facts,
      Sources{.resource = [&stack](const std::string& id,
                                   const std::string& attribute) { return look_up(stack, id, attribute); },
              .import = [&context, &kept](const std::string& name) { return import_value(context, kept, name); }});
  RETURN_IF_ERROR(work->evaluator->evaluate_conditions());
  RETURN_IF_ERROR(check_imports(context, kept));
  return work;
}

bool fail_resource(EngineContext& context, StackWork& work, Resource& resource, std::string status,
                   std::string reason) {
  auto& failed = status == "UPDATE_FAILED" ? work.failed_to_update : work.failed_to_create;
  failed.push_back(resource.logical_id);
  context.journal.set_status(work.stack, resource, std::move(status), std::move(reason));
  return false;
}

}  // namespace sortie::emulator::cloudformation
