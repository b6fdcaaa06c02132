#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/task.h"
#include "emulator/cloudformation/changes.h"
#include "emulator/cloudformation/cloudformation.h"
#include "emulator/cloudformation/custom_responses.h"
#include "emulator/cloudformation/evaluate.h"
#include "emulator/cloudformation/macro_calls.h"
#include "emulator/cloudformation/resource_type.h"
#include "emulator/cloudformation/send.h"
#include "emulator/cloudformation/stack_store.h"
#include "emulator/cloudformation/step.h"
#include "emulator/cloudformation/stored_parameters.h"
#include "emulator/core/ports.h"

namespace sortie::emulator::cloudformation {

/// How a template whose macros have not run is to be processed.
struct Unprocessed {
  std::vector<std::string> allowed_types;  ///< ResourceTypes of the request
  std::size_t size_limit = 0;              ///< of the processed template, bytes
};

/// Runs the operations on stacks, each in a coroutine of its own: resources one after the other in the order of their
/// dependencies, every step committed and told as an event before the next. At most `k_parallel` stacks at once, the
/// others wait. io_context thread only; the tasks it spawns keep it alive.
class Engine : public std::enable_shared_from_this<Engine> {
 public:
  static constexpr std::size_t k_parallel = 16;

  /// Operations that an earlier process left unfinished are marked failed.
  Engine(Executor executor, const Clock& clock, Store& store, Identities& identities, ServiceCalls& services,
         ObjectSource& objects, CloudFormationOptions options);

  [[nodiscard]] StackStore& stacks() { return stacks_; }
  [[nodiscard]] CustomResponses& custom_responses() { return custom_responses_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] StackFacts facts_of(const Stack& stack) const;

  /// Finds the value behind an export of the region, for previews; valid as long as the engine.
  std::function<std::optional<std::string>(const std::string&)> exports_of(const std::string& region);

  /// The caller of `call`, or the role that it hands over. ValidationError when CloudFormation cannot assume it.
  AwsResult<Caller> caller_for(const Call& call, const std::string& role_arn);

  /// See fetch_stored_parameters.
  Task<AwsResult<ParameterTexts>> stored_parameters(Caller caller, const Template& whole, ParameterTexts texts);

  // Each begins an operation that has been checked: status and event are there when it returns.
  // `unprocessed`: the template's macros run first.
  void begin_create(Stack& stack, Caller caller, std::optional<Unprocessed> unprocessed);
  void begin_update(Stack& stack, Definition next, Caller caller, std::optional<Unprocessed> unprocessed);
  /// Of a change set in CREATE_IN_PROGRESS: its template's macros run, then it is complete, or failed.
  void begin_change_set(ChangeSet& change_set, Caller caller, Unprocessed unprocessed);
  /// Also of a stack whose creation or update runs: that is given up first. `keep`: logical ids not to delete.
  void begin_delete(Stack& stack, std::set<std::string> keep, Caller caller);
  /// After UPDATE_ROLLBACK_FAILED. `skip`: logical ids that are left as they are.
  void begin_continued_rollback(Stack& stack, std::set<std::string> skip, Caller caller);
  /// The running update goes back after its current resource.
  void cancel_update(Stack& stack);

  void note_stack(Stack& stack, std::string status, std::string reason = {});

  Task<void> shutdown();
  void abandon() { stacks_.close(); }

 private:
  /// What one operation works with; lives in its coroutine.
  struct Work;
  struct Control {
    bool cancelled = false;
    std::optional<std::set<std::string>> then_delete;
    Caller delete_caller;
  };

  void mark_unfinished();
  void start(const std::string& stack_id, std::function<Task<void>()> operation);
  static Task<void> run_operation(std::shared_ptr<Engine> self, std::string stack_id,
                                  std::function<Task<void>()> operation);
  AwsResult<void> find_imports(Work& work);
  AwsResult<std::unique_ptr<Work>> prepare(Stack& stack, Caller caller);
  [[nodiscard]] bool cancelled(const Stack& stack) const;

  // engine.cc
  Task<void> create(Stack& stack, Caller caller, std::optional<Unprocessed> unprocessed);
  Task<std::string> create_resources(Stack& stack, Caller caller);
  Task<void> roll_back_creation(Stack& stack, Caller caller);
  Task<void> remove(Stack& stack, std::set<std::string> keep, Caller caller);
  Task<std::vector<std::string>> delete_resources(Stack& stack, Caller caller, std::set<std::string> keep,
                                                  bool rolling_back);
  // engine_macros.cc
  Task<AwsResult<boost::json::object>> expand(const Definition& definition, StackFacts facts, Caller caller);
  Task<AwsResult<Definition>> process(Definition definition, StackFacts facts, Caller caller, Unprocessed unprocessed);
  Task<std::string> process_stack(Stack& stack, Caller caller, Unprocessed unprocessed);
  Task<void> finish_change_set(std::string id, Caller caller, Unprocessed unprocessed);
  void settle(ChangeSet& change_set, const Stack& stack, std::string failure);
  AwsResult<Preview> look_through(const Stack& stack, const Definition& next);
  // engine_update.cc
  Task<void> update(Stack& stack, Caller caller, std::optional<Unprocessed> unprocessed);
  Task<std::string> run_update(Stack& stack, Caller caller);
  Task<bool> update_resources(Work& work);
  Task<void> roll_back_update(Stack& stack, std::string reason, std::set<std::string> skip, Caller caller);
  Task<bool> restore(Stack& stack, Resource before, Caller caller);
  Task<void> clean_up(Stack& stack, Caller caller);
  Task<bool> update_resource(Work& work, const ResourceDeclaration& declaration, Resource& resource);
  Task<bool> replace_resource(Work& work, const ResourceDeclaration& declaration, Resource& resource,
                              Properties properties);
  void drop_unwanted(Work& work);
  // engine_resources.cc
  Task<bool> create_resource(Work& work, const ResourceDeclaration& declaration);
  Task<bool> make_resource(Work& work, Resource& resource, std::string in_progress, std::string reason);
  Task<std::string> delete_one(const Stack& stack, Caller caller, const Resource& resource);
  Task<std::string> run_plan(Caller caller, Plan plan, Made& made);
  Task<Reply> wait_for(const Step& step);
  bool fail_resource(Work& work, Resource& resource, std::string status, std::string reason);
  AwsResult<Properties> evaluate_properties(Work& work, const ResourceDeclaration& declaration);
  static AwsResult<Properties> shape(const Work& work, const ResourceDeclaration& declaration, const Properties& shown,
                                     const boost::json::object& references);
  Task<AwsResult<Properties>> resolve(Work& work, const ResourceDeclaration& declaration, Properties shown,
                                      boost::json::object& references);
  std::string set_outputs(Work& work);
  [[nodiscard]] Owner owner_of(const Stack& stack, const Resource& resource);
  AwsResult<boost::json::value> look_up(const Stack& stack, const std::string& id, const std::string& attribute);
  void note(Stack& stack, Resource& resource, std::string status, std::string reason = {});
  void note_event(const Stack& stack, const Resource& resource);

  Executor executor_;
  const Clock& clock_;
  Identities& identities_;
  ServiceCalls& services_;
  CloudFormationOptions options_;
  StackStore stacks_;
  CustomResponses custom_responses_;
  MacroCalls macros_;
  std::map<std::string, Control, std::less<>> running_;  ///< by stack id
  std::deque<std::pair<std::string, std::function<Task<void>()>>> waiting_;
  std::size_t active_ = 0;
};

/// `The following resource(s) failed to create: [A, B]. `, in the words for `verb`.
std::string failed_resources(std::string_view verb, const std::vector<std::string>& logical_ids);

/// Why an export cannot go away.
std::string export_in_use(std::string_view name, const std::vector<std::string>& users);

/// Existing resources in the order of their deletion: each before what it depends on.
std::vector<std::string> deletion_order(const std::vector<Resource>& resources);

}  // namespace sortie::emulator::cloudformation
