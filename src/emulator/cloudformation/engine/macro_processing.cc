#include "emulator/cloudformation/engine/macro_processing.h"

#include <boost/json.hpp>

#include "emulator/cloudformation/engine/changes.h"
#include "emulator/cloudformation/engine/stored_parameters.h"
#include "emulator/cloudformation/engine/template_checks.h"
#include "emulator/cloudformation/template/macros.h"
#include "emulator/cloudformation/template/read_template.h"
#include "emulator/cloudformation/template/template_text.h"

namespace sortie::emulator::cloudformation {

namespace json = boost::json;

namespace {

json::object values_of(const Template& declarations, const ParameterTexts& parameters) {
  json::object values;
  for (const ParameterDeclaration& declaration : declarations.parameters) {
    const auto text = parameters.find(declaration.name);
    if (text != parameters.end()) values[declaration.name] = parameter_value(declaration, text->second);
  }
  return values;
}

/// Macros may have changed the section Parameters.
AwsResult<ParameterTexts> resolve_again(const Template& whole, const ParameterTexts& before) {
  std::vector<GivenParameter> given;
  for (const auto& [name, text] : before) {
    if (whole.find_parameter(name) != nullptr) given.push_back({name, text, false});
  }
  return resolve_parameters(whole, given, {});
}

/// What the macros make of the template.
Task<AwsResult<json::object>> expand(EngineContext& context, const Definition& definition, StackFacts facts,
                                     Caller caller) {
  auto document = parse_template_text(definition.template_body);
  if (!document) co_return std::unexpected(document.error());
  const auto declarations = read_declarations(*document);
  if (!declarations) co_return std::unexpected(declarations.error());
  const ParameterTexts parameters = definition.values();
  const MacroRunner run = [&](Transform transform, json::value fragment) -> Task<AwsResult<json::value>> {
    if (context.stopped()) co_return invalid("stopped");
    auto resolved = resolve_transform(transform, *declarations, parameters, facts);
    if (!resolved) co_return std::unexpected(resolved.error());
    transform.parameters = std::move(*resolved);
    co_return co_await context.macros.run(caller, std::move(transform), std::move(fragment),
                                          values_of(*declarations, parameters));
  };
  co_return co_await expand_macros(std::move(*document), parameters, run);
}

/// The definition with the processed template, checked; parameters are resolved again.
Task<AwsResult<Definition>> process(EngineContext& context, Definition definition, StackFacts facts, Caller caller,
                                    Unprocessed unprocessed) {
  const auto document = co_await expand(context, definition, facts, caller);
  if (!document) co_return std::unexpected(document.error());
  definition.processed_body = json::serialize(*document);
  if (definition.processed_body.size() > unprocessed.size_limit)
    co_return invalid("Transformation data limit exceeded");
  const auto whole = load_template(definition.processed_body, definition.values());
  if (!whole) co_return std::unexpected(whole.error());
  CO_RETURN_IF_ERROR(check_resource_types(*whole));
  CO_RETURN_IF_ERROR(check_allowed_types(*whole, unprocessed.allowed_types));
  // That macros run was consented to before, where it has to be.
  CO_RETURN_IF_ERROR(check_capabilities(*whole, definition.capabilities, true));
  auto parameters = resolve_again(*whole, definition.parameters);
  if (!parameters) co_return std::unexpected(parameters.error());
  definition.parameters = std::move(*parameters);
  auto stored = co_await fetch_stored_parameters(context.services, caller, whole->parameters, definition.parameters);
  if (!stored) co_return std::unexpected(stored.error());
  definition.stored = std::move(*stored);
  definition.description = whole->description;
  co_return definition;
}

AwsResult<Preview> preview_definition(EngineContext& context, const Stack& stack, const Definition& next) {
  ASSIGN_OR_RETURN(const Template whole, load_template(next.body(), next.values()));
  return preview(stack, next, whole, context.facts_of(stack), context.exports_of(stack.region));
}

}  // namespace

Task<std::string> process_stack(EngineContext& context, Stack& stack, Caller caller, Unprocessed unprocessed) {
  auto processed =
      co_await process(context, stack.now, context.facts_of(stack), std::move(caller), std::move(unprocessed));
  if (context.cancelled(stack)) co_return std::string();
  std::string reason = processed ? std::string() : processed.error().message;
  if (processed) {
    stack.now = std::move(*processed);
    // Mistakes of the template fail the operation as those of its macros do.
    const auto changes = preview_definition(context, stack, stack.now);
    if (!changes) reason = changes.error().message;
  }
  context.journal.set_status(stack, stack.status, reason.empty() ? "Transformation succeeded" : reason);
  co_return reason;
}

Task<void> process_change_set(EngineContext& context, std::string id, Caller caller, Unprocessed unprocessed) {
  const ChangeSet* begun = context.stacks.find_change_set(id);
  const Stack* base = begun == nullptr ? nullptr : context.stacks.find_by_id(begun->stack_id);
  if (base == nullptr) co_return;
  auto processed =
      co_await process(context, begun->definition, context.facts_of(*base), std::move(caller), std::move(unprocessed));
  if (context.stopped()) co_return;
  // Either may have been deleted while the macros ran.
  ChangeSet* change_set = context.stacks.find_change_set(id);
  const Stack* stack = change_set == nullptr ? nullptr : context.stacks.find_by_id(change_set->stack_id);
  if (stack == nullptr) co_return;
  if (processed) change_set->definition = std::move(*processed);
  complete_change_set(context, *change_set, *stack, processed ? std::string() : processed.error().message);
  context.stacks.save(*change_set);
}

void complete_change_set(EngineContext& context, ChangeSet& change_set, const Stack& stack, std::string failure) {
  if (failure.empty()) {
    auto changes = preview_definition(context, stack, change_set.definition);
    if (!changes) {
      failure = changes.error().message;
    } else if (changes->empty() && stack.status != "REVIEW_IN_PROGRESS") {
      failure = k_no_changes;
    } else {
      change_set.changes = std::move(changes->changes);
    }
  }
  change_set.status = failure.empty() ? "CREATE_COMPLETE" : "FAILED";
  change_set.execution_status = failure.empty() ? "AVAILABLE" : "UNAVAILABLE";
  change_set.status_reason = std::move(failure);
}

}  // namespace sortie::emulator::cloudformation
