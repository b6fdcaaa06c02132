#include "aws/cloudformation.h"

#include "aws/query_operation.h"
#include "wire/xml.h"

namespace sortie::aws {

namespace {

constexpr ServiceTraits k_traits{"CloudFormation", "cloudformation", "cloudformation", Protocol::query, false};
constexpr std::string_view k_version = "2010-05-15";

Operation stack_operation(std::string_view action, std::string_view stack) {
  wire::QueryForm form(action, k_version);
  form.add("StackName", stack);
  return query_operation(action, std::move(form));
}

/// CloudFormation has no code of its own for a stack that is not there.
Error classified(Error error) {
  if (error.code == "ValidationError" && error.message.find("does not exist") != std::string::npos) {
    error.kind = ErrorKind::not_found;
  }
  return error;
}

StackResource read_resource(const wire::XmlNode& node) {
  return {.logical_id = node.child_text("LogicalResourceId"),
          .physical_id = node.child_text("PhysicalResourceId"),
          .type = node.child_text("ResourceType"),
          .status = node.child_text("ResourceStatus"),
          .status_reason = node.child_text("ResourceStatusReason")};
}

/// The members of `list` in the answer's result element.
Task<Result<std::vector<StackResource>>> read_resources(Client& client, std::string action, std::string stack,
                                                        std::string list) {
  const auto reply = co_await client.call(stack_operation(action, stack));
  if (!reply) co_return std::unexpected(classified(reply.error()));
  ASSIGN_OR_CO_RETURN(const auto document, wire::XmlDocument::parse(reply->body));
  std::vector<StackResource> resources;
  for (const auto& node : document.root().child(action + "Result").child(list).children("member")) {
    resources.push_back(read_resource(node));
  }
  co_return resources;
}

}  // namespace

CloudFormation::CloudFormation(ClientConfig config) : client_(std::move(config), k_traits) {}

Task<Result<std::string>> CloudFormation::create_stack(CreateStackRequest request) {
  wire::QueryForm form("CreateStack", k_version);
  form.add("StackName", request.name).add("TemplateBody", request.template_body);
  for (std::size_t i = 0; i < request.capabilities.size(); ++i) {
    form.add("Capabilities.member." + std::to_string(i + 1), request.capabilities[i]);
  }
  if (!request.on_failure.empty()) form.add("OnFailure", request.on_failure);
  ASSIGN_OR_CO_RETURN(const auto reply, co_await client_.call(query_operation("CreateStack", std::move(form))));
  ASSIGN_OR_CO_RETURN(const auto document, wire::XmlDocument::parse(reply.body));
  co_return document.root().child("CreateStackResult").child_text("StackId");
}

Task<Result<Stack>> CloudFormation::describe_stack(std::string stack) {
  const auto reply = co_await client_.call(stack_operation("DescribeStacks", stack));
  if (!reply) co_return std::unexpected(classified(reply.error()));
  ASSIGN_OR_CO_RETURN(const auto document, wire::XmlDocument::parse(reply->body));
  const auto node = document.root().child("DescribeStacksResult").child("Stacks").child("member");
  if (!node) co_return fail(ErrorKind::not_found, "there is no stack " + stack);
  Stack found{.id = node.child_text("StackId"),
              .name = node.child_text("StackName"),
              .status = node.child_text("StackStatus"),
              .status_reason = node.child_text("StackStatusReason"),
              .outputs = {}};
  for (const auto& output : node.child("Outputs").children("member")) {
    found.outputs.emplace(output.child_text("OutputKey"), output.child_text("OutputValue"));
  }
  co_return found;
}

Task<Result<std::vector<StackResource>>> CloudFormation::describe_stack_resources(std::string stack) {
  return read_resources(client_, "DescribeStackResources", std::move(stack), "StackResources");
}

Task<Result<std::vector<StackResource>>> CloudFormation::describe_stack_events(std::string stack) {
  return read_resources(client_, "DescribeStackEvents", std::move(stack), "StackEvents");
}

Task<Result<void>> CloudFormation::delete_stack(std::string stack) {
  ASSIGN_OR_CO_RETURN(const auto reply, co_await client_.call(stack_operation("DeleteStack", stack)));
  co_return Result<void>{};
}

}  // namespace sortie::aws
