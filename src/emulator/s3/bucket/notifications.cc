#include "emulator/s3/bucket/notifications.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "emulator/core/protocol.h"
#include "emulator/s3/protocol/answers.h"
#include "emulator/s3/protocol/errors.h"
#include "wire/arn.h"
#include "wire/date.h"
#include "wire/uri.h"

namespace sortie::emulator::s3 {
namespace {

namespace json = boost::json;

constexpr std::size_t k_max_rules = 100;
constexpr std::size_t k_max_filter_value = 1024;

/// All that AWS accepts. Those of archives, replication and lifecycles never happen here.
constexpr std::string_view k_events[] = {
    "s3:ReducedRedundancyLostObject",
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:Put",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Post",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationNotTracked",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationReplicatedAfterThreshold",
    "s3:LifecycleTransition",
    "s3:IntelligentTiering",
    "s3:ObjectAcl:Put",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Put",
    "s3:ObjectTagging:Delete",
};

bool covers(std::string_view wanted, std::string_view event) {
  return wanted.ends_with('*') ? event.starts_with(wanted.substr(0, wanted.size() - 1)) : wanted == event;
}

AwsResult<void> read_filter(const wire::XmlNode& filter, NotificationRule& rule) {
  bool has_prefix = false;
  bool has_suffix = false;
  for (const auto& part : filter.child("S3Key").children("FilterRule")) {
    const std::string name = part.child_text("Name");
    const std::string value = part.child_text("Value");
    const bool prefix = http::iequals(name, "prefix");
    if (!prefix && !http::iequals(name, "suffix")) {
      return invalid_argument("FilterRule.Name", name, "filter rule name must be either prefix or suffix");
    }
    if (std::exchange(prefix ? has_prefix : has_suffix, true)) {
      return invalid_argument(
          "FilterRule.Name", name,
          fmt::format("Cannot specify more than one {} rule in a filter.", prefix ? "prefix" : "suffix"));
    }
    if (value.size() > k_max_filter_value) {
      return invalid_argument(
          "FilterRule.Value", value,
          fmt::format("Size of filter rule value cannot exceed {} bytes in UTF-8", k_max_filter_value));
    }
    (prefix ? rule.prefix : rule.suffix) = value;
  }
  return {};
}

AwsResult<NotificationRule> read_rule(const wire::XmlNode& node) {
  NotificationRule rule{.id = node.child_text("Id"), .function = node.child_text("CloudFunction")};
  if (rule.id.empty()) rule.id = make_request_id();
  if (rule.function.empty()) return malformed_xml();
  const auto arn = wire::parse_arn(rule.function);
  if (!arn || arn->service != "lambda") {
    return invalid_argument("CloudFunction", rule.function, "The ARN is not well formed");
  }
  for (const auto& event : node.children("Event")) {
    if (std::ranges::find(k_events, event.text()) == std::end(k_events)) {
      return invalid_argument("Event", event.text(), "The event is not supported for notifications");
    }
    rule.events.push_back(event.text());
  }
  if (rule.events.empty()) return malformed_xml();
  RETURN_IF_ERROR(read_filter(node.child("Filter"), rule));
  return rule;
}

bool share_an_event(const NotificationRule& one, const NotificationRule& other) {
  return std::ranges::any_of(one.events, [&](std::string_view mine) {
    return std::ranges::any_of(other.events,
                               [&](std::string_view theirs) { return covers(mine, theirs) || covers(theirs, mine); });
  });
}

bool overlap(std::string_view one, std::string_view other, bool at_the_end) {
  if (one.size() > other.size()) std::swap(one, other);
  return at_the_end ? other.ends_with(one) : other.starts_with(one);
}

/// Each event on a key has one function at most.
AwsResult<void> check_overlaps(const std::vector<NotificationRule>& rules) {
  std::set<std::string_view> ids;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const NotificationRule& rule = rules[i];
    if (!ids.insert(rule.id).second) {
      return invalid_argument("Id", rule.id, "Same ID used for multiple configurations. IDs must be unique");
    }
    for (std::size_t j = 0; j < i; ++j) {
      const NotificationRule& other = rules[j];
      if (!share_an_event(rule, other)) continue;
      if (!overlap(rule.prefix, other.prefix, false) || !overlap(rule.suffix, other.suffix, true)) continue;
      const bool unfiltered =
          (rule.prefix.empty() && rule.suffix.empty()) || (other.prefix.empty() && other.suffix.empty());
      return s3_fail(400, "InvalidArgument",
                     unfiltered ? "Configurations overlap. Configurations on the same bucket cannot share a common "
                                  "event type."
                                : "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules "
                                  "if the prefixes are overlapping for the same event type.");
    }
  }
  return {};
}

/// Form encoding, in which keys are written: `red flower.jpg` is `red+flower.jpg`.
std::string encoded_key(std::string_view key) {
  std::string text = wire::uri_encode(key, wire::Slash::keep);
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text.compare(at, 3, "%20") == 0) {
      result += '+';
      at += 2;
    } else {
      result += text[at];
    }
  }
  return result;
}

std::string principal_id(const Principal& principal) {
  if (principal.kind == Principal::Kind::anonymous) return "Anonymous";
  return "AWS:" + (principal.user_id.empty() ? principal.account : principal.user_id);
}

/// The id that a customer has outside of AWS: one for each account.
std::string customer_id(std::string_view account) {
  std::string id = "A" + owner_id(account).substr(0, 13);
  std::ranges::transform(id, id.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return id;
}

json::object object_of(const NotificationRecord& record) {
  const Object& object = record.object;
  json::object result{{"key", encoded_key(object.key)}};
  if (record.event.starts_with("ObjectCreated:")) result.emplace("size", object.size);
  if (record.event != "ObjectRemoved:Delete") {
    // A delete marker has the tag of no bytes.
    result.emplace("eTag", object.marker ? "d41d8cd98f00b204e9800998ecf8427e" : object.etag);
  }
  if (!object.version.empty() && object.version != k_null_version) result.emplace("versionId", object.version);
  if (!record.event.starts_with("ObjectTagging:") && !record.event.starts_with("ObjectAcl:")) {
    result.emplace("sequencer", fmt::format("{:018X}", record.sequencer));
  }
  return result;
}

}  // namespace

bool NotificationRule::wants(std::string_view event, std::string_view key) const {
  const std::string name = fmt::format("s3:{}", event);
  return std::ranges::any_of(events, [&](std::string_view wanted) { return covers(wanted, name); }) &&
         key.starts_with(prefix) && key.ends_with(suffix);
}

AwsResult<std::vector<NotificationRule>> read_notification_rules(const wire::XmlNode& root) {
  std::vector<NotificationRule> rules;
  for (const auto& node : root.children()) {
    if (node.name() == "CloudFunctionConfiguration") {
      ASSIGN_OR_RETURN(auto rule, read_rule(node));
      rules.push_back(std::move(rule));
      continue;
    }
    NotificationRule other;
    RETURN_IF_ERROR(read_filter(node.child("Filter"), other));
    for (const auto& [name, what] : {std::pair{"QueueConfiguration", "queues"},
                                     {"TopicConfiguration", "topics"},
                                     {"EventBridgeConfiguration", "EventBridge"}}) {
      if (node.name() != name) continue;
      return Failure(not_implemented("s3", fmt::format("PutBucketNotificationConfiguration with {}", what)));
    }
    return malformed_xml();
  }
  if (rules.size() > k_max_rules) return malformed_xml();
  RETURN_IF_ERROR(check_overlaps(rules));
  return rules;
}

std::string notification_content(const std::vector<NotificationRule>& rules) {
  wire::XmlWriter xml(false);
  for (const auto& rule : rules) {
    xml.open("CloudFunctionConfiguration").element("Id", rule.id).element("CloudFunction", rule.function);
    for (const auto& event : rule.events) xml.element("Event", event);
    if (!rule.prefix.empty() || !rule.suffix.empty()) {
      xml.open("Filter").open("S3Key");
      if (!rule.prefix.empty()) xml.open("FilterRule").element("Name", "Prefix").element("Value", rule.prefix).close();
      if (!rule.suffix.empty()) xml.open("FilterRule").element("Name", "Suffix").element("Value", rule.suffix).close();
      xml.close().close();
    }
    xml.close();
  }
  return xml.finish();
}

std::string notification_document(const NotificationRecord& record) {
  const bool newer = record.event.starts_with("ObjectTagging:") || record.event.starts_with("ObjectAcl:");
  const Call& call = record.call;
  json::object bucket{{"name", record.bucket.name},
                      {"ownerIdentity", json::object{{"principalId", customer_id(call.account)}}},
                      {"arn", "arn:aws:s3:::" + record.bucket.name}};
  json::object s3{{"s3SchemaVersion", "1.0"},
                  {"configurationId", record.rule_id},
                  {"bucket", std::move(bucket)},
                  {"object", object_of(record)}};
  json::object event{
      {"eventVersion", newer ? "2.3" : "2.1"},
      {"eventSource", "aws:s3"},
      {"awsRegion", record.bucket.region},
      {"eventTime", wire::format_iso8601_millis(record.time)},
      {"eventName", record.event},
      {"userIdentity", json::object{{"principalId", principal_id(call.principal)}}},
      {"requestParameters", json::object{{"sourceIPAddress", call.request.peer_address}}},
      {"responseElements", json::object{{"x-amz-request-id", call.request_id}, {"x-amz-id-2", record.host_id}}},
      {"s3", std::move(s3)}};
  return json::serialize(json::object{{"Records", json::array{std::move(event)}}});
}

}  // namespace sortie::emulator::s3
