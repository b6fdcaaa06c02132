#include "emulator/cloudformation/api/definition.h"

#include <fmt/format.h>

#include <algorithm>

#include "emulator/cloudformation/engine/template_checks.h"
#include "emulator/cloudformation/template/macros.h"
#include "emulator/cloudformation/template/read_template.h"
#include "emulator/cloudformation/template/template_text.h"
#include "wire/arn.h"

namespace sortie::emulator::cloudformation {
namespace {

constexpr std::size_t k_max_tags = 50;

/// What is known of the parameters before the template was read.
ParameterTexts texts_of(const std::vector<GivenParameter>& given, const ParameterTexts& previous) {
  ParameterTexts texts;
  for (const GivenParameter& one : given) {
    const auto before = previous.find(one.key);
    if (!one.use_previous) texts[one.key] = one.value;
    if (one.use_previous && before != previous.end()) texts[one.key] = before->second;
  }
  return texts;
}

AwsResult<Tags> read_tags(const wire::QueryInput& input) {
  Tags tags = input.pairs("Tags", "Key", "Value");
  if (tags.size() > k_max_tags) {
    return invalid(
        "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than "
        "or equal to 50");
  }
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const auto& [key, value] = tags[i];
    if (key.empty() || key.size() > 128 || value.size() > 256) {
      return invalid(
          "1 validation error detected: Value at 'tags' failed to satisfy constraint: keys have 1 to 128 characters, "
          "values up to 256");
    }
    if (key.starts_with("aws:")) return invalid("aws: prefixed tag key names are not allowed for external use.");
    const bool twice = std::any_of(tags.begin(), tags.begin() + static_cast<std::ptrdiff_t>(i),
                                   [&key = key](const auto& tag) { return tag.first == key; });
    if (twice) return invalid(fmt::format("Duplicate tag keys found: {}", key));
  }
  return tags;
}

/// cloudformation:CreateChangeSet on each transform that AWS hosts.
AwsResult<void> authorize_transforms(const Operation& operation, const std::vector<std::string>& names) {
  constexpr std::string_view k_hosted = "AWS::";
  for (const std::string& name : names) {
    if (!name.starts_with(k_hosted)) continue;
    RETURN_IF_ERROR(operation.allow(
        "CreateChangeSet",
        fmt::format("arn:{}:cloudformation:{}:aws:transform/{}", wire::partition_of(operation.call.region),
                    operation.call.region, name.substr(k_hosted.size()))));
  }
  return {};
}

AwsResult<std::string> template_body(const Operation& operation, const Definition& before) {
  std::string body;
  if (operation.flag("UsePreviousTemplate")) {
    if (operation.documents.template_text)
      return invalid("Either Template URL or Template Body or UsePreviousTemplate must be specified.");
    body = before.template_body;
  } else if (operation.documents.template_text) {
    body = *operation.documents.template_text;
  }
  if (body.empty()) return invalid("Either Template URL or Template Body must be specified.");
  return body;
}

/// A template whose macros have not run.
AwsResult<Reading> read_unprocessed(const Operation& operation, const boost::json::object& document,
                                    const ParameterTexts& previous, const StackFacts& facts) {
  Reading reading;
  ASSIGN_OR_RETURN(reading.whole, read_declarations(document));
  ASSIGN_OR_RETURN(const auto transforms, find_transforms(document));
  reading.whole.transforms = transform_names(transforms);
  ASSIGN_OR_RETURN(reading.definition.parameters,
                   resolve_parameters(reading.whole, read_parameters(operation.input), previous));
  ASSIGN_OR_RETURN(reading.definition.stored, operation.documents.stored);
  for (const Transform& transform : transforms) {
    RETURN_IF_ERROR(resolve_transform(transform, reading.whole, reading.definition.values(), facts));
  }
  reading.unprocessed = {operation.input.list("ResourceTypes"),
                         operation.input.contains("TemplateBody") ? k_max_template_body : k_max_processed};
  return reading;
}

/// A template without macros.
AwsResult<Reading> read_plain(const Operation& operation, const std::string& body, const ParameterTexts& previous) {
  Reading reading;
  const auto given = read_parameters(operation.input);
  ASSIGN_OR_RETURN(reading.whole, load_template(body, texts_of(given, previous)));
  RETURN_IF_ERROR(check_resource_types(reading.whole));
  ASSIGN_OR_RETURN(reading.definition.parameters, resolve_parameters(reading.whole, given, previous));
  ASSIGN_OR_RETURN(reading.definition.stored, operation.documents.stored);
  RETURN_IF_ERROR(check_allowed_types(reading.whole, operation.input.list("ResourceTypes")));
  return reading;
}

}  // namespace

AwsResult<Reading> read_definition(const Operation& operation, const Definition& before, const StackFacts& facts,
                                   bool for_change_set) {
  const wire::QueryInput& input = operation.input;
  ASSIGN_OR_RETURN(std::string body, template_body(operation, before));
  ASSIGN_OR_RETURN(const auto document, parse_template_text(body));
  Reading reading;
  if (uses_macros(document)) {
    ASSIGN_OR_RETURN(reading, read_unprocessed(operation, document, before.parameters, facts));
  } else {
    ASSIGN_OR_RETURN(reading, read_plain(operation, body, before.parameters));
  }
  RETURN_IF_ERROR(authorize_transforms(operation, reading.whole.transforms));
  Definition& next = reading.definition;
  next.template_body = std::move(body);
  next.tags = before.tags;
  if (input.contains("Tags")) {
    ASSIGN_OR_RETURN(next.tags, read_tags(input));
  }
  next.capabilities = input.list("Capabilities");
  RETURN_IF_ERROR(check_capabilities(reading.whole, next.capabilities, for_change_set));
  next.role_arn = input.contains("RoleARN") ? operation.text("RoleARN") : before.role_arn;
  next.description = reading.whole.description;
  return reading;
}

std::vector<GivenParameter> read_parameters(const wire::QueryInput& input) {
  std::vector<GivenParameter> parameters;
  for (const wire::QueryInput& one : input.structures("Parameters")) {
    parameters.push_back({std::string(one.get_or("ParameterKey", "")), std::string(one.get_or("ParameterValue", "")),
                          one.get_or("UsePreviousValue", "") == "true"});
  }
  return parameters;
}

}  // namespace sortie::emulator::cloudformation
