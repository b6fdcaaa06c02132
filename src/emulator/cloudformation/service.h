#pragma once

#include <boost/json/fwd.hpp>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/cloudformation/cloudformation.h"
#include "emulator/cloudformation/engine.h"
#include "wire/query_protocol.h"
#include "wire/xml.h"

namespace sortie::emulator::cloudformation {

inline constexpr std::string_view k_namespace = "http://cloudformation.amazonaws.com/doc/2010-05-15/";

/// The service behind `CloudFormation`: finds the operation, fetches the template that a URL names, authorizes,
/// answers. One operation is one function; they are grouped in the api_*.cc files.
class Service {
 public:
  Service(Executor executor, const Clock& clock, Store& store, Authorizer& authorizer, Identities& identities,
          ServiceCalls& services, ObjectSource& objects, CloudFormationOptions options);

  Task<http::Response> handle(Call call);
  Task<void> shutdown() { return engine_->shutdown(); }
  void abandon() { engine_->abandon(); }

 private:
  /// The content of the result element; empty: an operation without one.
  using Answer = AwsResult<std::string>;

  /// What an operation is given.
  struct Request {
    const Call& call;
    const wire::QueryInput& input;
    std::optional<std::string> template_text;  ///< of TemplateBody or behind TemplateURL
    std::optional<std::string> stack_policy;   ///< of StackPolicyBody or behind StackPolicyURL, checked
    std::optional<std::string> update_policy;  ///< the same of StackPolicyDuringUpdate…
    AwsResult<ParameterTexts> stored;          ///< what parameters of Systems Manager's types stand for

    [[nodiscard]] std::string text(std::string_view name) const { return std::string(input.get_or(name, "")); }
    [[nodiscard]] bool flag(std::string_view name) const { return input.get_or(name, "") == "true"; }
  };
  using Handler = Answer (Service::*)(const Request&);
  static Handler find_handler(std::string_view action);
  Task<AwsResult<void>> fetch_template(Request& request);
  /// The policy of `name`Body, or behind `name`URL; nothing when neither is there.
  Task<AwsResult<std::optional<std::string>>> fetch_policy(const Request& request, std::string name);
  /// Of the template that the request is about, as far as it can be read: what is wrong with it is told later.
  Task<AwsResult<ParameterTexts>> fetch_stored(const Request& request);
  Task<Answer> run(std::string_view action, const Call& call, const wire::QueryInput& input);

  // api_stacks.cc
  Answer create_stack(const Request& request);
  Answer update_stack(const Request& request);
  Answer delete_stack(const Request& request);
  Answer cancel_update_stack(const Request& request);
  Answer continue_update_rollback(const Request& request);
  Answer update_termination_protection(const Request& request);
  Answer set_stack_policy(const Request& request);
  Answer get_stack_policy(const Request& request);
  // api_describe.cc
  Answer describe_stacks(const Request& request);
  Answer list_stacks(const Request& request);
  Answer describe_stack_events(const Request& request);
  Answer describe_stack_resource(const Request& request);
  Answer describe_stack_resources(const Request& request);
  Answer list_stack_resources(const Request& request);
  Answer list_exports(const Request& request);
  Answer list_imports(const Request& request);
  // api_templates.cc
  Answer validate_template(const Request& request);
  Answer get_template(const Request& request);
  Answer get_template_summary(const Request& request);
  // api_change_sets.cc
  Answer create_change_set(const Request& request);
  Answer describe_change_set(const Request& request);
  Answer list_change_sets(const Request& request);
  Answer execute_change_set(const Request& request);
  Answer delete_change_set(const Request& request);
  AwsResult<ChangeSet*> find_change_set(const Request& request, std::string_view action);

  // Shared by them.
  AwsResult<void> authorize(const Call& call, std::string_view action, std::string resource,
                            std::vector<std::pair<std::string, std::string>> context = {});
  /// Asks IAM for `action` on the stack that the request names, then finds it. Not there: `missing` with `{}` for the
  /// name.
  AwsResult<Stack*> allowed_stack(const Request& request, std::string_view action, std::string_view missing);
  [[nodiscard]] std::string stack_arn(const Call& call, std::string_view name, std::string_view id) const;
  /// What a request makes of a stack.
  struct Reading {
    Definition definition;
    Template whole;                          ///< with `unprocessed`: what read_declarations gives
    std::optional<Unprocessed> unprocessed;  ///< the template has macros
  };
  /// Of a stack that has `before` (empty for a new one) and is what `facts` say; checks the template and capabilities.
  AwsResult<Reading> read_definition(const Request& request, const Definition& before, const StackFacts& facts,
                                     bool for_change_set);
  AwsResult<Reading> read_unprocessed(const Request& request, const boost::json::object& document,
                                      const ParameterTexts& previous, const StackFacts& facts);
  /// cloudformation:CreateChangeSet on each transform that AWS hosts.
  AwsResult<void> authorize_transforms(const Call& call, const std::vector<std::string>& names);
  AwsResult<Caller> allowed_caller(const Request& request, const std::string& role_arn);

  Authorizer& authorizer_;
  ObjectSource& objects_;
  CloudFormationOptions options_;
  std::shared_ptr<Engine> engine_;
  StackStore& stacks_;
};

/// `[a-zA-Z][-a-zA-Z0-9]*`, at most 128, or an ARN where that may be: ValidationError in AWS's words.
AwsResult<void> check_name(std::string_view value, std::string_view member, bool arn_too);
/// `Parameters.member.N`
std::vector<GivenParameter> read_parameters(const wire::QueryInput& input);
AwsResult<Tags> read_tags(const wire::QueryInput& input);

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
