#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/cloudformation/engine/caller.h"
#include "emulator/cloudformation/engine/engine_context.h"
#include "emulator/cloudformation/stack/stack.h"
#include "emulator/cloudformation/template/evaluate.h"
#include "emulator/cloudformation/template/template.h"

namespace sortie::emulator::cloudformation {

/// What one creation or update works with: the stack, its template with everything that is evaluated in it, and what
/// has failed. Lives in the operation's coroutine.
struct StackWork {
  StackWork(Stack& the_stack, Caller the_caller, Template the_template, StackFacts the_facts)
      : stack(the_stack), caller(std::move(the_caller)), whole(std::move(the_template)), facts(std::move(the_facts)) {}

  Stack& stack;
  Caller caller;
  Template whole;
  StackFacts facts;
  std::unique_ptr<Evaluator> evaluator;
  std::set<std::string> imports;  ///< names of the exports that were used
  std::vector<std::string> failed_to_create;
  std::vector<std::string> failed_to_update;
  std::string failure;  ///< of the stack as a whole

  /// Whether the stack is to have the resource: it is declared and its condition holds.
  [[nodiscard]] bool wants(std::string_view logical_id) const;
  /// Why the operation failed, empty when nothing has failed.
  [[nodiscard]] std::string reason() const;
};

/// Evaluates the conditions of the stack's template and everything that is known before a resource is made. A
/// mistake, also an export that does not exist, fails the operation before a resource is touched.
AwsResult<std::unique_ptr<StackWork>> prepare_work(EngineContext& context, Stack& stack, Caller caller);

/// Marks the resource failed: its status, its event, and the reason of the whole operation. Always false.
bool fail_resource(EngineContext& context, StackWork& work, Resource& resource, std::string status, std::string reason);

/// `The following resource(s) failed to create: [A, B]. `, in the words for `verb`.
std::string failed_resources(std::string_view verb, const std::vector<std::string>& logical_ids);

}  // namespace sortie::emulator::cloudformation
