#include "emulator/s3/access/bucket_policy.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "emulator/s3/protocol/errors.h"

namespace sortie::emulator::s3 {
namespace {

namespace json = boost::json;

Failure malformed_policy(std::string message) {
  return s3_fail(400, "MalformedPolicy", std::move(message));
}

const json::value* member(const json::object& object, std::string_view name) {
  return object.if_contains(name);
}

std::vector<std::string> texts(const json::value* value) {
  std::vector<std::string> found;
  if (value == nullptr) return found;
  if (const auto* text = value->if_string()) found.emplace_back(*text);
  if (const auto* list = value->if_array()) {
    for (const auto& one : *list) {
      if (const auto* text = one.if_string()) found.emplace_back(*text);
    }
  }
  return found;
}

std::vector<const json::object*> statements_of(const json::object& policy) {
  std::vector<const json::object*> found;
  const auto* statement = member(policy, "Statement");
  if (statement == nullptr) return found;
  if (const auto* one = statement->if_object()) found.push_back(one);
  if (const auto* list = statement->if_array()) {
    for (const auto& each : *list) found.push_back(each.if_object());
  }
  return found;
}

bool is_everyone(const json::value* principal) {
  if (principal == nullptr) return false;
  if (const auto* text = principal->if_string()) return *text == "*";
  const auto* kinds = principal->if_object();
  if (kinds == nullptr) return false;
  for (const auto& name : texts(member(*kinds, "AWS"))) {
    if (name == "*") return true;
  }
  return false;
}

/// What the element or its negation names.
std::vector<std::string> named(const json::object& statement, std::string_view element, std::string_view negation) {
  auto names = texts(member(statement, element));
  for (auto& name : texts(member(statement, negation))) names.push_back(std::move(name));
  return names;
}

AwsResult<void> check_actions(const json::object& statement) {
  const auto actions = named(statement, "Action", "NotAction");
  if (actions.empty()) return malformed_policy("Missing required field Action");
  for (const auto& action : actions) {
    if (action != "*" && !action.starts_with("s3:") && !action.starts_with("S3:")) {
      return malformed_policy("Policy has invalid action");
    }
  }
  return {};
}

AwsResult<void> check_resources(const json::object& statement, std::string_view bucket) {
  const auto resources = named(statement, "Resource", "NotResource");
  if (resources.empty()) return malformed_policy("Missing required field Resource");
  const std::string arn = fmt::format("arn:aws:s3:::{}", bucket);
  for (const auto& resource : resources) {
    if (resource != arn && resource != "*" && !resource.starts_with(arn + "/") && !resource.starts_with(arn + "*")) {
      return malformed_policy("Policy has invalid resource");
    }
  }
  return {};
}

AwsResult<void> check_statement(const json::object& statement, std::string_view bucket) {
  const auto* effect = member(statement, "Effect");
  if (effect == nullptr) return malformed_policy("Missing required field Effect");
  if (!effect->is_string() || (effect->get_string() != "Allow" && effect->get_string() != "Deny")) {
    return malformed_policy("Invalid effect");
  }
  if (member(statement, "Principal") == nullptr && member(statement, "NotPrincipal") == nullptr) {
    return malformed_policy("Missing required field Principal");
  }
  RETURN_IF_ERROR(check_actions(statement));
  return check_resources(statement, bucket);
}

}  // namespace

bool is_public_policy(std::string_view policy) {
  const json::value document = json::parse(policy);
  for (const auto* statement : statements_of(document.as_object())) {
    if (statement == nullptr) continue;
    const auto* effect = member(*statement, "Effect");
    const bool allows = effect != nullptr && effect->is_string() && effect->get_string() == "Allow";
    if (allows && is_everyone(member(*statement, "Principal")) && member(*statement, "Condition") == nullptr) {
      return true;
    }
  }
  return false;
}

AwsResult<void> check_bucket_policy(std::string_view policy, std::string_view bucket) {
  if (!policy.starts_with('{')) return malformed_policy("Policies must be valid JSON and the first byte must be '{'");
  boost::system::error_code wrong;
  const json::value document = json::parse(policy, wrong);
  if (wrong || !document.is_object()) return malformed_policy("This policy contains invalid Json");
  const auto statements = statements_of(document.get_object());
  if (statements.empty()) return malformed_policy("Missing required field Statement");
  for (const auto* statement : statements) {
    if (statement == nullptr) return malformed_policy("Statement must be an object");
    RETURN_IF_ERROR(check_statement(*statement, bucket));
  }
  return {};
}

}  // namespace sortie::emulator::s3
