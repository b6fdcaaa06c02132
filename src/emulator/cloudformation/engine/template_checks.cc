#include "emulator/cloudformation/engine/template_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "emulator/cloudformation/resources/resource_type.h"

namespace sortie::emulator::cloudformation {

AwsResult<void> check_resource_types(const Template& whole) {
  std::vector<std::string> unknown;
  for (const ResourceDeclaration& resource : whole.resources) {
    const bool listed = std::ranges::find(unknown, resource.type) != unknown.end();
    if (!is_aws_resource_type(resource.type) && !listed) unknown.push_back(resource.type);
  }
  if (unknown.empty()) return {};
  return invalid(fmt::format("Template format error: Unrecognized resource types: [{}]", fmt::join(unknown, ", ")));
}

NeededCapabilities needed_capabilities(const Template& whole) {
  NeededCapabilities needed;
  bool named = false;
  for (const ResourceDeclaration& resource : whole.resources) {
    const ResourceType* type = find_resource_type(resource.type);
    if (type == nullptr || !type->iam) continue;
    if (std::ranges::find(needed.types, resource.type) == needed.types.end()) needed.types.push_back(resource.type);
    named = named || (!type->name_property.empty() && resource.properties.contains(type->name_property));
  }
  if (!needed.types.empty()) needed.capabilities.emplace_back(named ? "CAPABILITY_NAMED_IAM" : "CAPABILITY_IAM");
  if (!whole.transforms.empty()) needed.capabilities.emplace_back("CAPABILITY_AUTO_EXPAND");
  return needed;
}

AwsResult<void> check_capabilities(const Template& whole, const std::vector<std::string>& given, bool for_change_set) {
  const auto has = [&](std::string_view name) { return std::ranges::find(given, name) != given.end(); };
  std::vector<std::string> missing;
  for (const std::string& needed : needed_capabilities(whole).capabilities) {
    const bool there = has(needed) || (needed == "CAPABILITY_IAM" && has("CAPABILITY_NAMED_IAM")) ||
                       (needed == "CAPABILITY_AUTO_EXPAND" && for_change_set);
    if (!there) missing.push_back(needed);
  }
  if (missing.empty()) return {};
  return aws_fail(400, "InsufficientCapabilitiesException",
                  fmt::format("Requires capabilities : [{}]", fmt::join(missing, ", ")));
}

AwsResult<void> check_allowed_types(const Template& whole, const std::vector<std::string>& allowed) {
  for (const ResourceDeclaration& resource : whole.resources) {
    const bool listed = allowed.empty() || std::ranges::any_of(allowed, [&](const std::string& type) {
                          return type == resource.type ||
                                 (type.ends_with("*") && resource.type.starts_with(type.substr(0, type.size() - 1)));
                        });
    if (!listed)
      return invalid(fmt::format("Resource type {} is not allowed by parameter ResourceTypes", resource.type));
  }
  return {};
}

}  // namespace sortie::emulator::cloudformation
