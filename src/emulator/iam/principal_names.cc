#include "emulator/iam/principal_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <optional>

#include "wire/arn.h"
#include "wire/json.h"

namespace sortie::emulator::iam {

namespace {

namespace json = boost::json;

bool is_unique_id(std::string_view name) {
  return name.starts_with("AIDA") || name.starts_with("AROA");
}

/// The user or role of this account behind an ARN; null when there is none.
const PolicyHolder* holder_of_arn(const Directory& directory, std::string_view name) {
  const auto arn = wire::parse_arn(name);
  if (!arn || arn->service != "iam" || arn->account != directory.account()) return nullptr;
  const std::string last = arn->resource.substr(arn->resource.rfind('/') + 1);
  const PolicyHolder* holder = nullptr;
  if (arn->resource.starts_with("user/")) holder = directory.find_user(last);
  if (arn->resource.starts_with("role/")) holder = directory.find_role(last);
  return holder != nullptr && holder->arn == name ? holder : nullptr;
}

const PolicyHolder* holder_of_id(const Directory& directory, std::string_view id) {
  for (const auto& [key, user] : directory.users()) {
    if (user.id == id) return &user;
  }
  for (const auto& [key, role] : directory.roles()) {
    if (role.id == id) return &role;
  }
  return nullptr;
}

/// Replaces the names in one `AWS` member; true when there was something to replace.
template <class Rename>
bool rename_in(json::value& names, const Rename& rename) {
  bool changed = false;
  const auto one = [&](json::value& name) {
    if (!name.is_string()) return;
    if (const std::optional<std::string> other = rename(std::string_view(name.get_string()))) {
      name = *other;
      changed = true;
    }
  };
  if (auto* list = names.if_array()) {
    for (json::value& name : *list) one(name);
  } else {
    one(names);
  }
  return changed;
}

template <class Rename>
bool rename_in_statement(json::value& statement, const Rename& rename) {
  auto* object = statement.if_object();
  if (object == nullptr) return false;
  bool changed = false;
  for (const auto* member : {"Principal", "NotPrincipal"}) {
    json::value* principal = object->if_contains(member);
    if (principal == nullptr || !principal->is_object()) continue;
    if (json::value* names = principal->get_object().if_contains("AWS")) changed |= rename_in(*names, rename);
  }
  return changed;
}

template <class Rename>
std::string renamed(const std::string& document, const Rename& rename) {
  boost::system::error_code wrong;
  json::value policy = json::parse(document, wrong);
  if (wrong || !policy.is_object()) return document;
  json::value* statements = policy.get_object().if_contains("Statement");
  if (statements == nullptr) return document;
  bool changed = false;
  if (auto* list = statements->if_array()) {
    for (json::value& statement : *list) changed |= rename_in_statement(statement, rename);
  } else {
    changed = rename_in_statement(*statements, rename);
  }
  return changed ? json::serialize(policy) : document;
}

}  // namespace

std::string with_principal_ids(const Directory& directory, const std::string& document) {
  return renamed(document, [&](std::string_view name) -> std::optional<std::string> {
    const PolicyHolder* holder = holder_of_arn(directory, name);
    if (holder == nullptr) return std::nullopt;
    return holder->id;
  });
}

std::string with_principal_names(const Directory& directory, const std::string& document) {
  return renamed(document, [&](std::string_view name) -> std::optional<std::string> {
    const PolicyHolder* holder = is_unique_id(name) ? holder_of_id(directory, name) : nullptr;
    if (holder == nullptr) return std::nullopt;
    return holder->arn;
  });
}

AwsResult<void> check_principals(const Directory& directory, const Policy& policy) {
  for (const Statement& statement : policy.statements) {
    if (!statement.principal) continue;
    for (const std::string& name : statement.principal->aws) {
      const auto arn = wire::parse_arn(name);
      const bool ours = arn && arn->service == "iam" && arn->account == directory.account();
      if (!ours && !is_unique_id(name)) continue;
      if (ours && (arn->resource == "root" || holder_of_arn(directory, name) != nullptr)) continue;
      if (!ours && holder_of_id(directory, name) != nullptr) continue;
      return aws_fail(400, "MalformedPolicyDocument", fmt::format("Invalid principal in policy: \"AWS\":\"{}\"", name));
    }
  }
  return {};
}

}  // namespace sortie::emulator::iam
