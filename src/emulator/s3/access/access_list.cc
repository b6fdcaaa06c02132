#include "emulator/s3/access/access_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "emulator/s3/protocol/answers.h"
#include "emulator/s3/protocol/errors.h"
#include "wire/xml.h"

namespace sortie::emulator::s3 {
namespace {

constexpr std::size_t k_max_grants = 100;
/// The account of EC2 that reads images which are kept in buckets (`aws-exec-read`).
constexpr std::string_view k_ec2_id = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c";
constexpr std::string_view k_instance_namespace = "http://www.w3.org/2001/XMLSchema-instance";

constexpr std::pair<std::string_view, Permission> k_permissions[] = {{"FULL_CONTROL", Permission::full_control},
                                                                     {"READ", Permission::read},
                                                                     {"WRITE", Permission::write},
                                                                     {"READ_ACP", Permission::read_acp},
                                                                     {"WRITE_ACP", Permission::write_acp}};
constexpr std::pair<std::string_view, Permission> k_grant_headers[] = {
    {"x-amz-grant-full-control", Permission::full_control},
    {"x-amz-grant-read", Permission::read},
    {"x-amz-grant-read-acp", Permission::read_acp},
    {"x-amz-grant-write", Permission::write},
    {"x-amz-grant-write-acp", Permission::write_acp}};

std::optional<Permission> permission_from(std::string_view name) {
  for (const auto& [own, permission] : k_permissions) {
    if (own == name) return permission;
  }
  return std::nullopt;
}

bool is_group(std::string_view grantee) {
  return grantee == k_all_users || grantee == k_authenticated_users || grantee == k_log_delivery;
}

/// Which ids belong to an account is not ours to know; all look alike.
bool is_canonical_id(std::string_view id) {
  const bool hex = id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return (hex && id.size() == 64) || id == k_anonymous_id;
}

Failure malformed_list() {
  return s3_fail(400, "MalformedACLError",
                 "The XML you provided was not well-formed or did not validate against our published schema");
}

Failure no_mail_addresses() {
  return s3_fail(405, "MethodNotAllowed", "The specified method is not allowed against this resource.");
}

// Canned lists --------------------------------------------------------------------------------------------------------

AwsResult<AccessList> canned_list(std::string_view name, const AclSubject& subject) {
  AccessList list = AccessList::owners_alone(subject.owner);
  const auto give = [&](std::string_view grantee, Permission permission) {
    const Grant grant{std::string(grantee), permission};
    if (std::ranges::find(list.grants, grant) == list.grants.end()) list.grants.push_back(grant);
  };
  if (name == "private") return list;
  if (name == "public-read" || name == "public-read-write") give(k_all_users, Permission::read);
  if (name == "public-read-write") give(k_all_users, Permission::write);
  if (name == "authenticated-read") give(k_authenticated_users, Permission::read);
  if (name == "aws-exec-read") give(k_ec2_id, Permission::read);
  if (name == "log-delivery-write") {
    give(k_log_delivery, Permission::write);
    give(k_log_delivery, Permission::read_acp);
  }
  if (list.grants.size() > 1) return list;
  // The two that name the bucket's owner are of objects; of a bucket they say nothing new.
  if (name == "bucket-owner-read" || name == "bucket-owner-full-control") {
    if (subject.owner == subject.bucket_owner) return list;
    give(subject.bucket_owner, name == "bucket-owner-read" ? Permission::read : Permission::full_control);
    return list;
  }
  return s3_fail(400, "InvalidArgument", "", {{"ArgumentName", "x-amz-acl"}, {"ArgumentValue", std::string(name)}});
}

// Grants in headers ---------------------------------------------------------------------------------------------------

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// One `type="value"`; the quotation marks may be left out.
AwsResult<std::string> grantee_from(std::string_view pair, std::string_view header, std::string_view whole) {
  const auto unknown = [&] { return invalid_argument(header, whole, "Argument format not recognized"); };
  const auto equals = pair.find('=');
  if (equals == std::string_view::npos) return unknown();
  const std::string_view type = trimmed(pair.substr(0, equals));
  std::string_view value = trimmed(pair.substr(equals + 1));
  if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) value = value.substr(1, value.size() - 2);
  if (http::iequals(type, "emailAddress")) return no_mail_addresses();
  if (type == "id") {
    if (!is_canonical_id(value)) return invalid_argument("id", value, "Invalid id");
  } else if (type == "uri") {
    if (!is_group(value)) return invalid_argument("uri", value, "Invalid group uri");
  } else {
    return unknown();
  }
  return std::string(value);
}

AwsResult<void> add_grants(std::string_view header, std::string_view whole, Permission permission, AccessList& list) {
  std::string_view rest = whole;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    ASSIGN_OR_RETURN(auto grantee, grantee_from(rest.substr(0, comma), header, whole));
    const Grant grant{std::move(grantee), permission};
    if (std::ranges::find(list.grants, grant) == list.grants.end()) list.grants.push_back(grant);
    if (list.grants.size() > k_max_grants) return malformed_list();
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  }
  return {};
}

// Documents -----------------------------------------------------------------------------------------------------------

AwsResult<std::string> read_grantee(const wire::XmlNode& node) {
  const std::string type = node.attribute("type").value_or("");
  if (type == "CanonicalUser") {
    const std::string id = node.child_text("ID");
    if (id.empty()) return malformed_list();
    if (!is_canonical_id(id)) return invalid_argument("CanonicalUser/ID", id, "Invalid id");
    return id;
  }
  if (type == "Group") {
    const std::string uri = node.child_text("URI");
    if (uri.empty()) return malformed_list();
    if (!is_group(uri)) return invalid_argument("Group/URI", uri, "Invalid group uri");
    return uri;
  }
  if (type == "AmazonCustomerByEmail" && node.child("EmailAddress")) return no_mail_addresses();
  return malformed_list();
}

}  // namespace

std::string_view to_string(Permission permission) {
  return std::ranges::find(k_permissions, permission, [](const auto& entry) { return entry.second; })->first;
}

AccessList AccessList::owners_alone(std::string_view owner) {
  return {std::string(owner), {{std::string(owner), Permission::full_control}}};
}

bool AccessList::grants_to(std::string_view grantee, Permission permission) const {
  return std::ranges::any_of(grants, [&](const Grant& grant) {
    return grant.grantee == grantee && (grant.permission == permission || grant.permission == Permission::full_control);
  });
}

bool AccessList::is_public() const {
  return std::ranges::any_of(grants, [](const Grant& grant) {
    return grant.grantee == k_all_users || grant.grantee == k_authenticated_users;
  });
}

bool AccessList::gives_to_others() const {
  return std::ranges::any_of(grants, [&](const Grant& grant) { return grant.grantee != owner; });
}

bool has_acl_headers(const http::Headers& headers) {
  return headers.contains("x-amz-acl") ||
         std::ranges::any_of(k_grant_headers, [&](const auto& entry) { return headers.contains(entry.first); });
}

AwsResult<std::optional<AccessList>> read_acl_headers(const http::Headers& headers, const AclSubject& subject) {
  const auto canned = headers.get("x-amz-acl");
  std::optional<AccessList> list;
  for (const auto& [header, permission] : k_grant_headers) {
    const auto value = headers.get(header);
    if (!value) continue;
    if (canned) return invalid_request("Specifying both Canned ACLs and Header Grants is not allowed");
    if (!list) list = AccessList{subject.owner, {}};
    RETURN_IF_ERROR(add_grants(header, *value, permission, *list));
  }
  if (!canned) return list;
  ASSIGN_OR_RETURN(auto named, canned_list(*canned, subject));
  return std::move(named);
}

AwsResult<AccessList> read_acl_document(std::string_view xml, const AclSubject& subject) {
  const auto document = wire::XmlDocument::parse(xml);
  if (!document || document->root().name() != "AccessControlPolicy") return malformed_list();
  const std::string owner = document->root().child("Owner").child_text("ID");
  const auto content = document->root().child("AccessControlList");
  if (owner.empty() || !content) return malformed_list();
  const auto entries = content.children();
  if (entries.size() > k_max_grants) return malformed_list();
  AccessList list{subject.owner, {}};
  for (const auto& entry : entries) {
    const auto grantee_node = entry.child("Grantee");
    const auto permission = permission_from(entry.child_text("Permission"));
    if (entry.name() != "Grant" || !grantee_node || !permission) return malformed_list();
    ASSIGN_OR_RETURN(auto grantee, read_grantee(grantee_node));
    const Grant grant{std::move(grantee), *permission};
    if (std::ranges::find(list.grants, grant) == list.grants.end()) list.grants.push_back(grant);
  }
  if (!is_canonical_id(owner)) return invalid_argument("CanonicalUser/ID", owner, "Invalid id");
  if (owner != subject.owner) return access_denied();
  return list;
}

std::string acl_document(const AccessList& list) {
  wire::XmlWriter xml;
  xml.open("AccessControlPolicy", k_xmlns).open("Owner").element("ID", list.owner).close().open("AccessControlList");
  for (const Grant& grant : list.grants) {
    const bool group = is_group(grant.grantee);
    xml.open("Grant").open("Grantee").attribute("xmlns:xsi", k_instance_namespace);
    xml.attribute("xsi:type", group ? "Group" : "CanonicalUser").element(group ? "URI" : "ID", grant.grantee).close();
    xml.element("Permission", to_string(grant.permission)).close();
  }
  return xml.finish();
}

std::string pack(const AccessList& list) {
  std::string text = list.owner;
  for (const Grant& grant : list.grants) text += fmt::format("\n{} {}", to_string(grant.permission), grant.grantee);
  return text;
}

AccessList unpack_acl(std::string_view text) {
  AccessList list;
  const auto line = [&] {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view first = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return first;
  };
  list.owner = line();
  while (!text.empty()) {
    const std::string_view entry = line();
    const auto space = std::min(entry.find(' '), entry.size());
    const auto permission = permission_from(entry.substr(0, space));
    if (permission) list.grants.push_back({std::string(entry.substr(std::min(space + 1, entry.size()))), *permission});
  }
  return list;
}

bool allows_acls(std::string_view ownership_controls) {
  return !ownership_controls.empty() && !ownership_controls.contains("BucketOwnerEnforced");
}

}  // namespace sortie::emulator::s3
