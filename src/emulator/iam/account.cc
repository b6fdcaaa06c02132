#include <fmt/format.h>

#include <algorithm>

#include "emulator/core/validation.h"
#include "emulator/iam/operation.h"

namespace sortie::emulator::iam {

namespace {

constexpr const char* k_alias = "alias";
constexpr const char* k_password_policy = "password-policy";

AwsResult<std::string> get_account_summary(Operation& operation) {
  RETURN_IF_ERROR(operation.allow("GetAccountSummary", "*"));
  const Directory& directory = operation.directory;
  const auto own = [](const auto& entry) { return !entry.second.owned_by_aws; };
  const std::pair<std::string_view, std::size_t> entries[] = {
      {"Users", directory.users().size()},
      {"Groups", directory.groups().size()},
      {"Roles", directory.roles().size()},
      {"InstanceProfiles", directory.profiles().size()},
      {"Policies", static_cast<std::size_t>(std::ranges::count_if(directory.policies(), own))},
      {"AccessKeysPerUserQuota", 2},
      {"PolicySizeQuota", 6144},
      {"VersionsPerPolicyQuota", 5},
      {"RolesQuota", 5000},
  };
  wire::XmlWriter xml(false);
  xml.open("SummaryMap");
  for (const auto& [name, count] : entries) {
    xml.open("entry").element("key", name).element("value", static_cast<long long>(count)).close();
  }
  xml.close();
  return xml.finish();
}

// --- alias

/// 3 to 63 characters of `a-z 0-9 -`, no hyphen at an end, none beside another.
bool is_alias(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return text.size() >= 3 && text.size() <= 63 && std::ranges::all_of(text, fits) && text.front() != '-' &&
         text.back() != '-' && text.find("--") == std::string_view::npos;
}

AwsResult<std::string> read_alias(const Operation& operation) {
  std::string alias(operation.input.get_or("AccountAlias", ""));
  if (is_alias(alias)) return alias;
  return aws_fail(400, "ValidationError",
                  violation("accountAlias", alias, constraint::pattern("^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$")));
}

AwsResult<std::string> create_account_alias(Operation& operation) {
  ASSIGN_OR_RETURN(const std::string alias, read_alias(operation));
  RETURN_IF_ERROR(operation.allow("CreateAccountAlias", "*"));
  operation.directory.set_setting(k_alias, alias);  // an account has one: the new one takes the place of the old
  return std::string();
}

AwsResult<std::string> delete_account_alias(Operation& operation) {
  ASSIGN_OR_RETURN(const std::string alias, read_alias(operation));
  RETURN_IF_ERROR(operation.allow("DeleteAccountAlias", "*"));
  if (operation.directory.setting(k_alias) != alias) {
    return aws_fail(404, "NoSuchEntity", fmt::format("The account alias {} does not exist.", alias));
  }
  operation.directory.set_setting(k_alias, "");
  return std::string();
}

AwsResult<std::string> list_account_aliases(Operation& operation) {
  RETURN_IF_ERROR(operation.allow("ListAccountAliases", "*"));
  wire::XmlWriter xml(false);
  xml.open("AccountAliases");
  if (const std::string alias = operation.directory.setting(k_alias); !alias.empty()) xml.element("member", alias);
  xml.close().element("IsTruncated", false);
  return xml.finish();
}

// --- password policy: kept and answered; no one signs in with a password here

struct PasswordRule {
  std::string_view name;
  std::int64_t least = 0;  ///< of a number; 0 and 0 for a flag
  std::int64_t most = 0;
  std::int64_t fallback = 0;
};

constexpr PasswordRule k_password_rules[] = {
    {"MinimumPasswordLength", 6, 128, 6},
    {"RequireSymbols"},
    {"RequireNumbers"},
    {"RequireUppercaseCharacters"},
    {"RequireLowercaseCharacters"},
    {"AllowUsersToChangePassword"},
    {"MaxPasswordAge", 1, 1095, 0},
    {"PasswordReusePrevention", 1, 24, 0},
    {"HardExpiry"},
};

AwsError no_password_policy(const Operation& operation) {
  return no_such_entity("Password Policy", operation.directory.account());
}

AwsResult<std::string> update_password_policy(Operation& operation) {
  Arguments arguments(operation.input);
  wire::XmlWriter xml(false);
  std::int64_t age = 0;
  for (const PasswordRule& rule : k_password_rules) {
    if (rule.most == 0) {
      xml.element(rule.name, arguments.flag(rule.name));
      continue;
    }
    const std::int64_t value = arguments.number(rule.name, rule.least, rule.most, rule.fallback);
    if (rule.name == "MaxPasswordAge") age = value;
    if (value > 0) xml.element(rule.name, static_cast<long long>(value));
  }
  xml.element("ExpirePasswords", age > 0);
  RETURN_IF_ERROR(arguments.check());
  RETURN_IF_ERROR(operation.allow("UpdateAccountPasswordPolicy", "*"));
  operation.directory.set_setting(k_password_policy, xml.finish());
  return std::string();
}

AwsResult<std::string> get_password_policy(Operation& operation) {
  RETURN_IF_ERROR(operation.allow("GetAccountPasswordPolicy", "*"));
  const std::string policy = operation.directory.setting(k_password_policy);
  if (policy.empty()) return std::unexpected(no_password_policy(operation));
  wire::XmlWriter xml(false);
  xml.open("PasswordPolicy").raw(policy).close();
  return xml.finish();
}

AwsResult<std::string> delete_password_policy(Operation& operation) {
  RETURN_IF_ERROR(operation.allow("DeleteAccountPasswordPolicy", "*"));
  if (operation.directory.setting(k_password_policy).empty()) return std::unexpected(no_password_policy(operation));
  operation.directory.set_setting(k_password_policy, "");
  return std::string();
}

constexpr Row k_operations[] = {
    {"GetAccountSummary", get_account_summary},
    {"CreateAccountAlias", create_account_alias},
    {"DeleteAccountAlias", delete_account_alias},
    {"ListAccountAliases", list_account_aliases},
    {"UpdateAccountPasswordPolicy", update_password_policy},
    {"GetAccountPasswordPolicy", get_password_policy},
    {"DeleteAccountPasswordPolicy", delete_password_policy},
};

}  // namespace

std::span<const Row> account_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::iam
