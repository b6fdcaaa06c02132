#include "emulator/cloudformation/api/operation.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/number.h"
#include "emulator/cloudformation/template/read_template.h"
#include "emulator/cloudformation/template/template_text.h"
#include "wire/arn.h"

namespace sortie::emulator::cloudformation {
namespace {

constexpr std::size_t k_page = 100;

bool is_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !name.empty() && letter(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

}  // namespace

AwsResult<void> Operation::allow(std::string_view action, std::string resource, ContextKeys context) const {
  AuthorizationRequest request;
  request.action = fmt::format("cloudformation:{}", action);
  request.resource = std::move(resource);
  request.context = std::move(context);
  return authorizer.authorize(call, request);
}

std::string Operation::stack_arn(std::string_view name, std::string_view id) const {
  return fmt::format("arn:{}:cloudformation:{}:{}:stack/{}/{}", wire::partition_of(call.region), call.region, account,
                     name, id);
}

AwsResult<Stack*> Operation::allowed_stack(std::string_view action, std::string_view missing) const {
  const std::string name = text("StackName");
  RETURN_IF_ERROR(check_name(name, "stackName", true));
  Stack* stack = stacks().find(call.region, name);
  const std::string resource = stack != nullptr ? stack->id : name.starts_with("arn:") ? name : stack_arn(name, "*");
  RETURN_IF_ERROR(allow(action, resource));
  if (stack == nullptr) return invalid(fmt::format(fmt::runtime(missing), name));
  return stack;
}

AwsResult<ChangeSet*> Operation::allowed_change_set(std::string_view action) const {
  const std::string name = text("ChangeSetName");
  RETURN_IF_ERROR(check_name(name, "changeSetName", true));
  const auto missing = [&] {
    return aws_fail(404, "ChangeSetNotFound", fmt::format("ChangeSet [{}] does not exist", name));
  };
  if (name.starts_with("arn:")) {
    ChangeSet* change_set = stacks().find_change_set(name);
    RETURN_IF_ERROR(allow(action, change_set != nullptr ? change_set->stack_id : std::string("*"),
                          {{"cloudformation:ChangeSetName", change_set != nullptr ? change_set->name : name}}));
    if (change_set == nullptr) return missing();
    return change_set;
  }
  if (!input.contains("StackName"))
    return invalid("StackName must be specified if ChangeSetName is not specified as an ARN.");
  const std::string stack_name = text("StackName");
  const Stack* stack = stacks().find(call.region, stack_name);
  RETURN_IF_ERROR(allow(action, stack != nullptr ? stack->id : stack_arn(stack_name, "*"),
                        {{"cloudformation:ChangeSetName", name}}));
  if (stack == nullptr) return invalid(fmt::format("Stack [{}] does not exist", stack_name));
  ChangeSet* change_set = stacks().find_change_set(stack->id, name);
  if (change_set == nullptr) return missing();
  return change_set;
}

AwsResult<Caller> Operation::allowed_caller(const std::string& role_arn) const {
  if (input.contains("RoleARN")) {
    AuthorizationRequest request;
    request.action = "iam:PassRole";
    request.resource = role_arn;
    request.context = {{"iam:PassedToService", "cloudformation.amazonaws.com"}};
    RETURN_IF_ERROR(authorizer.authorize(call, request));
  }
  return engine.caller_for(call, role_arn);
}

AwsResult<void> check_name(std::string_view value, std::string_view member, bool arn_too) {
  const auto refuse = [&](std::string_view constraint) {
    return invalid(fmt::format("1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: {}",
                               value, member, constraint));
  };
  if (value.empty()) return refuse("Member must have length greater than or equal to 1");
  if (arn_too && value.starts_with("arn:")) return {};
  if (!is_name(value)) {
    return refuse("Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*");
  }
  if (value.size() > 128) return refuse("Member must have length less than or equal to 128");
  return {};
}

void write_texts(wire::XmlWriter& xml, std::string_view name, const std::vector<std::string>& texts) {
  xml.open(name);
  for (const std::string& text : texts) xml.element("member", text);
  xml.close();
}

void write_tags(wire::XmlWriter& xml, const Tags& tags) {
  xml.open("Tags");
  for (const auto& [key, value] : tags) xml.open("member").element("Key", key).element("Value", value).close();
  xml.close();
}

void write_parameters(wire::XmlWriter& xml, const Definition& definition) {
  if (definition.parameters.empty()) return;
  // Also before macros have run: what is not to be shown is not.
  const auto document = parse_template_text(definition.body());
  const auto declarations = document ? read_declarations(*document) : std::unexpected(document.error());
  xml.open("Parameters");
  for (const auto& [key, value] : definition.parameters) {
    xml.open("member").element("ParameterKey", key);
    xml.element("ParameterValue", declarations ? shown_parameter(*declarations, key, value) : value);
    if (const auto stored = definition.stored.find(key); stored != definition.stored.end()) {
      xml.element("ResolvedValue", declarations ? shown_parameter(*declarations, key, stored->second) : stored->second);
    }
    xml.close();
  }
  xml.close();
}

void element_if(wire::XmlWriter& xml, std::string_view name, const std::string& text) {
  if (!text.empty()) xml.element(name, text);
}

AwsResult<ListPage> page_of(const wire::QueryInput& input, std::size_t count) {
  ListPage page{0, count, {}};
  if (const auto token = input.get("NextToken")) {
    const auto parsed = parse_number<std::size_t>(*token);
    if (!parsed || *parsed > count) return invalid("Invalid NextToken");
    page.begin = *parsed;
  }
  page.end = std::min(count, page.begin + k_page);
  if (page.end < count) page.next = std::to_string(page.end);
  return page;
}

}  // namespace sortie::emulator::cloudformation
