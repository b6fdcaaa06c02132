#include "emulator/cloudformation/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "emulator/cloudformation/changes.h"
#include "emulator/cloudformation/macros.h"
#include "emulator/cloudformation/stack_policy.h"
#include "emulator/cloudformation/template_text.h"
#include "emulator/core/protocol.h"
#include "wire/arn.h"
#include "wire/uri.h"

namespace sortie::emulator::cloudformation {
namespace {

constexpr std::string_view k_version = "2010-05-15";
constexpr std::size_t k_max_form = 4 * 1024 * 1024;
constexpr std::size_t k_max_tags = 50;
constexpr std::size_t k_page = 100;

struct ObjectAddress {
  std::string bucket;
  std::string key;
  std::string version;
};

/// `https://BUCKET.s3.REGION.amazonaws.com/KEY`, `https://s3.REGION.amazonaws.com/BUCKET/KEY`, and the second form with
/// any other host: the embedded AWS's own.
std::optional<ObjectAddress> parse_template_url(const std::string& text) {
  const auto url = wire::parse_url(text);
  if (!url) return std::nullopt;
  ObjectAddress address;
  std::string_view path = std::string_view(url->path).substr(1);
  const auto s3 = url->host.find(".s3.");
  const auto dashed = url->host.find(".s3-");
  const auto dot = std::min(s3, dashed);
  if (dot != std::string::npos && url->host.find("amazonaws.com") != std::string::npos) {
    address.bucket = url->host.substr(0, dot);
  } else {
    const auto slash = path.find('/');
    address.bucket = wire::uri_decode_lenient(path.substr(0, slash));
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  address.key = wire::uri_decode_lenient(path);
  address.version = query_parameter(url->query, "versionId");
  if (address.bucket.empty() || address.key.empty()) return std::nullopt;
  return address;
}

/// The embedded AWS has no alarms; mistakes are told first, as on AWS.
AwsResult<void> check_rollback_triggers(const wire::QueryInput& input) {
  for (const wire::QueryInput& trigger : input.structures("RollbackConfiguration.RollbackTriggers")) {
    const auto type = trigger.get_or("Type", "");
    if (type != "AWS::CloudWatch::Alarm" && type != "AWS::CloudWatch::CompositeAlarm") {
      return invalid("Rollback Trigger Type not supported");
    }
    const auto arn = wire::parse_arn(trigger.get_or("Arn", ""));
    if (!arn || !arn->resource.starts_with("alarm:")) {
      return invalid("RelativeId of a Rollback Trigger's ARN is incorrect");
    }
  }
  return {};
}

/// What requests may say that the embedded AWS does not have is refused by name, whatever else they say.
AwsResult<void> check_absent_parameters(const wire::QueryInput& input) {
  RETURN_IF_ERROR(check_rollback_triggers(input));
  for (const char* absent : {"NotificationARNs", "RollbackConfiguration.RollbackTriggers", "ResourcesToImport"}) {
    // An empty list is sent as a name without a value.
    const bool given = input.get(absent) ? !input.get_or(absent, "").empty() : input.contains(absent);
    if (given) return std::unexpected(not_implemented("cloudformation", fmt::format("the parameter {}", absent)));
  }
  for (const char* absent : {"RetainExceptOnCreate", "ImportExistingResources", "IncludeNestedStacks"}) {
    if (input.get_or(absent, "") == "true")
      return std::unexpected(not_implemented("cloudformation", fmt::format("the parameter {}", absent)));
  }
  if (input.get_or("DeletionMode", "STANDARD") == "FORCE_DELETE_STACK") {
    return std::unexpected(not_implemented("cloudformation", "DeletionMode FORCE_DELETE_STACK"));
  }
  if (input.get_or("ChangeSetType", "") == "IMPORT") {
    return std::unexpected(not_implemented("cloudformation", "change sets of type IMPORT"));
  }
  return {};
}

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

bool is_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !name.empty() && letter(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

}  // namespace

Service::Service(Executor executor, const Clock& clock, Store& store, Authorizer& authorizer, Identities& identities,
                 ServiceCalls& services, ObjectSource& objects, CloudFormationOptions options)
    : authorizer_(authorizer),
      objects_(objects),
      options_(options),
      engine_(std::make_shared<Engine>(std::move(executor), clock, store, identities, services, objects,
                                       std::move(options))),
      stacks_(engine_->stacks()) {}

Service::Handler Service::find_handler(std::string_view action) {
  using S = Service;
  static const std::unordered_map<std::string_view, Handler> k_handlers = {
      {"CreateStack", &S::create_stack},
      {"UpdateStack", &S::update_stack},
      {"DeleteStack", &S::delete_stack},
      {"CancelUpdateStack", &S::cancel_update_stack},
      {"ContinueUpdateRollback", &S::continue_update_rollback},
      {"UpdateTerminationProtection", &S::update_termination_protection},
      {"SetStackPolicy", &S::set_stack_policy},
      {"GetStackPolicy", &S::get_stack_policy},
      {"DescribeStacks", &S::describe_stacks},
      {"ListStacks", &S::list_stacks},
      {"DescribeStackEvents", &S::describe_stack_events},
      {"DescribeStackResource", &S::describe_stack_resource},
      {"DescribeStackResources", &S::describe_stack_resources},
      {"ListStackResources", &S::list_stack_resources},
      {"ListExports", &S::list_exports},
      {"ListImports", &S::list_imports},
      {"ValidateTemplate", &S::validate_template},
      {"GetTemplate", &S::get_template},
      {"GetTemplateSummary", &S::get_template_summary},
      {"CreateChangeSet", &S::create_change_set},
      {"DescribeChangeSet", &S::describe_change_set},
      {"ListChangeSets", &S::list_change_sets},
      {"ExecuteChangeSet", &S::execute_change_set},
      {"DeleteChangeSet", &S::delete_change_set},
  };
  const auto found = k_handlers.find(action);
  return found == k_handlers.end() ? nullptr : found->second;
}

Task<http::Response> Service::handle(Call call) {
  if (!call.virtual_bucket.empty()) co_return co_await engine_->custom_responses().take(std::move(call));
  const std::string_view body = call.request.body.bytes();
  auto input = wire::QueryInput::parse(body.empty() ? std::string_view(call.request.query) : body, k_max_form);
  if (!input) {
    co_return render_query_error(k_namespace, {400, "MalformedQueryString", input.error().message, {}},
                                 call.request_id);
  }
  const std::string action(input->get_or("Action", ""));
  const auto answer = co_await run(action, call, *input);
  if (!answer) co_return render_query_error(k_namespace, answer.error(), call.request_id);
  co_return render_query_success(k_namespace, action, *answer, call.request_id, !answer->empty());
}

Task<Service::Answer> Service::run(std::string_view action, const Call& call, const wire::QueryInput& input) {
  if (action.empty()) co_return aws_fail(400, "MissingAction", "The request must contain the parameter Action.");
  if (const auto version = input.get_or("Version", k_version); version != k_version) {
    co_return aws_fail(400, "InvalidAction",
                       fmt::format("Could not find operation {} for version {}", action, version));
  }
  const Handler handler = find_handler(action);
  if (handler == nullptr) co_return std::unexpected(not_implemented("cloudformation", action));
  CO_RETURN_IF_ERROR(check_absent_parameters(input));
  Request request{call, input, {}, {}, {}, {}};
  CO_RETURN_IF_ERROR(co_await fetch_template(request));
  for (auto [name, to] : {std::pair{"StackPolicy", &request.stack_policy},
                          std::pair{"StackPolicyDuringUpdate", &request.update_policy}}) {
    auto policy = co_await fetch_policy(request, name);
    if (!policy) co_return std::unexpected(policy.error());
    *to = std::move(*policy);
  }
  request.stored = co_await fetch_stored(request);
  co_return (this->*handler)(request);
}

Task<AwsResult<ParameterTexts>> Service::fetch_stored(const Request& request) {
  ParameterTexts previous;
  std::string text = request.template_text.value_or("");
  if (const Stack* stack = stacks_.find(request.call.region, request.text("StackName"))) {
    previous = stack->now.parameters;
    if (request.flag("UsePreviousTemplate")) text = stack->now.template_body;
  }
  // Most templates have none.
  if (text.find("AWS::SSM::Parameter::") == std::string::npos) co_return ParameterTexts();
  const auto document = parse_template_text(text);
  if (!document) co_return ParameterTexts();
  const auto whole = read_declarations(*document);
  if (!whole) co_return ParameterTexts();
  auto texts = resolve_parameters(*whole, read_parameters(request.input), previous);
  if (!texts) co_return ParameterTexts();
  auto caller = engine_->caller_for(request.call, {});
  if (!caller) co_return std::unexpected(caller.error());
  co_return co_await engine_->stored_parameters(std::move(*caller), *whole, std::move(*texts));
}

Task<AwsResult<void>> Service::fetch_template(Request& request) {
  const auto body = request.input.get("TemplateBody");
  const auto url = request.input.get("TemplateURL");
  if (body && url) co_return invalid("Either Template URL or Template Body must be specified, not both.");
  if (body) {
    if (body->size() > k_max_template_body) {
      co_return invalid(
          fmt::format("1 validation error detected: Value '{}' at 'templateBody' failed to satisfy constraint: "
                      "Member must have length less than or equal to {}",
                      *body, k_max_template_body));
    }
    request.template_text = std::string(*body);
  }
  if (!url) co_return AwsResult<void>();
  const auto address = parse_template_url(std::string(*url));
  if (!address) co_return invalid("TemplateURL must be a supported URL.");
  auto text =
      co_await objects_.get_object(request.call, address->bucket, address->key, address->version, k_max_template_url);
  if (!text) co_return invalid(fmt::format("S3 error: {}", text.error().message));
  request.template_text = std::move(*text);
  co_return AwsResult<void>();
}

Task<AwsResult<std::optional<std::string>>> Service::fetch_policy(const Request& request, std::string name) {
  const auto body = request.input.get(name + "Body");
  const auto url = request.input.get(name + "URL");
  if (body && url) co_return invalid(fmt::format("You cannot specify both {0}URL and {0}Body", name));
  if (!body && !url) co_return std::optional<std::string>();
  std::string policy(body.value_or(""));
  if (url) {
    const auto address = parse_template_url(std::string(*url));
    if (!address) co_return invalid(fmt::format("{}URL must be a supported URL.", name));
    auto text =
        co_await objects_.get_object(request.call, address->bucket, address->key, address->version, k_max_policy);
    if (!text) co_return invalid(fmt::format("S3 error: {}", text.error().message));
    policy = std::move(*text);
  }
  CO_RETURN_IF_ERROR(check_stack_policy(policy));
  co_return std::optional<std::string>(std::move(policy));
}

AwsResult<void> Service::authorize(const Call& call, std::string_view action, std::string resource,
                                   std::vector<std::pair<std::string, std::string>> context) {
  AuthorizationRequest question;
  question.action = fmt::format("cloudformation:{}", action);
  question.resource = std::move(resource);
  question.context = std::move(context);
  return authorizer_.authorize(call, question);
}

std::string Service::stack_arn(const Call& call, std::string_view name, std::string_view id) const {
  return fmt::format("arn:{}:cloudformation:{}:{}:stack/{}/{}", wire::partition_of(call.region), call.region,
                     options_.account, name, id);
}

AwsResult<Stack*> Service::allowed_stack(const Request& request, std::string_view action, std::string_view missing) {
  const std::string name = request.text("StackName");
  RETURN_IF_ERROR(check_name(name, "stackName", true));
  Stack* stack = stacks_.find(request.call.region, name);
  const std::string resource = stack != nullptr           ? stack->id
                               : name.starts_with("arn:") ? name
                                                          : stack_arn(request.call, name, "*");
  RETURN_IF_ERROR(authorize(request.call, action, resource));
  if (stack == nullptr) return invalid(fmt::format(fmt::runtime(missing), name));
  return stack;
}

AwsResult<Caller> Service::allowed_caller(const Request& request, const std::string& role_arn) {
  if (request.input.contains("RoleARN")) {
    AuthorizationRequest question;
    question.action = "iam:PassRole";
    question.resource = role_arn;
    question.context = {{"iam:PassedToService", "cloudformation.amazonaws.com"}};
    RETURN_IF_ERROR(authorizer_.authorize(request.call, question));
  }
  return engine_->caller_for(request.call, role_arn);
}

AwsResult<void> Service::authorize_transforms(const Call& call, const std::vector<std::string>& names) {
  constexpr std::string_view k_hosted = "AWS::";
  for (const std::string& name : names) {
    if (!name.starts_with(k_hosted)) continue;
    RETURN_IF_ERROR(authorize(call, "CreateChangeSet",
                              fmt::format("arn:{}:cloudformation:{}:aws:transform/{}", wire::partition_of(call.region),
                                          call.region, name.substr(k_hosted.size()))));
  }
  return {};
}

AwsResult<Service::Reading> Service::read_unprocessed(const Request& request, const boost::json::object& document,
                                                      const ParameterTexts& previous, const StackFacts& facts) {
  Reading reading;
  ASSIGN_OR_RETURN(reading.whole, read_declarations(document));
  ASSIGN_OR_RETURN(const auto transforms, find_transforms(document));
  reading.whole.transforms = transform_names(transforms);
  ASSIGN_OR_RETURN(reading.definition.parameters,
                   resolve_parameters(reading.whole, read_parameters(request.input), previous));
  ASSIGN_OR_RETURN(reading.definition.stored, request.stored);
  for (const Transform& transform : transforms) {
    RETURN_IF_ERROR(resolve_transform(transform, reading.whole, reading.definition.values(), facts));
  }
  reading.unprocessed = {request.input.list("ResourceTypes"),
                         request.input.contains("TemplateBody") ? k_max_template_body : k_max_processed};
  return reading;
}

AwsResult<Service::Reading> Service::read_definition(const Request& request, const Definition& before,
                                                     const StackFacts& facts, bool for_change_set) {
  const wire::QueryInput& input = request.input;
  std::string body;
  if (request.flag("UsePreviousTemplate")) {
    if (request.template_text)
      return invalid("Either Template URL or Template Body or UsePreviousTemplate must be specified.");
    body = before.template_body;
  } else if (request.template_text) {
    body = *request.template_text;
  }
  if (body.empty()) return invalid("Either Template URL or Template Body must be specified.");
  ASSIGN_OR_RETURN(const auto document, parse_template_text(body));
  Reading reading;
  if (uses_macros(document)) {
    ASSIGN_OR_RETURN(reading, read_unprocessed(request, document, before.parameters, facts));
  } else {
    const auto given = read_parameters(input);
    ASSIGN_OR_RETURN(reading.whole, load_template(body, texts_of(given, before.parameters)));
    RETURN_IF_ERROR(check_resource_types(reading.whole));
    ASSIGN_OR_RETURN(reading.definition.parameters, resolve_parameters(reading.whole, given, before.parameters));
    ASSIGN_OR_RETURN(reading.definition.stored, request.stored);
    RETURN_IF_ERROR(check_allowed_types(reading.whole, input.list("ResourceTypes")));
  }
  RETURN_IF_ERROR(authorize_transforms(request.call, reading.whole.transforms));
  Definition& next = reading.definition;
  next.template_body = std::move(body);
  next.tags = before.tags;
  if (input.contains("Tags")) {
    ASSIGN_OR_RETURN(next.tags, read_tags(input));
  }
  next.capabilities = input.list("Capabilities");
  RETURN_IF_ERROR(check_capabilities(reading.whole, next.capabilities, for_change_set));
  next.role_arn = input.contains("RoleARN") ? request.text("RoleARN") : before.role_arn;
  next.description = reading.whole.description;
  return reading;
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

std::vector<GivenParameter> read_parameters(const wire::QueryInput& input) {
  std::vector<GivenParameter> parameters;
  for (const wire::QueryInput& one : input.structures("Parameters")) {
    parameters.push_back({std::string(one.get_or("ParameterKey", "")), std::string(one.get_or("ParameterValue", "")),
                          one.get_or("UsePreviousValue", "") == "true"});
  }
  return parameters;
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
    const auto [end, error] = std::from_chars(token->data(), token->data() + token->size(), page.begin);
    if (error != std::errc() || end != token->data() + token->size() || page.begin > count) {
      return invalid("Invalid NextToken");
    }
  }
  page.end = std::min(count, page.begin + k_page);
  if (page.end < count) page.next = std::to_string(page.end);
  return page;
}

}  // namespace sortie::emulator::cloudformation
