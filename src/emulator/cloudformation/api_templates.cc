#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "emulator/cloudformation/changes.h"
#include "emulator/cloudformation/service.h"

/// Operations on templates.
namespace sortie::emulator::cloudformation {
namespace {

void write_capabilities(wire::XmlWriter& xml, const Template& whole) {
  const NeededCapabilities needed = needed_capabilities(whole);
  if (needed.capabilities.empty()) return;
  write_texts(xml, "Capabilities", needed.capabilities);
  const std::string types = fmt::format("{}", fmt::join(needed.types, ", "));
  xml.element("CapabilitiesReason", fmt::format("The following resource(s) require capabilities: [{}]", types));
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
  };
  const auto found = std::ranges::find(k_identifiers, type, &Identifiers::first);
  return found == k_identifiers.end() ? std::vector<std::string>() : found->second;
}

}  // namespace

Service::Answer Service::validate_template(const Request& request) {
  RETURN_IF_ERROR(authorize(request.call, "ValidateTemplate", "*"));
  if (!request.template_text) return invalid("Either Template URL or Template Body must be specified.");
  ASSIGN_OR_RETURN(const Template whole, load_template(*request.template_text));
  RETURN_IF_ERROR(check_resource_types(whole));
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

Service::Answer Service::get_template(const Request& request) {
  std::string body;
  if (request.input.contains("ChangeSetName")) {
    ASSIGN_OR_RETURN(const ChangeSet* change_set, find_change_set(request, "GetTemplate"));
    body = change_set->definition.template_body;
  } else {
    ASSIGN_OR_RETURN(const Stack* stack, allowed_stack(request, "GetTemplate", "Stack with id {} does not exist"));
    body = stack->now.template_body;
  }
  wire::XmlWriter xml(false);
  xml.element("TemplateBody", body);
  write_texts(xml, "StagesAvailable", {"Original", "Processed"});
  return xml.finish();
}

Service::Answer Service::get_template_summary(const Request& request) {
  std::string text;
  ParameterTexts parameters;
  if (request.template_text) {
    RETURN_IF_ERROR(authorize(request.call, "GetTemplateSummary", "*"));
    text = *request.template_text;
  } else if (request.input.contains("StackName")) {
    ASSIGN_OR_RETURN(const Stack* stack,
                     allowed_stack(request, "GetTemplateSummary", "Stack with id {} does not exist"));
    text = stack->now.template_body;
    parameters = stack->now.parameters;
  } else {
    return invalid("Either StackName or TemplateBody or TemplateURL must be specified.");
  }
  ASSIGN_OR_RETURN(const Template whole, load_template(text, parameters));
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
  std::vector<std::string> types;
  std::map<std::string, std::vector<std::string>> by_type;
  for (const ResourceDeclaration& resource : whole.resources) {
    if (!by_type.contains(resource.type)) types.push_back(resource.type);
    by_type[resource.type].push_back(resource.logical_id);
  }
  write_texts(xml, "ResourceTypes", types);
  element_if(xml, "Version", whole.version);
  if (!whole.metadata.empty()) xml.element("Metadata", boost::json::serialize(whole.metadata));
  write_transforms(xml, whole);
  xml.open("ResourceIdentifierSummaries");
  for (const std::string& type : types) {
    const auto identifiers = identifiers_of(type);
    if (identifiers.empty()) continue;
    xml.open("member").element("ResourceType", type);
    write_texts(xml, "LogicalResourceIds", by_type[type]);
    write_texts(xml, "ResourceIdentifiers", identifiers);
    xml.close();
  }
  return xml.finish();
}

}  // namespace sortie::emulator::cloudformation
