#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/cloudformation/engine/engine.h"
#include "emulator/core/operation_table.h"
#include "wire/query_protocol.h"
#include "wire/xml.h"

/// What every operation of CloudFormation has in common.
namespace sortie::emulator::cloudformation {

using ContextKeys = std::vector<std::pair<std::string, std::string>>;

/// The documents that belong to a request, from its parameters or from where their URLs point.
struct RequestDocuments {
  std::optional<std::string> template_text;  ///< of TemplateBody or behind TemplateURL
  std::optional<std::string> stack_policy;   ///< of StackPolicyBody or behind StackPolicyURL, checked
  std::optional<std::string> update_policy;  ///< the same of StackPolicyDuringUpdate…
  AwsResult<ParameterTexts> stored;          ///< what parameters of Systems Manager's types stand for
};

/// One request to CloudFormation and what it works on.
struct Operation {
  Engine& engine;
  Authorizer& authorizer;
  const std::string& account;
  const Call& call;
  const wire::QueryInput& input;
  RequestDocuments documents;

  [[nodiscard]] StackStore& stacks() const { return engine.stacks(); }
  /// A parameter's text, empty when it is not there.
  [[nodiscard]] std::string text(std::string_view name) const { return std::string(input.get_or(name, "")); }
  [[nodiscard]] bool flag(std::string_view name) const { return input.get_or(name, "") == "true"; }
  [[nodiscard]] std::string stack_arn(std::string_view name, std::string_view id) const;

  /// AccessDenied when the caller may not do `action` (`CreateStack`) on `resource`.
  AwsResult<void> allow(std::string_view action, std::string resource, ContextKeys context = {}) const;
  /// The stack that the request names, once its caller is allowed `action` on it. Not there: ValidationError of
  /// `missing`, with `{}` for the name.
  AwsResult<Stack*> allowed_stack(std::string_view action, std::string_view missing) const;
  /// The same of a change set. 404 ChangeSetNotFound.
  AwsResult<ChangeSet*> allowed_change_set(std::string_view action) const;
  /// The request's caller, or the role, which the caller must be allowed to pass when the request names it.
  AwsResult<Caller> allowed_caller(const std::string& role_arn) const;
};

/// The answer is the content of the operation's result element; empty for an operation without one.
using Row = OperationRow<Operation, AwsResult<std::string>>;

std::span<const Row> stack_operations();
std::span<const Row> description_operations();
std::span<const Row> template_operations();
std::span<const Row> change_set_operations();
std::span<const Row> unsupported_operations();

/// `[a-zA-Z][-a-zA-Z0-9]*`, at most 128, or an ARN where that may be: ValidationError in AWS's words.
AwsResult<void> check_name(std::string_view value, std::string_view member, bool arn_too);

void write_texts(wire::XmlWriter& xml, std::string_view name, const std::vector<std::string>& texts);
void write_tags(wire::XmlWriter& xml, const Tags& tags);
void write_parameters(wire::XmlWriter& xml, const Definition& definition);
void element_if(wire::XmlWriter& xml, std::string_view name, const std::string& text);

/// A page of a list: from `NextToken` (an offset of our own) on.
struct ListPage {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string next;  ///< empty: that was all
};
AwsResult<ListPage> page_of(const wire::QueryInput& input, std::size_t count);

}  // namespace sortie::emulator::cloudformation
