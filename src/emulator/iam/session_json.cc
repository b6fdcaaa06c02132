#include "emulator/iam/session_json.h"

#include <boost/json.hpp>

#include "wire/json.h"

namespace sortie::emulator::iam {

namespace json = boost::json;

std::string session_to_json(const Identities::Key& key) {
  const Principal& principal = key.principal;
  json::array tags;
  for (const auto& [name, value] : principal.session_tags) tags.push_back(json::array{name, value});
  const json::object object{
      {"secret", key.secret_access_key},
      {"token", key.session_token},
      {"expires", key.expires ? key.expires->time_since_epoch().count() : 0},
      {"issued", principal.token_issued.time_since_epoch().count()},
      {"kind", static_cast<int>(principal.kind)},
      {"account", principal.account},
      {"arn", principal.arn},
      {"user_id", principal.user_id},
      {"name", principal.name},
      {"role_arn", principal.role_arn},
      {"key", principal.access_key_id},
      {"source_identity", principal.source_identity},
      {"policies", json::array(principal.session_policies.begin(), principal.session_policies.end())},
      {"tags", std::move(tags)},
      {"transitive", json::array(principal.transitive_tags.begin(), principal.transitive_tags.end())},
  };
  return json::serialize(object);
}

Identities::Key session_from_json(std::string_view text) {
  const json::value parsed = json::parse(text);
  const json::object& object = parsed.as_object();
  const auto time = [&](std::string_view name) {
    return SystemTime{std::chrono::milliseconds{wire::int_or(object, name)}};
  };
  Identities::Key key;
  key.secret_access_key = wire::string_or(object, "secret");
  key.session_token = wire::string_or(object, "token");
  key.expires = time("expires");
  Principal& principal = key.principal;
  principal.kind = static_cast<Principal::Kind>(wire::int_or(object, "kind"));
  principal.account = wire::string_or(object, "account");
  principal.arn = wire::string_or(object, "arn");
  principal.user_id = wire::string_or(object, "user_id");
  principal.name = wire::string_or(object, "name");
  principal.role_arn = wire::string_or(object, "role_arn");
  principal.access_key_id = wire::string_or(object, "key");
  principal.source_identity = wire::string_or(object, "source_identity");
  principal.token_issued = time("issued");
  principal.temporary = true;
  for (const json::value& policy : wire::array_or_empty(object, "policies")) {
    principal.session_policies.emplace_back(policy.as_string());
  }
  for (const json::value& tag : wire::array_or_empty(object, "tags")) {
    principal.session_tags.emplace_back(tag.at(0).as_string(), tag.at(1).as_string());
  }
  for (const json::value& tag : wire::array_or_empty(object, "transitive")) {
    principal.transitive_tags.emplace_back(tag.as_string());
  }
  return key;
}

}  // namespace sortie::emulator::iam
