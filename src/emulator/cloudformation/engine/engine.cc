#include "emulator/cloudformation/engine/engine.h"

#include "base/deadline.h"
#include "emulator/cloudformation/engine/stack_creation.h"
#include "emulator/cloudformation/engine/stack_deletion.h"
#include "emulator/cloudformation/engine/stack_update.h"
#include "emulator/cloudformation/engine/stored_parameters.h"
#include "emulator/cloudformation/engine/unfinished.h"

namespace sortie::emulator::cloudformation {

namespace {

constexpr auto k_shutdown_limit = std::chrono::seconds(5);
constexpr const char* k_user_initiated = "User Initiated";

}  // namespace

Engine::Engine(const Executor& executor, const Clock& clock, Store& store, Identities& identities,
               ServiceCalls& services, ObjectSource& objects, CloudFormationOptions options)
    : identities_(identities), context_(executor, clock, store, services, objects, std::move(options)) {
  mark_unfinished(context_);
}

AwsResult<Caller> Engine::caller_for(const Call& call, const std::string& role_arn) {
  return cloudformation::caller_for(identities_, call, role_arn);
}

Task<AwsResult<ParameterTexts>> Engine::stored_parameters(Caller caller, const Template& whole, ParameterTexts texts) {
  return fetch_stored_parameters(context_.services, std::move(caller), whole.parameters, std::move(texts));
}

void Engine::begin_create(Stack& stack, Caller caller, std::optional<Unprocessed> unprocessed) {
  context_.journal.set_status(stack, "CREATE_IN_PROGRESS", k_user_initiated);
  context_.queue.start(shared_from_this(), stack.id,
                       [this, &stack, caller = std::move(caller), unprocessed = std::move(unprocessed)] {
                         return create_stack(context_, stack, caller, unprocessed);
                       });
}

void Engine::begin_update(Stack& stack, Definition next, Caller caller, std::optional<Unprocessed> unprocessed) {
  stack.before = Stack::Before{stack.now, {}, {}};
  next.outputs = stack.now.outputs;
  next.imports = stack.now.imports;
  stack.now = std::move(next);
  stack.updated = context_.clock.now();
  context_.journal.set_status(stack, "UPDATE_IN_PROGRESS", k_user_initiated);
  context_.queue.start(shared_from_this(), stack.id,
                       [this, &stack, caller = std::move(caller), unprocessed = std::move(unprocessed)] {
                         return update_stack(context_, stack, caller, unprocessed);
                       });
}

void Engine::begin_review(Stack& stack) {
  context_.journal.set_status(stack, "REVIEW_IN_PROGRESS", k_user_initiated);
}

void Engine::begin_change_set(const ChangeSet& change_set, Caller caller, Unprocessed unprocessed) {
  context_.queue.start(shared_from_this(), change_set.id,
                       [this, id = change_set.id, caller = std::move(caller), unprocessed = std::move(unprocessed)] {
                         return process_change_set(context_, id, caller, unprocessed);
                       });
}

void Engine::begin_delete(Stack& stack, std::set<std::string> retained, Caller caller) {
  stack.deleted = context_.clock.now();
  context_.journal.set_status(stack, "DELETE_IN_PROGRESS", k_user_initiated);
  OperationQueue::Operation operation = [this, &stack, retained = std::move(retained), caller = std::move(caller)] {
    return delete_stack(context_, stack, retained, caller);
  };
  if (context_.queue.contains(stack.id)) {
    context_.queue.replace(stack.id, std::move(operation));
  } else {
    context_.queue.start(shared_from_this(), stack.id, std::move(operation));
  }
}

void Engine::begin_continued_rollback(Stack& stack, std::set<std::string> skipped, Caller caller) {
  context_.queue.start(shared_from_this(), stack.id,
                       [this, &stack, skipped = std::move(skipped), caller = std::move(caller)] {
                         return roll_back_update(context_, stack, k_user_initiated, skipped, caller);
                       });
}

void Engine::abandon() {
  context_.stacks.close();
  context_.queue.stop();
}

Task<void> Engine::shutdown() {
  abandon();
  co_await context_.queue.wait_until_idle(deadline_in(k_shutdown_limit));
}

}  // namespace sortie::emulator::cloudformation
