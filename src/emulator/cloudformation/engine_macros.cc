#include <fmt/format.h>

#include <boost/json.hpp>

#include "emulator/cloudformation/changes.h"
#include "emulator/cloudformation/engine.h"
#include "emulator/cloudformation/template_text.h"

/// Templates with macros: what they become, before a stack or a change set is made of it.
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

}  // namespace

Task<AwsResult<json::object>> Engine::expand(const Definition& definition, StackFacts facts, Caller caller) {
  auto document = parse_template_text(definition.template_body);
  if (!document) co_return std::unexpected(document.error());
  const auto declarations = read_declarations(*document);
  if (!declarations) co_return std::unexpected(declarations.error());
  const ParameterTexts parameters = definition.values();
  const MacroRunner run = [&](Transform transform, json::value fragment) -> Task<AwsResult<json::value>> {
    if (stacks_.closed()) co_return invalid("stopped");
    auto resolved = resolve_transform(transform, *declarations, parameters, facts);
    if (!resolved) co_return std::unexpected(resolved.error());
    transform.parameters = std::move(*resolved);
    co_return co_await macros_.run(caller, std::move(transform), std::move(fragment),
                                   values_of(*declarations, parameters));
  };
  co_return co_await expand_macros(std::move(*document), parameters, run);
}

Task<AwsResult<Definition>> Engine::process(Definition definition, StackFacts facts, Caller caller,
                                            Unprocessed unprocessed) {
  const auto document = co_await expand(definition, facts, caller);
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
  auto stored = co_await stored_parameters(caller, *whole, definition.parameters);
  if (!stored) co_return std::unexpected(stored.error());
  definition.stored = std::move(*stored);
  definition.description = whole->description;
  co_return definition;
}

Task<AwsResult<ParameterTexts>> Engine::stored_parameters(Caller caller, const Template& whole, ParameterTexts texts) {
  return fetch_stored_parameters(services_, std::move(caller), whole.parameters, std::move(texts));
}

std::function<std::optional<std::string>(const std::string&)> Engine::exports_of(const std::string& region) {
  return [this, region](const std::string& name) -> std::optional<std::string> {
    const auto found = stacks_.find_export(region, name);
    if (found.output == nullptr) return std::nullopt;
    return found.output->value;
  };
}

AwsResult<Preview> Engine::look_through(const Stack& stack, const Definition& next) {
  ASSIGN_OR_RETURN(const Template whole, load_template(next.body(), next.values()));
  return preview(stack, next, whole, facts_of(stack), exports_of(stack.region));
}

Task<std::string> Engine::process_stack(Stack& stack, Caller caller, Unprocessed unprocessed) {
  auto processed = co_await process(stack.now, facts_of(stack), std::move(caller), std::move(unprocessed));
  if (cancelled(stack)) co_return std::string();
  std::string reason = processed ? std::string() : processed.error().message;
  if (processed) {
    stack.now = std::move(*processed);
    // Mistakes of the template are told as those of its macros are.
    const auto seen = look_through(stack, stack.now);
    if (!seen) reason = seen.error().message;
  }
  note_stack(stack, stack.status, reason.empty() ? "Transformation succeeded" : reason);
  co_return reason;
}

void Engine::begin_change_set(ChangeSet& change_set, Caller caller, Unprocessed unprocessed) {
  start(change_set.id, [this, id = change_set.id, caller = std::move(caller), unprocessed = std::move(unprocessed)] {
    return finish_change_set(id, caller, unprocessed);
  });
}

Task<void> Engine::finish_change_set(std::string id, Caller caller, Unprocessed unprocessed) {
  const ChangeSet* begun = stacks_.find_change_set(id);
  const Stack* base = begun == nullptr ? nullptr : stacks_.find_by_id(begun->stack_id);
  if (base == nullptr) co_return;
  auto processed = co_await process(begun->definition, facts_of(*base), std::move(caller), std::move(unprocessed));
  if (stacks_.closed()) co_return;
  // Either may have gone meanwhile.
  ChangeSet* change_set = stacks_.find_change_set(id);
  const Stack* stack = change_set == nullptr ? nullptr : stacks_.find_by_id(change_set->stack_id);
  if (stack == nullptr) co_return;
  if (processed) change_set->definition = std::move(*processed);
  settle(*change_set, *stack, processed ? std::string() : processed.error().message);
  stacks_.save(*change_set);
}

void Engine::settle(ChangeSet& change_set, const Stack& stack, std::string failure) {
  if (failure.empty()) {
    auto changes = look_through(stack, change_set.definition);
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
