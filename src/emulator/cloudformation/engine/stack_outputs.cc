#include "emulator/cloudformation/engine/stack_outputs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>

#include "emulator/cloudformation/template/values.h"

namespace sortie::emulator::cloudformation {

namespace {

std::string cannot_delete_export(std::string_view name, const std::vector<std::string>& users) {
  return fmt::format("Delete canceled. Cannot delete export {} as it is in use by {}.", name, fmt::join(users, ", "));
}

AwsResult<Output> evaluate_output(const StackWork& work, const OutputDeclaration& declaration) {
  ASSIGN_OR_RETURN(const auto value, work.evaluator->evaluate(declaration.value));
  ASSIGN_OR_RETURN(const auto exported, work.evaluator->evaluate(declaration.export_name));
  return Output{declaration.name, scalar_text(value).value_or(""), declaration.description,
                scalar_text(exported).value_or("")};
}

/// An export that another stack uses keeps its name and its value.
std::string check_used_exports(StackStore& stacks, const Stack& stack, const std::vector<Output>& outputs) {
  if (!stack.before) return {};
  for (const Output& old : stack.before->definition.outputs) {
    if (old.export_name.empty()) continue;
    const auto users = stacks.importers(stack.region, old.export_name);
    const auto now = std::ranges::find(outputs, old.export_name, &Output::export_name);
    if (users.empty() || (now != outputs.end() && now->value == old.value)) continue;
    if (now == outputs.end()) return cannot_delete_export(old.export_name, users) + " ";
    return fmt::format("Export {} cannot be updated as it is in use by {}. ", old.export_name, fmt::join(users, ", "));
  }
  return {};
}

}  // namespace

std::string set_outputs(EngineContext& context, StackWork& work) {
  Stack& stack = work.stack;
  std::vector<Output> outputs;
  for (const OutputDeclaration& declaration : work.whole.outputs) {
    if (!work.evaluator->condition(declaration.condition)) continue;
    auto output = evaluate_output(work, declaration);
    if (!output) return output.error().message + " ";
    const auto taken = context.stacks.find_export(stack.region, output->export_name);
    if (!output->export_name.empty() && taken.stack != nullptr && taken.stack != &stack) {
      return fmt::format("Export with name {} is already exported by stack {}. ", output->export_name,
                         taken.stack->name);
    }
    outputs.push_back(std::move(*output));
  }
  if (std::string wrong = check_used_exports(context.stacks, stack, outputs); !wrong.empty()) return wrong;
  stack.now.outputs = std::move(outputs);
  stack.now.imports.assign(work.imports.begin(), work.imports.end());
  return {};
}

std::string export_in_use(StackStore& stacks, const Stack& stack) {
  for (const Output& output : stack.now.outputs) {
    if (output.export_name.empty()) continue;
    const auto users = stacks.importers(stack.region, output.export_name);
    if (!users.empty()) return cannot_delete_export(output.export_name, users);
  }
  return {};
}

}  // namespace sortie::emulator::cloudformation
