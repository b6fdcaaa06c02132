#include "emulator/iam/directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <stdexcept>

#include "base/ascii.h"
#include "emulator/core/random.h"
#include "emulator/iam/aws_policies.h"
#include "emulator/iam/entity_json.h"
#include "emulator/iam/pattern.h"

namespace sortie::emulator::iam {

namespace {

namespace json = boost::json;

template <class T>
const T* find_in(const Directory::Map<T>& map, std::string_view key) {
  const auto it = map.find(key);
  return it == map.end() ? nullptr : &it->second;
}

std::string random_text(std::string_view alphabet, std::size_t length) {
  std::string text = random_bytes(length);
  // Both alphabets have a power of two of characters: no bias.
  for (char& c : text) c = alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return text;
}

}  // namespace

Directory::Directory(Store& store, std::string account) : store_(store), account_(std::move(account)) {
  store_.db().exec(
      "CREATE TABLE IF NOT EXISTS iam_entities (kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, "
      "PRIMARY KEY (kind, key)) WITHOUT ROWID");
  add_aws_policies();
  load();
}

void Directory::load() {
  SQLite::Statement rows(store_.db(), "SELECT kind, key, body FROM iam_entities");
  while (rows.executeStep()) {
    const std::string kind = rows.getColumn(0).getString();
    const std::string key = rows.getColumn(1).getString();
    if (kind == "setting") {
      settings_[key] = rows.getColumn(2).getString();
      continue;
    }
    const json::value body = json::parse(rows.getColumn(2).getString());
    if (kind == "role") from_json(body.as_object(), roles_[key]);
    if (kind == "user") from_json(body.as_object(), users_[key]);
    if (kind == "group") from_json(body.as_object(), groups_[key]);
    if (kind == "policy") from_json(body.as_object(), policies_[key]);
    if (kind == "profile") from_json(body.as_object(), profiles_[key]);
  }
}

void Directory::add_aws_policies() {
  for (const AwsPolicy& built_in : aws_policies()) {
    ManagedPolicy policy;
    policy.name = built_in.name;
    policy.path = built_in.path;
    policy.arn = fmt::format("arn:aws:iam::aws:policy{}{}", built_in.path, built_in.name);
    policy.id = built_in.id;
    policy.description = built_in.description;
    policy.created = policy.updated = SystemTime{std::chrono::seconds{1'423'000'000}};
    policy.versions[1] = {std::string(built_in.document), policy.created};
    policy.owned_by_aws = true;
    policies_.emplace(policy.arn, std::move(policy));
  }
}

template <class T>
void Directory::put_entity(Map<T>& map, std::string_view kind, std::string key, T&& entity) {
  SQLite::Statement write(store_.db(), "INSERT OR REPLACE INTO iam_entities (kind, key, body) VALUES (?, ?, ?)");
  write.bind(1, std::string(kind));
  write.bind(2, key);
  write.bind(3, json::serialize(to_json(entity)));
  write.exec();
  map.insert_or_assign(std::move(key), std::move(entity));
  ++revision_;
}

template <class T>
void Directory::erase_entity(Map<T>& map, std::string_view kind, std::string_view key) {
  SQLite::Statement remove(store_.db(), "DELETE FROM iam_entities WHERE kind = ? AND key = ?");
  remove.bind(1, std::string(kind));
  remove.bind(2, std::string(key));
  remove.exec();
  if (const auto it = map.find(key); it != map.end()) map.erase(it);
  ++revision_;
}

const Role* Directory::find_role(std::string_view name) const {
  return find_in(roles_, ascii_lower(name));
}
const User* Directory::find_user(std::string_view name) const {
  return find_in(users_, ascii_lower(name));
}
const User* Directory::find_user_by_id(std::string_view id) const {
  const auto found = std::ranges::find_if(users_, [&](const auto& entry) { return entry.second.id == id; });
  return found == users_.end() ? nullptr : &found->second;
}
const Group* Directory::find_group(std::string_view name) const {
  return find_in(groups_, ascii_lower(name));
}
const ManagedPolicy* Directory::find_policy(std::string_view arn) const {
  return find_in(policies_, arn);
}
const InstanceProfile* Directory::find_profile(std::string_view name) const {
  return find_in(profiles_, ascii_lower(name));
}

const Role* Directory::find_role_by_arn(std::string_view arn) const {
  const auto slash = arn.rfind('/');
  if (slash == std::string_view::npos) return nullptr;
  const Role* role = find_role(arn.substr(slash + 1));
  return role != nullptr && role->arn == arn ? role : nullptr;
}

void Directory::put(Role role) {
  put_entity(roles_, "role", ascii_lower(role.name), std::move(role));
}
void Directory::put(User user) {
  put_entity(users_, "user", ascii_lower(user.name), std::move(user));
}
void Directory::put(Group group) {
  put_entity(groups_, "group", ascii_lower(group.name), std::move(group));
}
void Directory::put(ManagedPolicy policy) {
  put_entity(policies_, "policy", policy.arn, std::move(policy));
}
void Directory::put(InstanceProfile profile) {
  put_entity(profiles_, "profile", ascii_lower(profile.name), std::move(profile));
}
void Directory::erase(const Role& role) {
  erase_entity(roles_, "role", ascii_lower(role.name));
}
void Directory::erase(const User& user) {
  erase_entity(users_, "user", ascii_lower(user.name));
}
void Directory::erase(const Group& group) {
  erase_entity(groups_, "group", ascii_lower(group.name));
}
void Directory::erase(const ManagedPolicy& policy) {
  erase_entity(policies_, "policy", std::string(policy.arn));
}
void Directory::erase(const InstanceProfile& profile) {
  erase_entity(profiles_, "profile", ascii_lower(profile.name));
}

std::string Directory::setting(std::string_view name) const {
  const auto found = settings_.find(name);
  return found == settings_.end() ? std::string() : found->second;
}

void Directory::set_setting(const std::string& name, const std::string& value) {
  SQLite::Statement write(store_.db(), value.empty()
                                           ? "DELETE FROM iam_entities WHERE kind = 'setting' AND key = ?1"
                                           : "INSERT OR REPLACE INTO iam_entities VALUES ('setting', ?1, ?2)");
  write.bind(1, name);
  if (!value.empty()) write.bind(2, value);
  write.exec();
  settings_[name] = value;
}

int Directory::attachment_count(std::string_view policy_arn) const {
  const auto has = [&](const auto& entry) {
    return std::ranges::find(entry.second.attached, policy_arn) != entry.second.attached.end();
  };
  return static_cast<int>(std::ranges::count_if(roles_, has) + std::ranges::count_if(users_, has) +
                          std::ranges::count_if(groups_, has));
}

int Directory::boundary_count(std::string_view policy_arn) const {
  const auto bounded = [&](const auto& entry) { return entry.second.boundary == policy_arn; };
  return static_cast<int>(std::ranges::count_if(roles_, bounded) + std::ranges::count_if(users_, bounded));
}

std::string Directory::make_id(std::string_view prefix, std::size_t random_characters) {
  return std::string(prefix) + random_text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", random_characters);
}

std::string Directory::make_secret() {
  return random_text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 40);
}

}  // namespace sortie::emulator::iam
