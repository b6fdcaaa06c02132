#include "emulator/cloudformation/engine.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json.hpp>

#include "base/deadline.h"
#include "emulator/cloudformation/changes.h"
#include "emulator/cloudformation/engine_work.h"
#include "emulator/cloudformation/references.h"
#include "emulator/cloudformation/values.h"
#include "emulator/core/protocol.h"

/// How operations begin and end; creation, its rollback, deletion.
namespace sortie::emulator::cloudformation {

namespace json = boost::json;

namespace {

constexpr const char* k_service = "cloudformation.amazonaws.com";
constexpr auto k_role_session = std::chrono::hours(1);
constexpr auto k_shutdown_limit = std::chrono::seconds(5);
constexpr std::string_view k_stopped = "The embedded AWS was stopped while this was in progress.";

/// What an operation that nobody continues has come to.
std::string_view unfinished_status(std::string_view status) {
  if (status == "CREATE_IN_PROGRESS") return "CREATE_FAILED";
  if (status == "ROLLBACK_IN_PROGRESS") return "ROLLBACK_FAILED";
  if (status == "DELETE_IN_PROGRESS") return "DELETE_FAILED";
  if (status == "UPDATE_IN_PROGRESS" || status.starts_with("UPDATE_ROLLBACK_IN_PROGRESS"))
    return "UPDATE_ROLLBACK_FAILED";
  if (status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") return "UPDATE_COMPLETE";
  if (status == "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS") return "UPDATE_ROLLBACK_COMPLETE";
  return {};  // REVIEW_IN_PROGRESS waits for somebody
}

std::unexpected<AwsError> no_export(std::string_view name) {
  return invalid(fmt::format("No export named {} found.", name));
}

}  // namespace

std::string failed_resources(std::string_view verb, const std::vector<std::string>& logical_ids) {
  return fmt::format("The following resource(s) failed to {}: [{}]. ", verb, fmt::join(logical_ids, ", "));
}

std::string export_in_use(std::string_view name, const std::vector<std::string>& users) {
  return fmt::format("Delete canceled. Cannot delete export {} as it is in use by {}.", name, fmt::join(users, ", "));
}

std::vector<std::string> deletion_order(const std::vector<Resource>& resources) {
  std::vector<std::string> order;
  std::vector<const Resource*> left;
  for (auto resource = resources.rbegin(); resource != resources.rend(); ++resource) left.push_back(&*resource);
  while (!left.empty()) {
    // One that nobody left depends on; a circle cannot be, but must not hang either.
    auto next = std::ranges::find_if(left, [&](const Resource* candidate) {
      return std::ranges::none_of(left, [&](const Resource* other) {
        return other != candidate &&
               std::ranges::find(other->depends_on, candidate->logical_id) != other->depends_on.end();
      });
    });
    if (next == left.end()) next = left.begin();
    order.push_back((*next)->logical_id);
    left.erase(next);
  }
  return order;
}

Engine::Engine(Executor executor, const Clock& clock, Store& store, Identities& identities, ServiceCalls& services,
               ObjectSource& objects, CloudFormationOptions options)
    : executor_(std::move(executor)),
      clock_(clock),
      identities_(identities),
      services_(services),
      options_(std::move(options)),
      stacks_(store, clock.now()),
      macros_(services, objects, stacks_, options_.account) {
  mark_unfinished();
}

void Engine::mark_unfinished() {
  for (Stack* stack : stacks_.all()) {
    const std::string status(unfinished_status(stack->status));
    if (status.empty()) continue;
    for (Resource& resource : stack->resources) {
      if (!resource.status.ends_with("_IN_PROGRESS")) continue;
      // A request may have been on its way: what has a name that only this stack can have made is to be deleted.
      const ResourceType* type = find_resource_type(resource.type);
      const bool own_name =
          type != nullptr && (type->name_property.empty() || !resource.properties.contains(type->name_property));
      if (resource.status == "CREATE_IN_PROGRESS" && own_name && !resource.physical_id.empty()) resource.exists = true;
      const auto verb = resource.status.substr(0, resource.status.find('_'));
      note(*stack, resource, verb + "_FAILED", std::string(k_stopped));
    }
    note_stack(*stack, status, std::string(k_stopped));
  }
  for (const Stack* stack : stacks_.all()) {
    for (ChangeSet* change_set : stacks_.change_sets(stack->id)) {
      if (change_set->status != "CREATE_IN_PROGRESS") continue;
      settle(*change_set, *stack, std::string(k_stopped));
      stacks_.save(*change_set);
    }
  }
}

StackFacts Engine::facts_of(const Stack& stack) const {
  return {options_.account, stack.region, stack.id, stack.name, stack.now.notification_arns};
}

AwsResult<Caller> Engine::caller_for(const Call& call, const std::string& role_arn) {
  auto caller = std::make_shared<Call>();
  caller->service = call.service;
  caller->region = call.region;
  caller->account = call.account;
  caller->request_id = call.request_id;
  caller->principal = call.principal;
  caller->signature = call.signature;
  caller->signature_version = call.signature_version;
  caller->signed_at = call.signed_at;
  if (role_arn.empty()) return caller;
  const auto credentials = identities_.assume_for_service(role_arn, k_service, "AWSCloudFormation", k_role_session);
  const auto key = credentials ? identities_.find_key(credentials->access_key_id) : std::nullopt;
  if (!key) return invalid(fmt::format("Role {} is invalid or cannot be assumed", role_arn));
  caller->principal = key->principal;
  return caller;
}

bool Engine::cancelled(const Stack& stack) const {
  const auto control = running_.find(stack.id);
  return stacks_.closed() || (control != running_.end() && control->second.cancelled);
}

void Engine::start(const std::string& stack_id, std::function<Task<void>()> operation) {
  running_[stack_id] = {};
  if (active_ >= k_parallel) {
    waiting_.emplace_back(stack_id, std::move(operation));
    return;
  }
  ++active_;
  asio::co_spawn(executor_, run_operation(shared_from_this(), stack_id, std::move(operation)),
                 [](std::exception_ptr error) {
                   if (error) std::rethrow_exception(error);
                 });
}

Task<void> Engine::run_operation(std::shared_ptr<Engine> self, std::string stack_id,
                                 std::function<Task<void>()> operation) {
  for (;;) {
    co_await operation();
    if (self->stacks_.closed()) break;
    const Control control = std::exchange(self->running_[stack_id], {});
    Stack* stack = self->stacks_.find_by_id(stack_id);
    if (control.then_delete && stack != nullptr) {
      operation = [engine = self.get(), stack, keep = *control.then_delete, caller = control.delete_caller] {
        return engine->remove(*stack, keep, caller);
      };
      continue;
    }
    self->running_.erase(stack_id);
    if (self->waiting_.empty()) break;
    std::tie(stack_id, operation) = std::move(self->waiting_.front());
    self->waiting_.pop_front();
  }
  --self->active_;
}

/// Exports that are not there fail the whole operation before a resource is touched.
AwsResult<void> Engine::find_imports(Work& work) {
  std::string missing;
  const auto find = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = stacks_.find_export(work.stack.region, name);
    if (found.output != nullptr) return found.output->value;
    if (missing.empty()) missing = name;
    return std::nullopt;
  };
  RETURN_IF_ERROR(preview(work.stack, work.stack.now, work.whole, work.facts, find));
  if (!missing.empty()) return no_export(missing);
  return {};
}

AwsResult<std::unique_ptr<Engine::Work>> Engine::prepare(Stack& stack, Caller caller) {
  ASSIGN_OR_RETURN(Template whole, load_template(stack.now.body(), stack.now.values()));
  auto work = std::make_unique<Work>(stack, std::move(caller), std::move(whole), facts_of(stack));
  Work& kept = *work;
  work->evaluator = std::make_unique<Evaluator>(
      kept.whole, stack.now.values(), kept.facts,
      Sources{.resource = [this, &kept](const std::string& id,
                                        const std::string& attribute) { return look_up(kept.stack, id, attribute); },
              .import = [this, &kept](const std::string& name) -> AwsResult<std::string> {
                const auto found = stacks_.find_export(kept.stack.region, name);
                if (found.output == nullptr) return no_export(name);
                kept.imports.insert(name);
                return found.output->value;
              }});
  RETURN_IF_ERROR(work->evaluator->evaluate_conditions());
  RETURN_IF_ERROR(find_imports(kept));
  return work;
}

// Creation

void Engine::begin_create(Stack& stack, Caller caller, std::optional<Unprocessed> unprocessed) {
  note_stack(stack, "CREATE_IN_PROGRESS", "User Initiated");
  start(stack.id, [this, &stack, caller = std::move(caller), unprocessed = std::move(unprocessed)] {
    return create(stack, caller, unprocessed);
  });
}

/// Gives the reason of a failure, empty for success or when it was cut short.
Task<std::string> Engine::create_resources(Stack& stack, Caller caller) {
  auto prepared = prepare(stack, caller);
  if (!prepared) co_return prepared.error().message + " ";
  const auto deadline = clock_.now() + std::chrono::minutes(stack.timeout_minutes);
  Work& work = **prepared;
  for (const std::string& id : creation_order(work.whole)) {
    const ResourceDeclaration& declaration = *work.whole.find_resource(id);
    if (!work.evaluator->condition(declaration.condition)) continue;
    if (cancelled(stack)) co_return std::string();
    if (stack.timeout_minutes > 0 && clock_.now() > deadline) {
      work.failure = "Stack creation time exceeded the specified timeout.";
      break;
    }
    if (!co_await create_resource(work, declaration)) break;
  }
  if (cancelled(stack)) co_return std::string();
  const std::string reason = work.reason();
  co_return reason.empty() ? set_outputs(work) : reason;
}

Task<void> Engine::create(Stack& stack, Caller caller, std::optional<Unprocessed> unprocessed) {
  std::string reason;
  if (unprocessed) {
    reason = co_await process_stack(stack, caller, std::move(*unprocessed));
    if (!reason.empty()) reason += ". ";
  }
  if (cancelled(stack)) co_return;
  if (reason.empty()) reason = co_await create_resources(stack, caller);
  if (cancelled(stack)) co_return;
  if (reason.empty()) {
    note_stack(stack, "CREATE_COMPLETE");
    co_return;
  }
  if (stack.on_failure == "DO_NOTHING") {
    note_stack(stack, "CREATE_FAILED", reason);
  } else if (stack.on_failure == "DELETE") {
    stack.deleted = clock_.now();
    note_stack(stack, "DELETE_IN_PROGRESS", reason + "Delete requested by user.");
    co_await remove(stack, {}, caller);
  } else {
    stack.deleted = clock_.now();
    note_stack(stack, "ROLLBACK_IN_PROGRESS", reason + "Rollback requested by user.");
    co_await roll_back_creation(stack, caller);
  }
}

Task<void> Engine::roll_back_creation(Stack& stack, Caller caller) {
  const auto failed = co_await delete_resources(stack, caller, {}, true);
  if (cancelled(stack)) co_return;
  if (failed.empty()) {
    note_stack(stack, "ROLLBACK_COMPLETE");
  } else {
    note_stack(stack, "ROLLBACK_FAILED", failed_resources("delete", failed));
  }
}

// Deletion

void Engine::begin_delete(Stack& stack, std::set<std::string> keep, Caller caller) {
  stack.deleted = clock_.now();
  note_stack(stack, "DELETE_IN_PROGRESS", "User Initiated");
  if (const auto control = running_.find(stack.id); control != running_.end()) {
    control->second = {true, std::move(keep), std::move(caller)};
    return;
  }
  start(stack.id,
        [this, &stack, keep = std::move(keep), caller = std::move(caller)] { return remove(stack, keep, caller); });
}

/// An export that somebody uses keeps its stack.
static std::string used_export(StackStore& stacks, const Stack& stack) {
  for (const Output& output : stack.now.outputs) {
    if (output.export_name.empty()) continue;
    const auto users = stacks.importers(stack.region, output.export_name);
    if (users.empty()) continue;
    return export_in_use(output.export_name, users);
  }
  return {};
}

Task<void> Engine::remove(Stack& stack, std::set<std::string> keep, Caller caller) {
  if (const std::string used = used_export(stacks_, stack); !used.empty()) {
    note_stack(stack, "DELETE_FAILED", used);
    co_return;
  }
  co_await clean_up(stack, caller);
  const auto failed = co_await delete_resources(stack, caller, std::move(keep), false);
  if (stacks_.closed()) co_return;
  if (!failed.empty()) {
    note_stack(stack, "DELETE_FAILED", failed_resources("delete", failed));
    co_return;
  }
  stack.before.reset();
  for (ChangeSet* change_set : stacks_.change_sets(stack.id)) stacks_.erase_change_set(change_set->id);
  note_stack(stack, "DELETE_COMPLETE");
}

/// Deletes all that exists but for `keep` and what its policy keeps; gives the logical ids that could not be deleted.
Task<std::vector<std::string>> Engine::delete_resources(Stack& stack, Caller caller, std::set<std::string> keep,
                                                        bool rolling_back) {
  std::vector<std::string> failed;
  std::set<std::string> needed;  // what a resource that is still there depends on stays
  for (const std::string& id : deletion_order(stack.resources)) {
    if (cancelled(stack) && rolling_back) co_return failed;
    if (stacks_.closed()) co_return failed;
    Resource& resource = *stack.find(id);
    if (resource.status == "DELETE_COMPLETE" || resource.status == "DELETE_SKIPPED") continue;
    if (!resource.exists) {
      note(stack, resource, "DELETE_COMPLETE");
      continue;
    }
    const std::string& policy = resource.deletion_policy;
    if (keep.contains(id) || policy == "Retain" || (policy == "RetainExceptOnCreate" && !rolling_back)) {
      resource.exists = false;
      note(stack, resource, "DELETE_SKIPPED");
      continue;
    }
    if (needed.contains(id)) {
      needed.insert(resource.depends_on.begin(), resource.depends_on.end());
      continue;
    }
    note(stack, resource, "DELETE_IN_PROGRESS");
    const std::string reason = co_await delete_one(stack, caller, resource);
    if (stacks_.closed()) co_return failed;
    if (reason.empty()) {
      resource.exists = false;
      note(stack, resource, "DELETE_COMPLETE");
    } else {
      failed.push_back(id);
      needed.insert(resource.depends_on.begin(), resource.depends_on.end());
      note(stack, resource, "DELETE_FAILED", reason);
    }
  }
  co_return failed;
}

// The end of the program

Task<void> Engine::shutdown() {
  stacks_.close();
  waiting_.clear();
  const Deadline deadline = deadline_in(k_shutdown_limit);
  while (active_ > 0 && std::chrono::steady_clock::now() < deadline) co_await sleep_for(std::chrono::milliseconds(5));
}

}  // namespace sortie::emulator::cloudformation
