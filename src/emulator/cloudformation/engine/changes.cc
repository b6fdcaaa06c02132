#include "emulator/cloudformation/engine/changes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "emulator/cloudformation/engine/stored_parameters.h"
#include "emulator/cloudformation/template/read_template.h"
#include "emulator/cloudformation/template/references.h"
#include "emulator/cloudformation/template/values.h"

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

bool is_there(const Resource* resource) {
  return resource != nullptr && resource->exists;
}

/// AWS's order of changes: by logical id, one that another begins with after it (`BucketPolicy`, `Bucket`).
bool comes_before(const json::value& a, const json::value& b) {
  constexpr char k_after_letters = '~';
  const auto key = [](const json::value& change) {
    return std::string(change.as_object().at("LogicalResourceId").as_string()) + k_after_letters;
  };
  return key(a) < key(b);
}

/// A property's value as a change set shows it.
std::string shown_value(const json::value& value) {
  return scalar_text(value).value_or(json::serialize(value));
}

/// What changes at one property, with its values.
json::object target_of(const std::string& name, const json::value* before, const json::value* after,
                       std::string_view recreation) {
  const bool tags = name == "Tags";
  json::object target{{"Attribute", tags ? "Tags" : "Properties"},
                      {"RequiresRecreation", recreation},
                      {"Path", "/Properties/" + name},
                      {"AttributeChangeType", before == nullptr  ? "Add"
                                              : after == nullptr ? "Remove"
                                                                 : "Modify"}};
  if (!tags) target["Name"] = name;
  if (before != nullptr) target["BeforeValue"] = shown_value(*before);
  if (after != nullptr) target["AfterValue"] = shown_value(*after);
  return target;
}

AwsResult<json::value> not_known_yet() {
  return json::string(k_known_after_apply);
}

/// Walks through a template in the order of creation and compares it with what the stack has.
class Comparison {
 public:
  Comparison(const Stack& stack, const Definition& next, const Template& whole, const StackFacts& facts,
             const std::function<std::optional<std::string>(const std::string&)>& find_export)
      : stack_(stack),
        next_(next),
        whole_(whole),
        facts_(facts),
        evaluator_(
            whole, next.values(), facts,
            {.resource = [this](const std::string& id, const std::string& attribute) { return look_up(id, attribute); },
             .import = [&find_export](const std::string& name) -> AwsResult<std::string> {
               return find_export(name).value_or(std::string(k_known_after_apply));
             }}) {
    if (!stack.now.template_body.empty()) {
      if (auto before = load_template(stack.now.body(), stack.now.values())) before_ = std::move(*before);
    }
  }

  AwsResult<Preview> run() {
    RETURN_IF_ERROR(evaluator_.evaluate_conditions());
    Preview preview;
    for (const std::string& id : creation_order(whole_)) {
      const ResourceDeclaration& declaration = *whole_.find_resource(id);
      if (!evaluator_.condition(declaration.condition)) continue;
      wanted_.insert(id);
      ASSIGN_OR_RETURN(json::object change, compare(declaration));
      if (!change.empty()) preview.changes.push_back(std::move(change));
    }
    for (const Resource& resource : stack_.resources) {
      if (resource.exists && !wanted_.contains(resource.logical_id)) preview.changes.push_back(removal(resource));
    }
    std::ranges::sort(preview.changes, comes_before);
    block_ = "Outputs";
    ASSIGN_OR_RETURN(preview.outputs_changed, outputs_differ());
    return preview;
  }

 private:
  AwsResult<json::value> look_up(const std::string& id, const std::string& attribute) {
    if (!is_wanted(id)) return unresolved(id);
    const ResourceDeclaration* declaration = whole_.find_resource(id);
    if (!attribute.empty()) RETURN_IF_ERROR(check_attribute(*declaration, attribute));
    const Resource* resource = stack_.find(id);
    if (!is_there(resource) || unknown_.contains(id)) return json::string(k_known_after_apply);
    if (attribute.empty()) return json::string(resource->physical_id);
    const json::value* value = resource->attributes.if_contains(attribute);
    return value == nullptr ? json::value(json::string(k_known_after_apply)) : *value;
  }

  [[nodiscard]] bool is_wanted(const std::string& id) const {
    const ResourceDeclaration* declaration = whole_.find_resource(id);
    return declaration != nullptr && evaluator_.condition(declaration->condition);
  }

  [[nodiscard]] std::unexpected<AwsError> unresolved(const std::string& id) const {
    return invalid(fmt::format(
        "Template format error: Unresolved resource dependencies [{}] in the {} block of the template", id, block_));
  }

  AwsResult<json::object> compare(const ResourceDeclaration& declaration) {
    for (const std::string& id : declaration.depends_on) {
      if (!is_wanted(id)) return unresolved(id);
    }
    ASSIGN_OR_RETURN(json::value evaluated, evaluator_.evaluate(declaration.properties));
    Properties properties = std::move(evaluated.as_object());
    RETURN_IF_ERROR(check_secure_references(declaration.type, properties));
    const ResourceType* type = find_resource_type(declaration.type);
    if (type != nullptr) add_stack_tags(*type, next_.tags, properties);
    const Resource* resource = stack_.find(declaration.logical_id);
    if (is_there(resource)) properties = with_references(properties, resource->references).as_object();
    if (!is_there(resource)) {
      unknown_.insert(declaration.logical_id);
      return addition(declaration, properties);
    }
    if (resource->type != declaration.type) {
      return invalid(
          fmt::format("Update of resource type is not permitted. The new template modifies resource type of the "
                      "following resources: [{}]",
                      declaration.logical_id));
    }
    if (type != nullptr) {
      // What cannot be shaped is found out when it is tried: then as AWS says it, in an event.
      if (auto shaped = shape_properties(*type, properties)) properties = std::move(*shaped);
    }
    ASSIGN_OR_RETURN(const json::value metadata, evaluator_.evaluate(declaration.metadata));
    const auto changed = changed_properties(resource->properties, properties);
    const bool metadata_changed = !same_value(metadata, resource->metadata);
    if (changed.empty() && !metadata_changed && !policies_differ(*resource, declaration)) return json::object();
    return modification(declaration, *resource, type, properties, changed, metadata_changed);
  }

  static json::object addition(const ResourceDeclaration& declaration, const Properties& properties) {
    return {{"Action", "Add"},
            {"LogicalResourceId", declaration.logical_id},
            {"ResourceType", declaration.type},
            {"Scope", json::array()},
            {"Details", json::array()},
            {"AfterContext", json::serialize(json::object{{"Properties", properties}})}};
  }

  /// What the template had for the resource, without what comes from other resources: they may be going as well.
  Properties written_before(const Resource& resource) {
    const ResourceDeclaration* declaration = before_.find_resource(resource.logical_id);
    if (declaration == nullptr) return resource.properties;
    Evaluator evaluator(before_, stack_.now.values(), facts_,
                        {.resource = [](const std::string&, const std::string&) { return not_known_yet(); },
                         .import = [](const std::string&) { return std::string(k_known_after_apply); }});
    if (!evaluator.evaluate_conditions()) return resource.properties;
    const auto properties = evaluator.evaluate(declaration->properties);
    return properties && properties->is_object() ? properties->get_object() : resource.properties;
  }

  json::object removal(const Resource& resource) {
    const bool kept = resource.deletion_policy == "Retain" || resource.deletion_policy == "RetainExceptOnCreate";
    return {{"Action", "Remove"},
            {"LogicalResourceId", resource.logical_id},
            {"PhysicalResourceId", resource.physical_id},
            {"ResourceType", resource.type},
            {"PolicyAction", kept ? "Retain" : "Delete"},
            {"Scope", json::array()},
            {"Details", json::array()},
            {"BeforeContext", json::serialize(json::object{{"Properties", written_before(resource)}})}};
  }

  /// What changes in one resource, so far.
  struct Modification {
    json::array details;
    std::set<std::string> scope;
    bool replaces = false;
    bool may_replace = false;  ///< that depends on a value which is known only afterwards
  };

  void add_property(Modification& change, const ResourceDeclaration& declaration, const Resource& resource,
                    const Property* property, const Properties& properties, const std::string& name) {
    const bool replaces = property != nullptr && property->change == Property::Change::replaces;
    const json::value* after = properties.if_contains(name);
    const bool dynamic = after != nullptr && has_unknown(*after);
    change.scope.insert(name == "Tags" ? "Tags" : "Properties");
    change.replaces = change.replaces || (replaces && !dynamic);
    change.may_replace = change.may_replace || (replaces && dynamic);
    const json::object target = target_of(name, resource.properties.if_contains(name), after,
                                          !replaces ? "Never"
                                          : dynamic ? "Conditionally"
                                                    : "Always");
    for (json::object& cause : causes(declaration, name, dynamic)) {
      cause["Target"] = target;
      change.details.push_back(std::move(cause));
    }
  }

  static void add_attribute(Modification& change, const char* attribute) {
    change.scope.insert(attribute);
    change.details.push_back(
        json::object{{"Target", json::object{{"Attribute", attribute}, {"RequiresRecreation", "Never"}}},
                     {"Evaluation", "Static"},
                     {"ChangeSource", "DirectModification"}});
  }

  json::object modification(const ResourceDeclaration& declaration, const Resource& resource, const ResourceType* type,
                            const Properties& properties, const std::vector<std::string>& changed,
                            bool metadata_changed) {
    Modification found;
    for (const std::string& name : changed) {
      const Property* property = type == nullptr ? nullptr : type->find_property(name);
      add_property(found, declaration, resource, property, properties, name);
    }
    if (metadata_changed) add_attribute(found, "Metadata");
    if (resource.deletion_policy != declaration.deletion_policy) add_attribute(found, "DeletionPolicy");
    if (resource.update_replace_policy != declaration.update_replace_policy) {
      add_attribute(found, "UpdateReplacePolicy");
    }
    json::array scopes(found.scope.begin(), found.scope.end());
    json::object change{{"Action", "Modify"},
                        {"LogicalResourceId", declaration.logical_id},
                        {"PhysicalResourceId", resource.physical_id},
                        {"ResourceType", declaration.type},
                        {"Replacement", found.replaces      ? "True"
                                        : found.may_replace ? "Conditional"
                                                            : "False"},
                        {"Scope", std::move(scopes)},
                        {"Details", std::move(found.details)},
                        {"BeforeContext", json::serialize(json::object{{"Properties", resource.properties}})},
                        {"AfterContext", json::serialize(json::object{{"Properties", properties}})}};
    if (found.replaces || found.may_replace) {
      unknown_.insert(declaration.logical_id);
      change["PolicyAction"] = declaration.update_replace_policy == "Retain" ? "ReplaceAndRetain" : "ReplaceAndDelete";
    }
    return change;
  }

  /// Why a property changes: its text in the template, parameters that it names, resources that it refers to.
  std::vector<json::object> causes(const ResourceDeclaration& declaration, const std::string& name, bool dynamic) {
    const auto detail = [](const char* evaluation, const char* source, const std::string& entity) {
      json::object cause{{"Evaluation", evaluation}, {"ChangeSource", source}};
      if (!entity.empty()) cause["CausingEntity"] = entity;
      return cause;
    };
    std::vector<json::object> found;
    const json::value* expression = declaration.properties.if_contains(name);
    const ResourceDeclaration* before = before_.find_resource(declaration.logical_id);
    const json::value* old_expression = before == nullptr ? nullptr : before->properties.if_contains(name);
    const bool rewritten =
        expression == nullptr || old_expression == nullptr || !same_value(*expression, *old_expression);
    const auto references = expression == nullptr ? AwsResult<std::vector<Reference>>() : find_references(*expression);
    if (references) {
      for (const Reference& reference : *references) {
        if (whole_.find_parameter(reference.name) != nullptr && parameter_changed(reference.name)) {
          found.push_back(detail("Static", "ParameterReference", reference.name));
        } else if (unknown_.contains(reference.name)) {
          const bool attribute = !reference.attribute.empty();
          found.push_back(detail("Dynamic", attribute ? "ResourceAttribute" : "ResourceReference",
                                 attribute ? reference.name + "." + reference.attribute : reference.name));
        }
      }
    }
    if (rewritten || found.empty()) {
      found.push_back(detail(dynamic ? "Dynamic" : "Static", "DirectModification", {}));
    } else {
      found.push_back(detail("Dynamic", "DirectModification", {}));
    }
    return found;
  }

  [[nodiscard]] bool parameter_changed(const std::string& name) const {
    const auto olds = stack_.now.values();
    const auto news = next_.values();
    const auto before = olds.find(name);
    const auto after = news.find(name);
    return before == olds.end() || after == news.end() || before->second != after->second;
  }

  AwsResult<bool> outputs_differ() {
    std::vector<Output> outputs;
    bool unknown = false;
    for (const OutputDeclaration& declaration : whole_.outputs) {
      if (!evaluator_.condition(declaration.condition)) continue;
      ASSIGN_OR_RETURN(const json::value value, evaluator_.evaluate(declaration.value));
      ASSIGN_OR_RETURN(const json::value exported, evaluator_.evaluate(declaration.export_name));
      unknown = unknown || has_unknown(value) || has_unknown(exported);
      const auto text = scalar_text(value);
      if (!text) {
        return invalid(
            fmt::format("Template format error: The Value field of every Outputs member must evaluate to a String. "
                        "({})",
                        declaration.name));
      }
      outputs.push_back({declaration.name, *text, declaration.description, scalar_text(exported).value_or("")});
    }
    if (unknown || outputs.size() != stack_.now.outputs.size())
      return unknown || !outputs.empty() || !stack_.now.outputs.empty();
    for (const Output& output : outputs) {
      const bool same = std::ranges::any_of(stack_.now.outputs, [&](const Output& old) {
        return old.key == output.key && old.value == output.value && old.description == output.description &&
               old.export_name == output.export_name;
      });
      if (!same) return true;
    }
    return false;
  }

  const Stack& stack_;
  const Definition& next_;
  const Template& whole_;
  const StackFacts& facts_;
  std::string_view block_ = "Resources";  ///< of the template, being looked at
  Template before_;
  Evaluator evaluator_;
  std::set<std::string> unknown_;  ///< added or replaced: what they are called is not known
  std::set<std::string> wanted_;
};

}  // namespace

AwsResult<Preview> preview(const Stack& stack, const Definition& next, const Template& whole, const StackFacts& facts,
                           const std::function<std::optional<std::string>(const std::string&)>& find_export) {
  return Comparison(stack, next, whole, facts, find_export).run();
}

bool policies_differ(const Resource& resource, const ResourceDeclaration& declaration) {
  return resource.deletion_policy != declaration.deletion_policy ||
         resource.update_replace_policy != declaration.update_replace_policy;
}

bool needs_replacement(const ResourceType& type, const std::vector<std::string>& changed) {
  return std::ranges::any_of(changed, [&](const std::string& name) {
    const Property* property = type.find_property(name);
    return property != nullptr && property->change == Property::Change::replaces;
  });
}

AwsResult<void> check_attribute(const ResourceDeclaration& resource, const std::string& attribute) {
  const ResourceType* type = find_resource_type(resource.type);
  if (type == nullptr || type->open || std::ranges::find(type->attributes, attribute) != type->attributes.end())
    return {};
  return invalid(fmt::format("Template error: resource {} does not support attribute type {} in Fn::GetAtt",
                             resource.logical_id, attribute));
}

}  // namespace sortie::emulator::cloudformation
