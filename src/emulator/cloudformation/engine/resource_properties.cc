#include "emulator/cloudformation/engine/resource_properties.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "emulator/cloudformation/engine/stored_parameters.h"
#include "emulator/cloudformation/template/references.h"

namespace sortie::emulator::cloudformation {

namespace json = boost::json;

void copy_attributes(const StackWork& work, const ResourceDeclaration& declaration, Resource& resource) {
  resource.deletion_policy = declaration.deletion_policy;
  resource.update_replace_policy = declaration.update_replace_policy;
  resource.depends_on = dependencies_of(work.whole, declaration);
  const auto metadata = work.evaluator->evaluate(declaration.metadata);
  if (metadata && metadata->is_object()) resource.metadata = metadata->get_object();
}

AwsResult<Properties> evaluate_properties(const StackWork& work, const ResourceDeclaration& declaration) {
  ASSIGN_OR_RETURN(json::value evaluated, work.evaluator->evaluate(declaration.properties));
  return std::move(evaluated.get_object());
}

AwsResult<Properties> shape_with_references(const StackWork& work, const ResourceDeclaration& declaration,
                                            const Properties& evaluated, const json::object& references) {
  const ResourceType* type = find_resource_type(declaration.type);
  if (type == nullptr) {
    return refuse(
        fmt::format("The embedded AWS does not have the resource type {}. AWS does: run against an account with "
                    "--on aws.",
                    declaration.type));
  }
  Properties tagged = with_references(evaluated, references).as_object();
  add_stack_tags(*type, work.stack.now.tags, tagged);
  return shape_properties(*type, tagged);
}

Task<AwsResult<Properties>> resolve_properties(EngineContext& context, const StackWork& work,
                                               const ResourceDeclaration& declaration, Properties evaluated,
                                               json::object& references) {
  auto values = co_await fetch_dynamic_references(context.services, work.caller, find_dynamic_references(evaluated));
  if (!values) co_return std::unexpected(values.error());
  references = std::move(*values);
  co_return shape_with_references(work, declaration, evaluated, references);
}

}  // namespace sortie::emulator::cloudformation
