#include "emulator/iam/operation.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/ascii.h"
#include "base/number.h"
#include "emulator/iam/pattern.h"
#include "emulator/iam/principal_names.h"
#include "wire/arn.h"
#include "wire/checksum.h"
#include "wire/date.h"
#include "wire/uri.h"

namespace sortie::emulator::iam {

namespace {

constexpr std::size_t k_max_tags = 50;
constexpr std::size_t k_max_path = 512;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("+=,.@_-").find(c) != std::string_view::npos;
}

/// `RoleName` is called `roleName` in validation errors.
std::string lower_first(std::string_view parameter) {
  std::string name(parameter);
  if (!name.empty()) name[0] = ascii_lower(name[0]);
  return name;
}

}  // namespace

AwsResult<void> Operation::allow(std::string_view action, const std::string& resource, ContextKeys context) const {
  AuthorizationRequest request;
  request.action = "iam:" + std::string(action);
  request.resource = resource;
  request.context = std::move(context);
  return access.authorize(call, request);
}

std::string Operation::arn(std::string_view kind, std::string_view path, std::string_view name) const {
  return fmt::format("arn:aws:iam::{}:{}{}{}", directory.account(), kind, path, name);
}

// --- arguments

void Arguments::violate(std::string_view parameter, std::string_view constraint) {
  violations_.add_unshown(lower_first(parameter), constraint);
}

std::string Arguments::required(std::string_view parameter) {
  const auto value = input_.get(parameter);
  if (value) return std::string(*value);
  violations_.add_missing(lower_first(parameter));
  return {};
}

std::string Arguments::name(std::string_view parameter, std::size_t most) {
  if (!input_.get(parameter)) return required(parameter);
  return optional_name(parameter, most);
}

std::string Arguments::optional_name(std::string_view parameter, std::size_t most) {
  const auto value = input_.get(parameter);
  if (!value) return {};
  if (value->empty()) violate(parameter, constraint::min_length(1));
  if (value->size() > most) {
    violate(parameter, constraint::max_length(most));
  }
  if (!std::ranges::all_of(*value, is_name_character) && other_.empty()) {
    other_ = fmt::format(
        "The specified value for {} is invalid. It must contain only alphanumeric characters and/or the following: "
        "+=,.@_-",
        lower_first(parameter));
  }
  return std::string(*value);
}

std::string Arguments::word(std::string_view parameter, std::size_t least, std::size_t most) {
  std::string value = required(parameter);
  if (!input_.get(parameter)) return value;
  if (value.size() < least) {
    violate(parameter, constraint::min_length(least));
  }
  if (value.size() > most) violate(parameter, constraint::max_length(most));
  const auto is_word = [](char c) {
    return c == '_' || (is_name_character(c) && !std::string_view("+=,.@-").contains(c));
  };
  if (!std::ranges::all_of(value, is_word)) {
    violate(parameter, "Member must satisfy regular expression pattern: [\\w]+");
  }
  return value;
}

std::string Arguments::path(std::string_view parameter) {
  const std::string value(input_.get_or(parameter, "/"));
  const bool printable = std::ranges::all_of(value, [](char c) { return c > 0x20 && c < 0x7f; });
  if (value.size() > k_max_path) {
    violate(parameter, constraint::max_length(k_max_path));
  }
  if ((!value.starts_with('/') || !value.ends_with('/') || !printable) && other_.empty()) {
    other_ =
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric "
        "characters and/or / characters.";
  }
  return value;
}

std::string Arguments::path_prefix() {
  const std::string value(input_.get_or("PathPrefix", "/"));
  if (value.size() > k_max_path) violate("PathPrefix", constraint::max_length(512));
  if (!value.starts_with('/')) {
    violate("PathPrefix", "Member must satisfy regular expression pattern: \\u002F[\\u0021-\\u007F]*");
  }
  return value;
}

std::string Arguments::document(std::string_view parameter) {
  std::string value = required(parameter);
  if (input_.get(parameter) && value.empty()) {
    violate(parameter, constraint::min_length(1));
  }
  if (value.size() > k_max_policy_bytes) violate(parameter, constraint::max_length(131072));
  return value;
}

std::string Arguments::arn(std::string_view parameter) {
  std::string value = required(parameter);
  if (value.empty() && !input_.get(parameter)) return value;
  if (value.size() < 20) violate(parameter, constraint::min_length(20));
  if (value.size() > 2048) violate(parameter, constraint::max_length(2048));
  if (!wire::is_arn(value) && violations_.empty() && other_.empty()) other_ = "Invalid ARN:  Could not be parsed!";
  return value;
}

std::string Arguments::optional_text(std::string_view parameter, std::size_t most) {
  std::string value(input_.get_or(parameter, ""));
  if (value.size() > most) violate(parameter, constraint::max_length(most));
  return value;
}

std::int64_t Arguments::number(std::string_view parameter, std::int64_t least, std::int64_t most,
                               std::int64_t fallback) {
  const auto text = input_.get(parameter);
  if (!text) return fallback;
  const auto value = parse_number<std::int64_t>(*text);
  if (!value) {
    violate(parameter, "Member must be an integer");
  } else if (*value < least) {
    violate(parameter, constraint::min_value(least));
  } else if (*value > most) {
    violate(parameter, constraint::max_value(most));
  }
  return value.value_or(fallback);
}

bool Arguments::flag(std::string_view parameter) {
  return input_.get_or(parameter, "false") == "true";
}

std::string Arguments::choice(std::string_view parameter, std::initializer_list<std::string_view> choices,
                              std::string_view fallback) {
  if (!input_.get(parameter)) return fallback.empty() ? required(parameter) : std::string(fallback);
  std::string value(input_.get_or(parameter, ""));
  if (std::ranges::find(choices, value) == choices.end()) violate(parameter, "Member must satisfy enum value set");
  return value;
}

Tags Arguments::tags() {
  Tags tags = input_.pairs("Tags", "Key", "Value");
  std::set<std::string> seen;
  for (const auto& [key, value] : tags) {
    if (key.empty()) violate("tags", constraint::min_length(1));
    if (key.size() > 128) violate("tags", constraint::max_length(128));
    if (value.size() > 256) violate("tags", constraint::max_length(256));
    if (!seen.insert(ascii_lower(key)).second && other_.empty()) {
      other_ = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
    }
  }
  if (tags.size() > k_max_tags) violate("tags", constraint::max_length(50));
  return tags;
}

std::vector<std::string> Arguments::tag_keys() {
  auto keys = input_.list("TagKeys");
  if (keys.size() > k_max_tags) violate("tagKeys", constraint::max_length(50));
  return keys;
}

AwsResult<void> Arguments::check() const {
  if (!violations_.empty()) {
    return aws_fail(400, "ValidationError", violations_.sentence());
  }
  if (other_.empty()) return {};
  const bool input = other_.starts_with("Duplicate tag");
  return aws_fail(400, input ? "InvalidInput" : "ValidationError", other_);
}

// --- pages

Page::Page(const Operation& operation) {
  Arguments arguments(operation.input);
  room_ = arguments.number("MaxItems", 1, 1000, 100);
  error_ = arguments.check();
  if (const auto marker = operation.input.get("Marker")) {
    const auto decoded = wire::base64_decode(*marker);
    if (decoded) {
      after_ = *decoded;
    } else if (error_) {
      error_ = aws_fail(400, "ValidationError", "Invalid Marker.");
    }
  }
}

AwsResult<void> Page::check() const {
  return error_;
}

bool Page::takes(std::string_view key) {
  if (truncated_ || (!after_.empty() && key <= after_)) return false;
  if (room_ == 0) {
    truncated_ = true;
    return false;
  }
  --room_;
  last_ = std::string(key);
  return true;
}

void Page::finish(wire::XmlWriter& xml) const {
  xml.element("IsTruncated", truncated_);
  if (truncated_) xml.element("Marker", wire::base64_encode(last_));
}

// --- errors

AwsError no_such_entity(std::string_view kind, std::string_view name) {
  return {404, "NoSuchEntity", fmt::format("The {} with name {} cannot be found.", kind, name), {}};
}

AwsError already_exists(std::string_view kind, std::string_view name) {
  return {409, "EntityAlreadyExists", fmt::format("{} with name {} already exists.", kind, name), {}};
}

AwsError delete_conflict(std::string message) {
  return {409, "DeleteConflict", std::move(message), {}};
}

AwsError no_such_policy(std::string_view arn) {
  return {404, "NoSuchEntity", fmt::format("Policy {} does not exist or is not attachable.", arn), {}};
}

AwsError limit_exceeded(std::string message) {
  return {409, "LimitExceeded", std::move(message), {}};
}

AwsResult<const Role*> need_role(const Operation& operation, const std::string& name) {
  if (const Role* role = operation.directory.find_role(name)) return role;
  return std::unexpected(no_such_entity("role", name));
}

AwsResult<const User*> need_user(const Operation& operation, const std::string& name) {
  if (const User* user = operation.directory.find_user(name)) return user;
  return std::unexpected(no_such_entity("user", name));
}

AwsResult<const Group*> need_group(const Operation& operation, const std::string& name) {
  if (const Group* group = operation.directory.find_group(name)) return group;
  return std::unexpected(no_such_entity("group", name));
}

AwsResult<const ManagedPolicy*> need_policy(const Operation& operation, const std::string& arn) {
  if (!wire::is_arn(arn)) return aws_fail(400, "ValidationError", "Invalid ARN:  Could not be parsed!");
  if (const ManagedPolicy* policy = operation.directory.find_policy(arn)) return policy;
  return aws_fail(404, "NoSuchEntity", fmt::format("Policy {} was not found.", arn));
}

// --- answers

std::string encoded_document(std::string_view document) {
  return wire::uri_encode(document);
}

void write_tags(wire::XmlWriter& xml, const Tags& tags) {
  xml.open("Tags");
  for (const auto& [key, value] : tags) xml.open("member").element("Key", key).element("Value", value).close();
  xml.close();
}

void write_boundary(wire::XmlWriter& xml, const std::string& boundary) {
  if (boundary.empty()) return;
  xml.open("PermissionsBoundary").element("PermissionsBoundaryType", "Policy");
  xml.element("PermissionsBoundaryArn", boundary).close();
}

void write_role(wire::XmlWriter& xml, const Directory& directory, const Role& role, bool with_session_duration) {
  xml.element("Path", role.path).element("RoleName", role.name).element("RoleId", role.id).element("Arn", role.arn);
  xml.element("CreateDate", wire::format_iso8601(role.created));
  xml.element("AssumeRolePolicyDocument", encoded_document(with_principal_names(directory, role.trust)));
  if (!role.description.empty()) xml.element("Description", role.description);
  if (with_session_duration) {
    xml.element("MaxSessionDuration", static_cast<long long>(role.max_session_seconds));
  }
}

void write_last_used(wire::XmlWriter& xml, const Operation& operation, const Role& role) {
  xml.open("RoleLastUsed");
  if (const auto use = operation.access.last_uses().find(role.id)) {
    xml.element("LastUsedDate", wire::format_iso8601(use->time)).element("Region", use->region);
  }
  xml.close();
}

std::string tag_listing(const Tags& tags) {
  wire::XmlWriter xml(false);
  xml.element("IsTruncated", false);
  write_tags(xml, tags);
  return xml.finish();
}

// --- tags

AwsResult<void> merge_tags(Tags& tags, const Tags& more) {
  for (const auto& [key, value] : more) {
    const auto same =
        std::ranges::find_if(tags, [&](const auto& tag) { return ascii_lower(tag.first) == ascii_lower(key); });
    if (same == tags.end()) {
      tags.emplace_back(key, value);
    } else {
      *same = {key, value};
    }
  }
  if (tags.size() <= k_max_tags) return {};
  return std::unexpected(limit_exceeded("The number of tags has reached the maximum limit."));
}

void remove_tags(Tags& tags, const std::vector<std::string>& keys) {
  std::erase_if(tags, [&](const auto& tag) {
    return std::ranges::any_of(keys,
                               [&](const std::string& key) { return ascii_lower(key) == ascii_lower(tag.first); });
  });
}

ContextKeys resource_tag_keys(const Tags& tags) {
  ContextKeys keys;
  for (const auto& [key, value] : tags) {
    keys.emplace_back("aws:ResourceTag/" + key, value);
    keys.emplace_back("iam:ResourceTag/" + key, value);
  }
  return keys;
}

ContextKeys request_tag_keys(const Tags& tags) {
  ContextKeys keys;
  for (const auto& [key, value] : tags) {
    keys.emplace_back("aws:RequestTag/" + key, value);
    keys.emplace_back("aws:TagKeys", key);
  }
  return keys;
}

}  // namespace sortie::emulator::iam
