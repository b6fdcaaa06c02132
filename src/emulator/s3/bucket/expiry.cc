#include "emulator/s3/bucket/expiry.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/number.h"
#include "wire/date.h"
#include "wire/uri.h"
#include "wire/xml.h"

namespace sortie::emulator::s3 {
namespace {

std::optional<std::uint64_t> number_of(const wire::XmlNode& node) {
  if (!node) return std::nullopt;
  const std::string text = node.text();
  return parse_number<std::uint64_t>(text);
}

bool has_tag(const Object& object, const wire::XmlNode& tag) {
  return std::ranges::any_of(object.traits.tags, [&](const auto& own) {
    return own.first == tag.child_text("Key") && own.second == tag.child_text("Value");
  });
}

/// Every condition that `filter` names, directly or in its `<And>`.
bool matches(const wire::XmlNode& filter, const Object& object) {
  for (const auto& condition : filter.children()) {
    const std::string_view name = condition.name();
    if (name == "And" && !matches(condition, object)) return false;
    if (name == "Prefix" && !object.key.starts_with(condition.text())) return false;
    if (name == "Tag" && !has_tag(object, condition)) return false;
    if (name == "ObjectSizeGreaterThan" && object.size <= number_of(condition).value_or(0)) return false;
    if (name == "ObjectSizeLessThan" && object.size >= number_of(condition).value_or(0)) return false;
  }
  return true;
}

std::optional<SystemTime> expires(const wire::XmlNode& rule, const Object& object) {
  using std::chrono::days;
  const auto expiration = rule.child("Expiration");
  if (const auto date = expiration.child("Date")) return wire::parse_timestamp(date.text());
  const auto after = number_of(expiration.child("Days"));
  if (!after) return std::nullopt;
  return SystemTime(std::chrono::ceil<days>(object.modified + days(static_cast<int>(*after))));
}

}  // namespace

std::optional<std::string> expiration_of(std::string_view rules, const Object& object) {
  if (rules.empty()) return std::nullopt;
  const auto document = wire::XmlDocument::parse(fmt::format("<Rules>{}</Rules>", rules));
  if (!document) return std::nullopt;
  std::optional<SystemTime> earliest;
  std::string id;
  for (const auto& rule : document->root().children("Rule")) {
    if (rule.child_text("Status") != "Enabled") continue;
    const auto filter = rule.child("Filter");
    if (filter ? !matches(filter, object) : !object.key.starts_with(rule.child_text("Prefix"))) continue;
    const auto when = expires(rule, object);
    if (!when || (earliest && *earliest <= *when)) continue;
    earliest = when;
    id = rule.child_text("ID");
  }
  if (!earliest) return std::nullopt;
  return fmt::format("expiry-date=\"{}\", rule-id=\"{}\"", wire::format_http_date(*earliest),
                     wire::uri_encode(id, wire::Slash::encode));
}

}  // namespace sortie::emulator::s3
