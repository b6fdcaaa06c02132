#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "emulator/cloudformation/api/operation.h"
#include "emulator/cloudformation/engine/template_checks.h"
#include "emulator/cloudformation/template/macros.h"
#include "emulator/cloudformation/template/read_template.h"
#include "emulator/cloudformation/template/template_text.h"

/// Operations on templates.
namespace sortie::emulator::cloudformation {
namespace {

void write_capabilities(wire::XmlWriter& xml, const Template& whole) {
  const NeededCapabilities needed = needed_capabilities(whole);
  if (needed.capabilities.empty()) return;
  write_texts(xml, "Capabilities", needed.capabilities);
  std::vector<std::string> causes = needed.types;
  causes.insert(causes.end(), whole.transforms.begin(), whole.transforms.end());
  const std::string names = fmt::format("{}", fmt::join(causes, ", "));
  xml.element("CapabilitiesReason", fmt::format("The following resource(s) require capabilities: [{}]", names));
}

/// A template as far as it can be read without running its macros.
struct Readable {
  Template whole;
  bool has_macros = false;  ///< what resources it makes is not known
};

AwsResult<Readable> read_as_it_is(const std::string& text, const ParameterTexts& parameters = {}) {
  ASSIGN_OR_RETURN(const auto document, parse_template_text(text));
  Readable readable;
  readable.has_macros = uses_macros(document);
  if (!readable.has_macros) {
    ASSIGN_OR_RETURN(readable.whole, load_template(text, parameters));
    return readable;
  }
  ASSIGN_OR_RETURN(readable.whole, read_declarations(document));
  ASSIGN_OR_RETURN(const auto transforms, find_transforms(document));
  readable.whole.transforms = transform_names(transforms);
  return readable;
}

AwsResult<bool> wants_original(const wire::QueryInput& input) {
  const auto stage = input.get_or("TemplateStage", "Processed");
  if (stage == "Original" || stage == "Processed") return stage == "Original";
  return invalid(fmt::format(
      "1 validation error detected: Value '{}' at 'templateStage' failed to satisfy constraint: Member must "
      "satisfy enum value set: [Original, Processed]",
      stage));
}

void write_transforms(wire::XmlWriter& xml, const Template& whole) {
  if (!whole.transforms.empty()) write_texts(xml, "DeclaredTransforms", whole.transforms);
}

/// What an existing resource is imported by.
std::vector<std::string> identifiers_of(std::string_view type) {
  using Identifiers = std::pair<std::string_view, std::vector<std::string>>;
  static const std::vector<Identifiers> k_identifiers = {
      {"AWS::S3::Bucket", {"BucketName"}},
      {"AWS::S3::BucketPolicy", {"Bucket"}},
      {"AWS::IAM::Role", {"RoleName"}},
      {"AWS::IAM::User", {"UserName"}},
      {"AWS::IAM::Group", {"GroupName"}},
      {"AWS::IAM::InstanceProfile", {"InstanceProfileName"}},
      {"AWS::IAM::ManagedPolicy", {"PolicyArn"}},
      {"AWS::Lambda::Function", {"FunctionName"}},
      {"AWS::Lambda::Version", {"FunctionArn"}},
      {"AWS::Lambda::Alias", {"AliasArn"}},
      {"AWS::Lambda::Permission", {"FunctionName", "Id"}},
      {"AWS::Lambda::LayerVersion", {"LayerVersionArn"}},
      {"AWS::Logs::LogGroup", {"LogGroupName"}},
      {"AWS::Logs::LogStream", {"LogGroupName", "LogStreamName"}},
      {"AWS::SSM::Parameter", {"Name"}},
  };
  const auto found = std::ranges::find(k_identifiers, type, &Identifiers::first);
  return found == k_identifiers.end() ? std::vector<std::string>() : found->second;
}

void write_resource_types(wire::XmlWriter& xml, const Template& whole) {
  std::vector<std::string> types;
  std::map<std::string, std::vector<std::string>> by_type;
  for (const ResourceDeclaration& resource : whole.resources) {
    if (!by_type.contains(resource.type)) types.push_back(resource.type);
    by_type[resource.type].push_back(resource.logical_id);
  }
  write_texts(xml, "ResourceTypes", types);
  xml.open("ResourceIdentifierSummaries");
  for (const std::string& type : types) {
    const auto identifiers = identifiers_of(type);
    if (identifiers.empty()) continue;
    xml.open("member").element("ResourceType", type);
    write_texts(xml, "LogicalResourceIds", by_type[type]);
    write_texts(xml, "ResourceIdentifiers", identifiers);
    xml.close();
  }
  xml.close();
}

AwsResult<std::string> validate_template(Operation& operation) {
  RETURN_IF_ERROR(operation.allow("ValidateTemplate", "*"));
  if (!operation.documents.template_text) return invalid("Either Template URL or Template Body must be specified.");
  ASSIGN_OR_RETURN(const Readable readable, read_as_it_is(*operation.documents.template_text));
  const Template& whole = readable.whole;
  if (!readable.has_macros) RETURN_IF_ERROR(check_resource_types(whole));
  wire::XmlWriter xml(false);
  xml.open("Parameters");
  for (const ParameterDeclaration& parameter : whole.parameters) {
    xml.open("member").element("ParameterKey", parameter.name);
    if (parameter.default_value) xml.element("DefaultValue", *parameter.default_value);
    xml.element("NoEcho", parameter.no_echo);
    element_if(xml, "Description", parameter.description);
    xml.close();
  }
  xml.close();
  element_if(xml, "Description", whole.description);
  write_capabilities(xml, whole);
  write_transforms(xml, whole);
  return xml.finish();
}

AwsResult<std::string> get_template(Operation& operation) {
  const Definition* definition = nullptr;
  std::vector<std::string> stages{"Original", "Processed"};
  if (operation.input.contains("ChangeSetName")) {
    ASSIGN_OR_RETURN(const ChangeSet* change_set, operation.allowed_change_set("GetTemplate"));
    definition = &change_set->definition;
    if (change_set->status == "CREATE_IN_PROGRESS") stages.pop_back();
  } else {
    ASSIGN_OR_RETURN(const Stack* stack, operation.allowed_stack("GetTemplate", "Stack with id {} does not exist"));
    definition = &stack->now;
  }
  ASSIGN_OR_RETURN(const bool original, wants_original(operation.input));
  wire::XmlWriter xml(false);
  xml.element("TemplateBody", original ? definition->template_body : definition->body());
  write_texts(xml, "StagesAvailable", stages);
  return xml.finish();
}

AwsResult<std::string> get_template_summary(Operation& operation) {
  Readable readable;
  if (operation.documents.template_text) {
    RETURN_IF_ERROR(operation.allow("GetTemplateSummary", "*"));
    ASSIGN_OR_RETURN(readable, read_as_it_is(*operation.documents.template_text));
  } else if (operation.input.contains("StackName")) {
    ASSIGN_OR_RETURN(const Stack* stack,
                     operation.allowed_stack("GetTemplateSummary", "Stack with id {} does not exist"));
    const Definition& now = stack->now;
    ASSIGN_OR_RETURN(readable, read_as_it_is(now.template_body, now.values()));
    // What the macros have made is known.
    if (!now.processed_body.empty()) {
      auto transforms = std::move(readable.whole.transforms);
      ASSIGN_OR_RETURN(readable, read_as_it_is(now.processed_body, now.values()));
      readable.whole.transforms = std::move(transforms);
    }
  } else {
    return invalid("Either StackName or TemplateBody or TemplateURL must be specified.");
  }
  const Template& whole = readable.whole;
  wire::XmlWriter xml(false);
  xml.open("Parameters");
  for (const ParameterDeclaration& parameter : whole.parameters) {
    xml.open("member").element("ParameterKey", parameter.name);
    if (parameter.default_value) xml.element("DefaultValue", *parameter.default_value);
    xml.element("ParameterType", parameter.type).element("NoEcho", parameter.no_echo);
    element_if(xml, "Description", parameter.description);
    xml.open("ParameterConstraints");
    if (!parameter.allowed_values.empty()) write_texts(xml, "AllowedValues", parameter.allowed_values);
    xml.close().close();
  }
  xml.close();
  element_if(xml, "Description", whole.description);
  write_capabilities(xml, whole);
  element_if(xml, "Version", whole.version);
  if (!whole.metadata.empty()) xml.element("Metadata", boost::json::serialize(whole.metadata));
  write_transforms(xml, whole);
  if (!readable.has_macros) write_resource_types(xml, whole);
  return xml.finish();
}

constexpr Row k_operations[] = {
    {"ValidateTemplate", validate_template},
    {"GetTemplate", get_template},
    {"GetTemplateSummary", get_template_summary},
};

}  // namespace

std::span<const Row> template_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::cloudformation
