#pragma once

#include <boost/json/array.hpp>
#include <functional>
#include <optional>
#include <string>

#include "emulator/cloudformation/resources/resource_type.h"
#include "emulator/cloudformation/stack/stack.h"
#include "emulator/cloudformation/template/evaluate.h"

/// What a template would do to a stack, found out without doing it.
namespace sortie::emulator::cloudformation {

inline constexpr std::string_view k_no_changes =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

struct Preview {
  /// One object for each resource that is added, changed or removed, with the members of a change set's ResourceChange.
  boost::json::array changes;
  bool outputs_changed = false;
  [[nodiscard]] bool empty() const { return changes.empty() && !outputs_changed; }
};

/// Evaluates everything with what is known before anything is made, so that mistakes are found before an operation
/// begins: ValidationError in AWS's words. `stack` is as it stands; without resources everything is added.
/// `find_export` gives the value behind an export; an export that is not there is not a mistake yet.
AwsResult<Preview> preview(const Stack& stack, const Definition& next, const Template& whole, const StackFacts& facts,
                           const std::function<std::optional<std::string>(const std::string&)>& find_export);

/// Whether DeletionPolicy or UpdateReplacePolicy are others than what the resource was made with.
bool policies_differ(const Resource& resource, const ResourceDeclaration& declaration);

/// True when the two differ in a property that cannot be changed in place.
bool needs_replacement(const ResourceType& type, const std::vector<std::string>& changed);

/// The resource's attribute does not exist: ValidationError.
AwsResult<void> check_attribute(const ResourceDeclaration& resource, const std::string& attribute);

}  // namespace sortie::emulator::cloudformation
