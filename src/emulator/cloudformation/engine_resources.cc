#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/json.hpp>

#include "base/deadline.h"
#include "emulator/cloudformation/changes.h"
#include "emulator/cloudformation/engine_work.h"
#include "emulator/cloudformation/references.h"
#include "emulator/cloudformation/values.h"
#include "emulator/core/protocol.h"
#include "wire/arn.h"
#include "wire/date.h"

/// One resource at a time: its properties, its requests, its events.
namespace sortie::emulator::cloudformation {

namespace json = boost::json;

namespace {

constexpr auto k_again_after = std::chrono::milliseconds(250);
constexpr auto k_first_look = std::chrono::milliseconds(2);
constexpr auto k_longest_look = std::chrono::milliseconds(200);

/// Requests have bodies in memory here: they can be sent more than once.
http::Request copy_of(const http::Request& request) {
  http::Request copy;
  copy.method = request.method;
  copy.scheme = request.scheme;
  copy.host = request.host;
  copy.path = request.path;
  copy.query = request.query;
  copy.headers = request.headers;
  copy.body = std::string(request.body.bytes());
  return copy;
}

bool tolerates(const Step& step, const Reply& reply) {
  return std::ranges::find(step.tolerated, reply.code) != step.tolerated.end();
}

}  // namespace

Owner Engine::owner_of(const Stack& stack, const Resource& resource) {
  return {.account = options_.account,
          .region = stack.region,
          .partition = std::string(wire::partition_of(stack.region)),
          .stack_id = stack.id,
          .stack_name = stack.name,
          .logical_id = resource.logical_id,
          .type = resource.type,
          .patience = options_.role_patience,
          .responses = options_.functions_on_host_network ? nullptr : &custom_responses_};
}

AwsResult<json::value> Engine::look_up(const Stack& stack, const std::string& id, const std::string& attribute) {
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

// Events

void Engine::note_event(const Stack& stack, const Resource& resource) {
  const SystemTime now = clock_.now();
  stacks_.add_event(
      {.id = fmt::format("{}-{}-{}", resource.logical_id, resource.status, wire::format_iso8601_millis(now)),
       .stack_id = stack.id,
       .stack_name = stack.name,
       .logical_id = resource.logical_id,
       .physical_id = resource.physical_id,
       .type = resource.type,
       .at = now,
       .status = resource.status,
       .reason = resource.status_reason,
       .properties = json::serialize(resource.properties),
       .client_token = stack.client_token});
}

void Engine::note(Stack& stack, Resource& resource, std::string status, std::string reason) {
  resource.status = std::move(status);
  resource.status_reason = std::move(reason);
  resource.changed = clock_.now();
  stacks_.save(stack, resource);
  note_event(stack, resource);
}

void Engine::note_stack(Stack& stack, std::string status, std::string reason) {
  stack.status = std::move(status);
  stack.status_reason = std::move(reason);
  stacks_.save(stack);
  stacks_.add_event({.id = make_request_id(),
                     .stack_id = stack.id,
                     .stack_name = stack.name,
                     .logical_id = stack.name,
                     .physical_id = stack.id,
                     .type = "AWS::CloudFormation::Stack",
                     .at = clock_.now(),
                     .status = stack.status,
                     .reason = stack.status_reason,
                     .properties = {},
                     .client_token = stack.client_token});
}

bool Engine::fail_resource(Work& work, Resource& resource, std::string status, std::string reason) {
  auto& failed = status == "UPDATE_FAILED" ? work.failed_to_update : work.failed_to_create;
  failed.push_back(resource.logical_id);
  note(work.stack, resource, std::move(status), std::move(reason));
  return false;
}

// Requests

/// Nothing but the end of the program ends the wait for what `await_reply` never gives.
Task<Reply> Engine::wait_for(const Step& step) {
  auto pause = k_first_look;
  for (;;) {
    if (auto reply = step.await_reply()) co_return *std::move(reply);
    co_await sleep_for(pause);
    if (stacks_.closed()) co_return Reply{.status = 503};
    pause = std::min(pause * 2, k_longest_look);
  }
}

/// Runs the requests one after the other. Gives the reason of the first failure, empty for success.
Task<std::string> Engine::run_plan(Caller caller, Plan plan, Made& made) {
  std::deque<Step> steps(std::make_move_iterator(plan.begin()), std::make_move_iterator(plan.end()));
  while (!steps.empty()) {
    Step step = std::move(steps.front());
    steps.pop_front();
    if (step.delay.count() > 0) co_await sleep_for(step.delay);
    const Deadline patience = deadline_in(options_.role_patience);
    Reply reply;
    for (;;) {
      // Most requests are answered without a wait: others want to be served between two of them all the same.
      co_await asio::post(executor_, asio::use_awaitable);
      if (stacks_.closed()) co_return "stopped";
      reply = step.await_reply ? co_await wait_for(step)
                               : co_await send_request(services_, caller, step.service, copy_of(step.request));
      if (stacks_.closed()) co_return "stopped";
      const bool again = !reply.ok() && step.again && step.again(reply) && std::chrono::steady_clock::now() < patience;
      if (!again) break;
      co_await sleep_for(k_again_after);
    }
    if (!reply.ok() && !step.await_reply && !tolerates(step, reply)) co_return failure_text(reply);
    if (step.makes && reply.ok()) made.exists = true;
    if (!step.then) continue;
    Plan more = step.then(reply, made);
    if (!made.failure.empty()) co_return std::exchange(made.failure, {});
    steps.insert(steps.begin(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  co_return std::string();
}

// Creation and deletion

/// The properties as the template has them, for events.
AwsResult<Properties> Engine::evaluate_properties(Work& work, const ResourceDeclaration& declaration) {
  ASSIGN_OR_RETURN(json::value evaluated, work.evaluator->evaluate(declaration.properties));
  return std::move(evaluated.get_object());
}

/// The same as the type wants them, with the values behind dynamic references.
AwsResult<Properties> Engine::shape(const Work& work, const ResourceDeclaration& declaration, const Properties& shown,
                                    const json::object& references) {
  const ResourceType* type = find_resource_type(declaration.type);
  if (type == nullptr) {
    return refuse(
        fmt::format("The embedded AWS does not have the resource type {}. AWS does: run against an account with "
                    "--on aws.",
                    declaration.type));
  }
  Properties tagged = with_references(shown, references).as_object();
  add_stack_tags(*type, work.stack.now.tags, tagged);
  return shape_properties(*type, tagged);
}

/// `shape` with the values that dynamic references have now, which are put into `references`.
Task<AwsResult<Properties>> Engine::resolve(Work& work, const ResourceDeclaration& declaration, Properties shown,
                                            json::object& references) {
  auto values = co_await fetch_dynamic_references(services_, work.caller, find_dynamic_references(shown));
  if (!values) co_return std::unexpected(values.error());
  references = std::move(*values);
  co_return shape(work, declaration, shown, references);
}

Task<bool> Engine::create_resource(Work& work, const ResourceDeclaration& declaration) {
  Stack& stack = work.stack;
  if (const Resource* old = stack.find(declaration.logical_id); old != nullptr) {
    // Left from before, deleted: its place is taken.
    stacks_.erase(stack, declaration.logical_id);
    stack.resources.erase(stack.resources.begin() + (old - stack.resources.data()));
  }
  Resource& resource = stack.resources.emplace_back();
  resource.logical_id = declaration.logical_id;
  resource.type = declaration.type;
  resource.deletion_policy = declaration.deletion_policy;
  resource.update_replace_policy = declaration.update_replace_policy;
  resource.depends_on = dependencies_of(work.whole, declaration);
  const auto metadata = work.evaluator->evaluate(declaration.metadata);
  if (metadata && metadata->is_object()) resource.metadata = metadata->get_object();
  const auto shown = evaluate_properties(work, declaration);
  if (shown) resource.properties = *shown;
  note(stack, resource, "CREATE_IN_PROGRESS");
  if (!shown) co_return fail_resource(work, resource, "CREATE_FAILED", shown.error().message);
  auto properties = co_await resolve(work, declaration, *shown, resource.references);
  if (stacks_.closed()) co_return false;
  if (!properties) co_return fail_resource(work, resource, "CREATE_FAILED", properties.error().message);
  resource.properties = std::move(*properties);
  co_return co_await make_resource(work, resource, "CREATE_IN_PROGRESS", "Resource creation Initiated");
}

/// Makes what `resource` says. Its events end in CREATE_… or, for one that replaces another, in UPDATE_….
Task<bool> Engine::make_resource(Work& work, Resource& resource, std::string in_progress, std::string reason) {
  Stack& stack = work.stack;
  const std::string verb = in_progress.substr(0, in_progress.find('_'));
  const ResourceType& type = *find_resource_type(resource.type);
  const Owner owner = owner_of(stack, resource);
  Made made;
  made.physical_id = type.choose_id(owner, resource.properties);
  auto plan = type.create(owner, resource.properties, made);
  resource.physical_id = made.physical_id;
  if (const auto taken = stacks_.find_macro(stack.region, made.physical_id);
      resource.type == k_macro_type && taken.stack != nullptr && taken.resource != &resource) {
    co_return fail_resource(work, resource, verb + "_FAILED",
                            fmt::format("{} already exists in stack {}", made.physical_id, taken.stack->id));
  }
  // Written before the request: what a killed process had begun can be found again.
  if (!made.physical_id.empty()) note(stack, resource, in_progress, reason);
  resource.exists = made.exists;
  if (!plan) co_return fail_resource(work, resource, verb + "_FAILED", plan.error().message);
  const bool id_known = !made.physical_id.empty();
  const std::string failure = co_await run_plan(work.caller, std::move(*plan), made);
  if (stacks_.closed()) co_return false;
  resource.physical_id = made.physical_id;
  resource.attributes = made.attributes;
  resource.exists = made.exists;
  if (!failure.empty()) co_return fail_resource(work, resource, verb + "_FAILED", failure);
  if (!id_known) note(stack, resource, in_progress, reason);
  resource.exists = true;
  note(stack, resource, verb + "_COMPLETE");
  co_return true;
}

Task<std::string> Engine::delete_one(const Stack& stack, Caller caller, const Resource& resource) {
  const ResourceType* type = find_resource_type(resource.type);
  if (type == nullptr) co_return std::string();
  auto plan = type->remove(owner_of(stack, resource), resource);
  if (!plan) co_return plan.error().message;
  Made made{.physical_id = resource.physical_id, .attributes = resource.attributes};
  co_return co_await run_plan(caller, std::move(*plan), made);
}

// Outputs

/// Evaluates outputs and exports, and checks the exports. Gives what is wrong, empty for nothing.
std::string Engine::set_outputs(Work& work) {
  Stack& stack = work.stack;
  std::vector<Output> outputs;
  for (const OutputDeclaration& declaration : work.whole.outputs) {
    if (!work.evaluator->condition(declaration.condition)) continue;
    const auto value = work.evaluator->evaluate(declaration.value);
    if (!value) return value.error().message + " ";
    const auto exported = work.evaluator->evaluate(declaration.export_name);
    if (!exported) return exported.error().message + " ";
    Output output{declaration.name, scalar_text(*value).value_or(""), declaration.description,
                  scalar_text(*exported).value_or("")};
    const auto taken = stacks_.find_export(stack.region, output.export_name);
    if (!output.export_name.empty() && taken.stack != nullptr && taken.stack != &stack) {
      return fmt::format("Export with name {} is already exported by stack {}. ", output.export_name,
                         taken.stack->name);
    }
    outputs.push_back(std::move(output));
  }
  for (const Output& old : stack.before ? stack.before->definition.outputs : std::vector<Output>()) {
    if (old.export_name.empty()) continue;
    const auto users = stacks_.importers(stack.region, old.export_name);
    const auto now = std::ranges::find(outputs, old.export_name, &Output::export_name);
    if (users.empty() || (now != outputs.end() && now->value == old.value)) continue;
    if (now == outputs.end()) return export_in_use(old.export_name, users) + " ";
    return fmt::format("Export {} cannot be updated as it is in use by {}. ", old.export_name, fmt::join(users, ", "));
  }
  stack.now.outputs = std::move(outputs);
  stack.now.imports.assign(work.imports.begin(), work.imports.end());
  return {};
}

}  // namespace sortie::emulator::cloudformation
