#include "emulator/cloudformation/stack/stack_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/glob.h"
#include "emulator/cloudformation/template/template.h"

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

bool any_matches(const json::value* patterns, std::string_view text) {
  if (patterns == nullptr) return false;
  if (const auto* one = patterns->if_string()) return glob_matches(*one, text);
  if (const auto* list = patterns->if_array()) {
    for (const json::value& item : *list) {
      if (item.is_string() && glob_matches(item.get_string(), text)) return true;
    }
  }
  return false;
}

/// Conditions know one key, ResourceType.
bool condition_holds(const json::object& statement, const std::string& type) {
  const json::value* condition = statement.if_contains("Condition");
  if (condition == nullptr || !condition->is_object()) return true;
  for (const auto& operation : condition->get_object()) {
    const auto* keys = operation.value().if_object();
    if (keys == nullptr || !any_matches(keys->if_contains("ResourceType"), type)) return false;
  }
  return true;
}

bool applies(const json::object& statement, const Resource& resource, std::string_view action) {
  const std::string target = "LogicalResourceId/" + resource.logical_id;
  const json::value* actions = statement.if_contains("Action");
  const bool action_matches =
      actions != nullptr ? any_matches(actions, action) : !any_matches(statement.if_contains("NotAction"), action);
  const json::value* targets = statement.if_contains("Resource");
  const bool target_matches =
      targets != nullptr ? any_matches(targets, target) : !any_matches(statement.if_contains("NotResource"), target);
  return action_matches && target_matches && condition_holds(statement, resource.type);
}

json::array statements_of(std::string_view text) {
  boost::system::error_code failed;
  const json::value policy = json::parse(text, failed);
  const json::value* statements =
      failed || !policy.is_object() ? nullptr : policy.get_object().if_contains("Statement");
  if (statements == nullptr) return {};
  return statements->is_array() ? statements->get_array() : json::array{*statements};
}

bool is_effect(const json::object& statement, std::string_view effect) {
  const json::value* found = statement.if_contains("Effect");
  return found != nullptr && found->is_string() && found->get_string() == effect;
}

bool is_everybody(const json::value* principal) {
  return principal != nullptr && principal->is_string() && principal->get_string() == "*";
}

/// Actions are `Update:` and a kind of update, or all of them.
bool names_updates(const json::object& statement) {
  const json::value* actions = statement.if_contains("Action");
  if (actions == nullptr) actions = statement.if_contains("NotAction");
  if (actions == nullptr) return false;
  const json::array list = actions->is_array() ? actions->get_array() : json::array{*actions};
  return !list.empty() && std::ranges::all_of(list, [](const json::value& action) {
    return action.is_string() && (action.get_string() == "*" || action.get_string().starts_with("Update:"));
  });
}

}  // namespace

AwsResult<void> check_stack_policy(std::string_view text) {
  if (text.size() > k_max_policy) {
    return invalid(
        "1 validation error detected: Value at 'stackPolicyBody' failed to satisfy constraint: Member must have length "
        "less than "
        "or equal to 16384");
  }
  const json::array statements = statements_of(text);
  if (statements.empty()) return invalid("Error validating stack policy: Invalid stack policy");
  for (const json::value& statement : statements) {
    const auto* object = statement.if_object();
    const bool shaped = object != nullptr && (is_effect(*object, "Allow") || is_effect(*object, "Deny")) &&
                        is_everybody(object->if_contains("Principal")) && names_updates(*object) &&
                        (object->contains("Resource") || object->contains("NotResource"));
    if (!shaped) return invalid("Error validating stack policy: Invalid stack policy");
  }
  return {};
}

std::string denied_by_stack_policy(const Stack& stack, const Resource& resource, std::string_view action) {
  const std::string& policy = stack.update_policy.empty() ? stack.stack_policy : stack.update_policy;
  if (policy.empty()) return {};
  bool allowed = false;
  int number = 0;
  for (const json::value& statement : statements_of(policy)) {
    ++number;
    const auto* object = statement.if_object();
    if (object == nullptr || !applies(*object, resource, action)) continue;
    if (is_effect(*object, "Deny")) {
      return fmt::format(
          "Action denied by stack policy: Statement [#{}] does not allow [{}] for resource [LogicalResourceId/{}];",
          number, action, resource.logical_id);
    }
    allowed = true;
  }
  if (allowed) return {};
  return fmt::format("Action denied by stack policy: no statement allows [{}] for resource [LogicalResourceId/{}];",
                     action, resource.logical_id);
}

}  // namespace sortie::emulator::cloudformation
