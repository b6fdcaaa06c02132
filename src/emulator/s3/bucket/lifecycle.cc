#include "emulator/s3/bucket/lifecycle.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>

#include "base/number.h"
#include "emulator/core/random.h"
#include "emulator/s3/bucket/documents.h"
#include "emulator/s3/protocol/errors.h"
#include "wire/checksum.h"
#include "wire/date.h"

namespace sortie::emulator::s3 {
namespace {

using wire::XmlNode;

constexpr std::size_t k_max_rules = 1000;
constexpr std::size_t k_max_rule_id = 255;
constexpr int k_max_newer_versions = 100;
/// Objects cannot become infrequently accessed earlier.
constexpr int k_infrequent_days = 30;
constexpr std::string_view k_transition_classes[] = {"STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING",
                                                     "GLACIER",     "GLACIER_IR", "DEEP_ARCHIVE"};

Failure bad_argument(std::string_view element, std::string_view value, std::string message) {
  return invalid_argument(element, value, std::move(message));
}

/// MalformedXML for what is no whole number, InvalidArgument for one below `least`.
AwsResult<int> read_days(const XmlNode& node, std::string_view action, int least) {
  const std::string text = node.text();
  const auto parsed = parse_number<int>(text);
  if (!parsed) return malformed_xml();
  const int days = *parsed;
  if (days >= least) return days;
  if (action == "Transition") {
    return bad_argument(node.name(), text, fmt::format("'{}' in {} action must be nonnegative", node.name(), action));
  }
  return bad_argument(node.name(), text,
                      fmt::format("'{}' for {} action must be a positive integer", node.name(), action));
}

AwsResult<void> check_date(const XmlNode& node) {
  const auto date = wire::parse_iso8601(node.text());
  if (!date) return malformed_xml();
  if (std::chrono::floor<std::chrono::days>(*date) == *date) return {};
  return bad_argument("Date", node.text(), "'Date' must be at midnight GMT");
}

AwsResult<std::optional<int>> check_expiration(const XmlNode& rule) {
  const auto expiration = rule.child("Expiration");
  if (!expiration) return std::nullopt;
  const auto days = expiration.child("Days");
  const auto date = expiration.child("Date");
  const auto marker = expiration.child("ExpiredObjectDeleteMarker");
  if (static_cast<int>(!!days) + static_cast<int>(!!date) + static_cast<int>(!!marker) != 1) return malformed_xml();
  if (marker && marker.text() != "true" && marker.text() != "false") return malformed_xml();
  if (marker && (rule.child("Filter").child("Tag") || rule.child("Filter").child("And").child("Tag"))) {
    return invalid_request("ExpiredObjectDeleteMarker cannot be specified with Tags.");
  }
  if (date) {
    RETURN_IF_ERROR(check_date(date));
  }
  if (!days) return std::nullopt;
  ASSIGN_OR_RETURN(const auto number, read_days(days, "Expiration", 1));
  return number;
}

AwsResult<void> check_class(const XmlNode& transition, std::optional<int> days) {
  const std::string name = transition.child_text("StorageClass");
  if (std::ranges::find(k_transition_classes, name) == std::end(k_transition_classes)) return malformed_xml();
  const bool infrequent = name == "STANDARD_IA" || name == "ONEZONE_IA";
  if (!infrequent || !days || *days >= k_infrequent_days) return {};
  return bad_argument(
      "Days", fmt::to_string(*days),
      fmt::format("'Days' in Transition action must be greater than or equal to {} for storageClass '{}'",
                  k_infrequent_days, name));
}

AwsResult<void> check_transitions(const XmlNode& rule, std::optional<int> expires) {
  for (const auto& transition : rule.children("Transition")) {
    const auto days = transition.child("Days");
    const auto date = transition.child("Date");
    if (!!days == !!date) return malformed_xml();
    std::optional<int> after;
    if (days) {
      ASSIGN_OR_RETURN(const auto number, read_days(days, "Transition", 0));
      after = number;
    } else if (auto valid = check_date(date); !valid) {
      return valid;
    }
    if (auto valid = check_class(transition, after); !valid) return valid;
    if (after && expires && *expires <= *after) {
      return bad_argument(
          "Days", fmt::to_string(*expires),
          fmt::format("'Days' in the Expiration action for filter '(prefix={})' must be greater than 'Days' in the "
                      "Transition action",
                      rule.child_text("Prefix") + rule.child("Filter").child_text("Prefix")));
    }
  }
  return {};
}

/// What is said of older versions and of unfinished uploads.
AwsResult<void> check_others(const XmlNode& rule) {
  for (const auto* action : {"NoncurrentVersionExpiration", "NoncurrentVersionTransition"}) {
    for (const auto& node : rule.children(action)) {
      const auto days = node.child("NoncurrentDays");
      if (!days) return malformed_xml();
      RETURN_IF_ERROR(read_days(days, action, 1));
      if (const auto newer = node.child("NewerNoncurrentVersions")) {
        ASSIGN_OR_RETURN(const auto number, read_days(newer, action, 1));
        if (number > k_max_newer_versions) return malformed_xml();
      }
      if (std::string_view(action).ends_with("Transition")) {
        if (auto valid = check_class(node, {}); !valid) return valid;
      }
    }
  }
  const auto abort = rule.child("AbortIncompleteMultipartUpload");
  if (!abort) return {};
  if (rule.child("Filter").child("Tag") || rule.child("Filter").child("And").child("Tag")) {
    return invalid_request("AbortIncompleteMultipartUpload cannot be specified with Tags.");
  }
  RETURN_IF_ERROR(read_days(abort.child("DaysAfterInitiation"), "AbortIncompleteMultipartUpload", 1));
  return {};
}

AwsResult<void> check_rule(const XmlNode& rule) {
  const std::string status = rule.child_text("Status");
  if (status != "Enabled" && status != "Disabled") return malformed_xml();
  if (!rule.child("Filter") && !rule.child("Prefix")) return malformed_xml();
  if (rule.child("Filter").children().size() > 1) return malformed_xml();
  static constexpr const char* k_actions[] = {"Expiration", "Transition", "NoncurrentVersionExpiration",
                                              "NoncurrentVersionTransition", "AbortIncompleteMultipartUpload"};
  const auto there = [&](const char* action) { return static_cast<bool>(rule.child(action)); };
  if (std::ranges::none_of(k_actions, there)) {
    return invalid_request("At least one action needs to be specified in a rule.");
  }
  if (rule.child_text("ID").size() > k_max_rule_id) {
    return s3_fail(400, "InvalidArgument", "ID length should not exceed allowed limit of 255");
  }
  ASSIGN_OR_RETURN(const auto expires, check_expiration(rule));
  if (auto valid = check_transitions(rule, expires); !valid) return valid;
  return check_others(rule);
}

}  // namespace

AwsResult<std::string> read_lifecycle(const XmlNode& root) {
  const auto rules = root.children("Rule");
  if (rules.empty() || rules.size() > k_max_rules || rules.size() != root.children().size()) return malformed_xml();
  std::set<std::string> ids;
  wire::XmlWriter xml(false);
  for (const auto& rule : rules) {
    RETURN_IF_ERROR(check_rule(rule));
    std::string id = rule.child_text("ID");
    if (id.empty()) id = wire::base64_encode(random_bytes(36));
    if (!ids.insert(id).second) {
      return bad_argument("ID", id, "Rule ID must be unique. Found same ID for more than one rule");
    }
    xml.open("Rule").element("ID", id);
    for (const auto& child : rule.children()) {
      if (child.name() != "ID") copy_node(xml, child);
    }
    xml.close();
  }
  return xml.finish();
}

}  // namespace sortie::emulator::s3
