#include "emulator/iam/entity_json.h"

#include <boost/json.hpp>

#include "wire/json.h"

namespace sortie::emulator::iam {

namespace {

namespace json = boost::json;

std::int64_t millis(SystemTime time) {
  return time.time_since_epoch().count();
}
SystemTime time_or_zero(const json::object& object, std::string_view name) {
  return SystemTime{std::chrono::milliseconds{wire::int_or(object, name)}};
}

json::array tags_to_json(const Tags& tags) {
  json::array array;
  for (const auto& [key, value] : tags) array.push_back(json::array{key, value});
  return array;
}

Tags tags_from_json(const json::object& object) {
  Tags tags;
  for (const json::value& tag : wire::array_or_empty(object, "tags")) {
    tags.emplace_back(tag.at(0).as_string(), tag.at(1).as_string());
  }
  return tags;
}

json::array strings_to_json(const std::vector<std::string>& strings) {
  return json::array(strings.begin(), strings.end());
}

std::vector<std::string> strings_from_json(const json::object& object, std::string_view name) {
  std::vector<std::string> strings;
  for (const json::value& item : wire::array_or_empty(object, name)) strings.emplace_back(item.as_string());
  return strings;
}

/// The members that every entity has.
template <class T>
json::object identity_to_json(const T& entity) {
  return {{"name", entity.name},
          {"path", entity.path},
          {"id", entity.id},
          {"arn", entity.arn},
          {"created", millis(entity.created)}};
}

template <class T>
void identity_from_json(const json::object& object, T& entity) {
  entity.name = wire::string_or(object, "name");
  entity.path = wire::string_or(object, "path", "/");
  entity.id = wire::string_or(object, "id");
  entity.arn = wire::string_or(object, "arn");
  entity.created = time_or_zero(object, "created");
}

json::object holder_to_json(const PolicyHolder& holder) {
  json::object object = identity_to_json(holder);
  json::object documents;
  for (const auto& [name, document] : holder.inline_policies) documents[name] = document;
  object["inline"] = std::move(documents);
  object["attached"] = strings_to_json(holder.attached);
  return object;
}

void holder_from_json(const json::object& object, PolicyHolder& holder) {
  identity_from_json(object, holder);
  holder.inline_policies = wire::string_map(wire::object_or_empty(object, "inline"));
  holder.attached = strings_from_json(object, "attached");
}

}  // namespace

json::object to_json(const Role& role) {
  json::object object = holder_to_json(role);
  object["trust"] = role.trust;
  object["description"] = role.description;
  object["max_session"] = role.max_session_seconds;
  object["boundary"] = role.boundary;
  object["tags"] = tags_to_json(role.tags);
  return object;
}

void from_json(const json::object& object, Role& role) {
  holder_from_json(object, role);
  role.trust = wire::string_or(object, "trust");
  role.description = wire::string_or(object, "description");
  role.max_session_seconds = wire::int_or(object, "max_session", 3600);
  role.boundary = wire::string_or(object, "boundary");
  role.tags = tags_from_json(object);
}

json::object to_json(const User& user) {
  json::object object = holder_to_json(user);
  object["boundary"] = user.boundary;
  object["tags"] = tags_to_json(user.tags);
  object["groups"] = strings_to_json(user.groups);
  json::array keys;
  for (const AccessKey& key : user.keys) {
    keys.push_back({{"id", key.id}, {"secret", key.secret}, {"active", key.active}, {"created", millis(key.created)}});
  }
  object["keys"] = std::move(keys);
  json::array credentials;
  for (const ServiceCredential& one : user.service_credentials) {
    credentials.push_back({{"id", one.id},
                           {"service", one.service},
                           {"user_name", one.user_name},
                           {"password", one.password},
                           {"active", one.active},
                           {"created", millis(one.created)}});
  }
  object["service_credentials"] = std::move(credentials);
  return object;
}

void from_json(const json::object& object, User& user) {
  holder_from_json(object, user);
  user.boundary = wire::string_or(object, "boundary");
  user.tags = tags_from_json(object);
  user.groups = strings_from_json(object, "groups");
  for (const json::value& item : wire::array_or_empty(object, "keys")) {
    const json::object& key = item.as_object();
    user.keys.push_back({wire::string_or(key, "id"), wire::string_or(key, "secret"), wire::bool_or(key, "active"),
                         time_or_zero(key, "created")});
  }
  for (const json::value& item : wire::array_or_empty(object, "service_credentials")) {
    const json::object& one = item.as_object();
    user.service_credentials.push_back({wire::string_or(one, "id"), wire::string_or(one, "service"),
                                        wire::string_or(one, "user_name"), wire::string_or(one, "password"),
                                        wire::bool_or(one, "active"), time_or_zero(one, "created")});
  }
}

json::object to_json(const Group& group) {
  return holder_to_json(group);
}
void from_json(const json::object& object, Group& group) {
  holder_from_json(object, group);
}

json::object to_json(const ManagedPolicy& policy) {
  json::object object = identity_to_json(policy);
  object["description"] = policy.description;
  object["updated"] = millis(policy.updated);
  object["default_version"] = policy.default_version;
  object["next_version"] = policy.next_version;
  object["tags"] = tags_to_json(policy.tags);
  json::array versions;
  for (const auto& [number, version] : policy.versions) {
    versions.push_back({{"number", number}, {"document", version.document}, {"created", millis(version.created)}});
  }
  object["versions"] = std::move(versions);
  return object;
}

void from_json(const json::object& object, ManagedPolicy& policy) {
  identity_from_json(object, policy);
  policy.description = wire::string_or(object, "description");
  policy.updated = time_or_zero(object, "updated");
  policy.default_version = static_cast<int>(wire::int_or(object, "default_version", 1));
  policy.next_version = static_cast<int>(wire::int_or(object, "next_version", 2));
  policy.tags = tags_from_json(object);
  for (const json::value& item : wire::array_or_empty(object, "versions")) {
    const json::object& version = item.as_object();
    policy.versions[static_cast<int>(wire::int_or(version, "number"))] = {wire::string_or(version, "document"),
                                                                          time_or_zero(version, "created")};
  }
}

json::object to_json(const InstanceProfile& profile) {
  json::object object = identity_to_json(profile);
  object["role"] = profile.role;
  object["tags"] = tags_to_json(profile.tags);
  return object;
}

void from_json(const json::object& object, InstanceProfile& profile) {
  identity_from_json(object, profile);
  profile.role = wire::string_or(object, "role");
  profile.tags = tags_from_json(object);
}

}  // namespace sortie::emulator::iam
