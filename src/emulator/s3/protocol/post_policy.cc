#include "emulator/s3/protocol/post_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>
#include <string>

#include "base/ascii.h"
#include "base/number.h"
#include "emulator/s3/protocol/errors.h"
#include "wire/checksum.h"
#include "wire/date.h"

namespace sortie::emulator::s3 {
namespace {

namespace json = boost::json;

/// Fields that a policy does not have to name.
constexpr std::string_view k_free[] = {"policy", "file", "signature", "awsaccesskeyid", "x-amz-signature"};

Failure invalid_policy(std::string_view why) {
  return s3_fail(400, "InvalidPolicyDocument", fmt::format("Invalid Policy: {}", why));
}

Failure against_policy(std::string_view why) {
  return s3_fail(403, "AccessDenied", fmt::format("Invalid according to Policy: {}", why));
}

std::string text_of(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(*text);
  return json::serialize(value);
}

/// One condition: `{"name": "value"}` is `["eq", "$name", "value"]`.
struct Condition {
  std::string kind;
  std::string first;
  std::string second;

  [[nodiscard]] Failure failed() const {
    return against_policy(fmt::format("Policy Condition failed: [{}, {}, {}]", json::serialize(json::string(kind)),
                                      json::serialize(json::string(first)), json::serialize(json::string(second))));
  }
};

AwsResult<std::vector<Condition>> read_conditions(const json::object& policy) {
  const auto* list = policy.if_contains("conditions");
  if (list == nullptr || !list->is_array()) return invalid_policy("Policy missing conditions.");
  std::vector<Condition> conditions;
  for (const json::value& one : list->get_array()) {
    if (const auto* object = one.if_object()) {
      for (const auto& [name, value] : *object) {
        conditions.push_back({"eq", "$" + std::string(name), text_of(value)});
      }
      continue;
    }
    const auto* parts = one.if_array();
    if (parts == nullptr || parts->size() != 3) return invalid_policy("Invalid Condition.");
    conditions.push_back({ascii_lower(text_of((*parts)[0])), text_of((*parts)[1]), text_of((*parts)[2])});
  }
  return conditions;
}

std::optional<std::uint64_t> number(std::string_view text) {
  return parse_number<std::uint64_t>(text);
}

AwsResult<json::object> read_policy(std::string_view encoded, SystemTime now) {
  const auto text = wire::base64_decode(encoded);
  boost::system::error_code wrong;
  json::value document = text ? json::parse(*text, wrong) : json::value();
  if (!text || wrong || !document.is_object()) return invalid_policy("Invalid JSON.");
  const auto* expiration = document.get_object().if_contains("expiration");
  if (expiration == nullptr || !expiration->is_string()) return invalid_policy("Policy missing expiration.");
  const auto until = wire::parse_iso8601(expiration->get_string());
  if (!until) return invalid_policy("Invalid 'expiration' value.");
  if (*until <= now) return against_policy("Policy expired.");
  return std::move(document.get_object());
}

}  // namespace

AwsResult<SizeRange> check_post_policy(const FormUpload& form, std::string_view bucket, SystemTime now) {
  ASSIGN_OR_RETURN(const auto policy, read_policy(form.field("policy").value_or(""), now));
  ASSIGN_OR_RETURN(const auto conditions, read_conditions(policy));
  SizeRange range;
  std::set<std::string> named;
  for (const Condition& condition : conditions) {
    if (condition.kind == "content-length-range") {
      const auto least = number(condition.first);
      const auto most = number(condition.second);
      if (!least || !most) return condition.failed();
      range = {*least, *most};
      continue;
    }
    if (!condition.first.starts_with('$')) return condition.failed();
    const std::string name = ascii_lower(std::string_view(condition.first).substr(1));
    named.insert(name);
    const std::string_view value = name == "bucket" ? bucket : form.field(name).value_or("");
    const bool holds = condition.kind == "eq"            ? value == condition.second
                       : condition.kind == "starts-with" ? value.starts_with(condition.second)
                                                         : false;
    if (!holds) return condition.failed();
  }
  for (const auto& [name, value] : form.fields) {
    const std::string field = ascii_lower(name);
    if (named.contains(field) || field.starts_with("x-ignore-")) continue;
    if (std::ranges::find(k_free, field) != std::end(k_free)) continue;
    return against_policy(fmt::format("Extra input fields: {}", field));
  }
  return range;
}

}  // namespace sortie::emulator::s3
