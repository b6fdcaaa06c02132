#include "emulator/cloudformation/api/request_documents.h"

#include <fmt/format.h>

#include <algorithm>

#include "emulator/cloudformation/api/definition.h"
#include "emulator/cloudformation/stack/stack_policy.h"
#include "emulator/cloudformation/template/macros.h"
#include "emulator/cloudformation/template/read_template.h"
#include "emulator/cloudformation/template/template_text.h"
#include "emulator/core/protocol.h"
#include "wire/uri.h"

namespace sortie::emulator::cloudformation {
namespace {

using Document = AwsResult<std::optional<std::string>>;

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

Task<Document> fetch_template(ObjectSource& objects, const Call& call, const wire::QueryInput& input) {
  const auto body = input.get("TemplateBody");
  const auto url = input.get("TemplateURL");
  if (body && url) co_return invalid("Either Template URL or Template Body must be specified, not both.");
  if (body) {
    if (body->size() > k_max_template_body) {
      co_return invalid(
          fmt::format("1 validation error detected: Value '{}' at 'templateBody' failed to satisfy constraint: "
                      "Member must have length less than or equal to {}",
                      *body, k_max_template_body));
    }
    co_return std::string(*body);
  }
  if (!url) co_return std::nullopt;
  const auto address = parse_template_url(std::string(*url));
  if (!address) co_return invalid("TemplateURL must be a supported URL.");
  auto text = co_await objects.get_object(call, address->bucket, address->key, address->version, k_max_template_url);
  if (!text) co_return invalid(fmt::format("S3 error: {}", text.error().message));
  co_return std::move(*text);
}

/// The policy of `name`Body, or behind `name`URL; nothing when neither is there.
Task<Document> fetch_policy(ObjectSource& objects, const Call& call, const wire::QueryInput& input, std::string name) {
  const auto body = input.get(name + "Body");
  const auto url = input.get(name + "URL");
  if (body && url) co_return invalid(fmt::format("You cannot specify both {0}URL and {0}Body", name));
  if (!body && !url) co_return std::optional<std::string>();
  std::string policy(body.value_or(""));
  if (url) {
    const auto address = parse_template_url(std::string(*url));
    if (!address) co_return invalid(fmt::format("{}URL must be a supported URL.", name));
    auto text = co_await objects.get_object(call, address->bucket, address->key, address->version, k_max_policy);
    if (!text) co_return invalid(fmt::format("S3 error: {}", text.error().message));
    policy = std::move(*text);
  }
  CO_RETURN_IF_ERROR(check_stack_policy(policy));
  co_return std::optional<std::string>(std::move(policy));
}

/// Of the template that the request is about, as far as it can be read: its mistakes are found later.
Task<AwsResult<ParameterTexts>> fetch_stored(Engine& engine, const Call& call, const wire::QueryInput& input,
                                             std::string text) {
  ParameterTexts previous;
  if (const Stack* stack = engine.stacks().find(call.region, input.get_or("StackName", ""))) {
    previous = stack->now.parameters;
    if (input.get_or("UsePreviousTemplate", "") == "true") text = stack->now.template_body;
  }
  // Most templates have none.
  if (text.find("AWS::SSM::Parameter::") == std::string::npos) co_return ParameterTexts();
  const auto document = parse_template_text(text);
  if (!document) co_return ParameterTexts();
  const auto whole = read_declarations(*document);
  if (!whole) co_return ParameterTexts();
  auto texts = resolve_parameters(*whole, read_parameters(input), previous);
  if (!texts) co_return ParameterTexts();
  auto caller = engine.caller_for(call, {});
  if (!caller) co_return std::unexpected(caller.error());
  co_return co_await engine.stored_parameters(std::move(*caller), *whole, std::move(*texts));
}

}  // namespace

Task<AwsResult<RequestDocuments>> fetch_documents(Engine& engine, ObjectSource& objects, const Call& call,
                                                  const wire::QueryInput& input) {
  RequestDocuments documents;
  auto text = co_await fetch_template(objects, call, input);
  if (!text) co_return std::unexpected(text.error());
  documents.template_text = std::move(*text);
  for (auto [name, to] : {std::pair{"StackPolicy", &documents.stack_policy},
                          std::pair{"StackPolicyDuringUpdate", &documents.update_policy}}) {
    auto policy = co_await fetch_policy(objects, call, input, name);
    if (!policy) co_return std::unexpected(policy.error());
    *to = std::move(*policy);
  }
  documents.stored = co_await fetch_stored(engine, call, input, documents.template_text.value_or(""));
  co_return documents;
}

}  // namespace sortie::emulator::cloudformation
