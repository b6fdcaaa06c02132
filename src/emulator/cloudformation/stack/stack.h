#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "emulator/cloudformation/template/parameters.h"

/// What is kept of a stack.
namespace sortie::emulator::cloudformation {

/// Resources of this type are kept by CloudFormation itself (StackStore::find_macro).
inline constexpr std::string_view k_macro_type = "AWS::CloudFormation::Macro";

using Tags = std::vector<std::pair<std::string, std::string>>;

/// A resource as it was made. `properties` are evaluated.
struct Resource {
  std::string logical_id;
  std::string type;
  std::string physical_id;
  std::string status;  ///< CREATE_COMPLETE, DELETE_FAILED, …
  std::string status_reason;
  SystemTime changed{};
  boost::json::object properties;
  boost::json::object attributes;  ///< what Fn::GetAtt gives
  boost::json::object metadata;
  boost::json::object references;  ///< what the dynamic references in the properties stood for, by their text
  std::string deletion_policy;
  std::string update_replace_policy;
  std::vector<std::string> depends_on;  ///< all dependencies, for the order of deletion
  bool exists = false;                  ///< something was made that has to be deleted
};

struct Output {
  std::string key;
  std::string value;
  std::string description;
  std::string export_name;  ///< empty: not exported
};

/// What an update changes of a stack as a whole, and what its rollback brings back.
struct Definition {
  std::string template_body;
  std::string processed_body;  ///< what macros made of template_body, JSON; empty: it has none, or they have not run
  ParameterTexts parameters;
  ParameterTexts stored;  ///< what those of Systems Manager's types stand for
  Tags tags;
  std::vector<std::string> capabilities;
  std::vector<std::string> notification_arns;
  std::string role_arn;
  std::string description;
  std::vector<Output> outputs;
  std::vector<std::string> imports;  ///< names of the exports that it uses

  /// The parameters as functions see them.
  [[nodiscard]] ParameterTexts values() const;
  /// The template that resources are made from.
  [[nodiscard]] const std::string& body() const { return processed_body.empty() ? template_body : processed_body; }
};

struct Stack {
  std::string id;  ///< ARN
  std::string name;
  std::string region;
  std::string status;
  std::string status_reason;
  SystemTime created{};
  std::optional<SystemTime> updated;
  std::optional<SystemTime> deleted;  ///< when its deletion, or its rollback, began
  Definition now;
  bool disable_rollback = false;
  std::string on_failure = "ROLLBACK";  ///< ROLLBACK, DELETE, DO_NOTHING
  int timeout_minutes = 0;              ///< 0: none
  bool termination_protection = false;
  std::string client_token;   ///< of the operation that runs or ran last
  std::string change_set_id;  ///< the one executed last
  std::string stack_policy;
  std::string update_policy;  ///< in place of stack_policy while an update runs; not kept longer
  std::vector<Resource> resources;

  /// While an update runs or could not be rolled back: what was before.
  struct Before {
    Definition definition;
    std::vector<Resource> resources;  ///< those that the update changes or replaces, as they were
    std::vector<std::string> added;   ///< logical ids that were not there
  };
  std::optional<Before> before;
  std::vector<Resource> cleanup;  ///< replaced or dropped, to be deleted at the update's end

  [[nodiscard]] Resource* find(std::string_view logical_id);
  [[nodiscard]] const Resource* find(std::string_view logical_id) const;
  [[nodiscard]] bool in_progress() const { return status.ends_with("_IN_PROGRESS"); }
  [[nodiscard]] bool is_deleted() const { return status == "DELETE_COMPLETE"; }
};

struct Event {
  std::string id;
  std::string stack_id;
  std::string stack_name;
  std::string logical_id;
  std::string physical_id;
  std::string type;
  SystemTime at{};
  std::string status;
  std::string reason;
  std::string properties;  ///< JSON text, empty for none
  std::string client_token;
};

struct ChangeSet {
  std::string id;  ///< ARN
  std::string name;
  std::string stack_id;
  std::string stack_name;
  std::string description;
  std::string type;    ///< CREATE, UPDATE
  std::string status;  ///< CREATE_COMPLETE, FAILED, …
  std::string status_reason;
  std::string execution_status;  ///< AVAILABLE, UNAVAILABLE, EXECUTE_COMPLETE, OBSOLETE, …
  SystemTime created{};
  Definition definition;       ///< what the stack is to become; outputs and imports are empty
  boost::json::array changes;  ///< as change_json gives them
  std::string on_failure;
};

boost::json::object to_json(const Resource& resource);
Resource resource_from_json(const boost::json::object& object);
/// Without its resources, which have rows of their own.
boost::json::object to_json(const Stack& stack);
Stack stack_from_json(const boost::json::object& object);
boost::json::object to_json(const ChangeSet& change_set);
ChangeSet change_set_from_json(const boost::json::object& object);

}  // namespace sortie::emulator::cloudformation
