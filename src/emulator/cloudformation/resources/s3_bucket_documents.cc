#include "emulator/cloudformation/resources/s3_bucket_documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "wire/xml.h"

namespace sortie::emulator::cloudformation {
namespace {

using Names = std::initializer_list<std::string_view>;

AwsResult<void> check_names(const Properties& properties, Names known) {
  for (const auto& member : properties) {
    if (std::ranges::find(known, std::string_view(member.key())) == known.end()) {
      return refuse(fmt::format("Encountered unsupported property {}", std::string_view(member.key())));
    }
  }
  return {};
}

/// An element for each text.
void write_texts(wire::XmlWriter& xml, std::string_view element, const std::vector<std::string>& texts) {
  for (const auto& text : texts) xml.element(element, text);
}

/// An element where there is a value.
void write_text(wire::XmlWriter& xml, std::string_view element, const std::string& text) {
  if (!text.empty()) xml.element(element, text);
}

// Lifecycle -----------------------------------------------------------------------------------------------------------

/// A transition, or a list of them: `one` is the older property.
std::vector<Properties> either(const Properties& rule, std::string_view one, std::string_view many) {
  auto all = objects_of(rule, many);
  if (rule.contains(one)) all.push_back(object_of(rule, one));
  return all;
}

/// Elements that a rule's filter has.
void write_conditions(wire::XmlWriter& xml, const Properties& rule) {
  if (rule.contains("Prefix")) xml.element("Prefix", text_of(rule, "Prefix"));
  for (const Properties& tag : objects_of(rule, "TagFilters")) {
    xml.open("Tag").element("Key", text_of(tag, "Key")).element("Value", text_of(tag, "Value")).close();
  }
  write_text(xml, "ObjectSizeGreaterThan", text_of(rule, "ObjectSizeGreaterThan"));
  write_text(xml, "ObjectSizeLessThan", text_of(rule, "ObjectSizeLessThan"));
}

void write_filter(wire::XmlWriter& xml, const Properties& rule) {
  std::size_t conditions = objects_of(rule, "TagFilters").size();
  for (const auto* name : {"Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan"}) {
    conditions += rule.contains(name) ? 1 : 0;
  }
  xml.open("Filter");
  if (conditions == 0) xml.element("Prefix", "");
  if (conditions > 1) xml.open("And");
  write_conditions(xml, rule);
  if (conditions > 1) xml.close();
  xml.close();
}

void write_expirations(wire::XmlWriter& xml, const Properties& rule) {
  const std::string days = text_of(rule, "ExpirationInDays");
  const std::string date = text_of(rule, "ExpirationDate");
  const bool marker = flag_of(rule, "ExpiredObjectDeleteMarker");
  if (!days.empty() || !date.empty() || marker) {
    xml.open("Expiration");
    write_text(xml, "Days", days);
    write_text(xml, "Date", date);
    if (marker) xml.element("ExpiredObjectDeleteMarker", true);
    xml.close();
  }
  Properties noncurrent = object_of(rule, "NoncurrentVersionExpiration");
  if (rule.contains("NoncurrentVersionExpirationInDays")) {
    noncurrent["NoncurrentDays"] = rule.at("NoncurrentVersionExpirationInDays");
  }
  if (!noncurrent.empty()) {
    xml.open("NoncurrentVersionExpiration");
    write_text(xml, "NoncurrentDays", text_of(noncurrent, "NoncurrentDays"));
    write_text(xml, "NewerNoncurrentVersions", text_of(noncurrent, "NewerNoncurrentVersions"));
    xml.close();
  }
}

void write_transitions(wire::XmlWriter& xml, const Properties& rule) {
  for (const Properties& transition : either(rule, "Transition", "Transitions")) {
    xml.open("Transition");
    write_text(xml, "Days", text_of(transition, "TransitionInDays"));
    write_text(xml, "Date", text_of(transition, "TransitionDate"));
    xml.element("StorageClass", text_of(transition, "StorageClass")).close();
  }
  for (const Properties& transition : either(rule, "NoncurrentVersionTransition", "NoncurrentVersionTransitions")) {
    xml.open("NoncurrentVersionTransition");
    write_text(xml, "NoncurrentDays", text_of(transition, "TransitionInDays"));
    write_text(xml, "NewerNoncurrentVersions", text_of(transition, "NewerNoncurrentVersions"));
    xml.element("StorageClass", text_of(transition, "StorageClass")).close();
  }
}

// Notifications -------------------------------------------------------------------------------------------------------

/// A kind of destination, as CloudFormation and as S3 name it.
struct Destination {
  std::string_view property;
  std::string_view target;
  std::string_view element;
  std::string_view target_element;
};
constexpr Destination k_destinations[] = {
    {"LambdaConfigurations", "Function", "CloudFunctionConfiguration", "CloudFunction"},
    {"QueueConfigurations", "Queue", "QueueConfiguration", "Queue"},
    {"TopicConfigurations", "Topic", "TopicConfiguration", "Topic"},
};

AwsResult<void> write_destination(wire::XmlWriter& xml, const Destination& kind, const Properties& configuration) {
  RETURN_IF_ERROR(check_names(configuration, {"Event", kind.target, "Filter"}));
  xml.open(kind.element).element(kind.target_element, text_of(configuration, kind.target));
  xml.element("Event", text_of(configuration, "Event"));
  if (configuration.contains("Filter")) {
    xml.open("Filter").open("S3Key");
    for (const Properties& rule : objects_of(object_of(object_of(configuration, "Filter"), "S3Key"), "Rules")) {
      RETURN_IF_ERROR(check_names(rule, {"Name", "Value"}));
      xml.open("FilterRule").element("Name", text_of(rule, "Name")).element("Value", text_of(rule, "Value")).close();
    }
    xml.close().close();
  }
  xml.close();
  return {};
}

// Websites ------------------------------------------------------------------------------------------------------------

AwsResult<void> write_redirect(wire::XmlWriter& xml, std::string_view element, const Properties& redirect) {
  RETURN_IF_ERROR(
      check_names(redirect, {"HostName", "HttpRedirectCode", "Protocol", "ReplaceKeyPrefixWith", "ReplaceKeyWith"}));
  xml.open(element);
  for (const auto* name : {"HostName", "HttpRedirectCode", "Protocol"}) write_text(xml, name, text_of(redirect, name));
  // An empty text replaces as well.
  for (const auto* name : {"ReplaceKeyPrefixWith", "ReplaceKeyWith"}) {
    if (redirect.contains(name)) xml.element(name, text_of(redirect, name));
  }
  xml.close();
  return {};
}

AwsResult<void> write_routing_rule(wire::XmlWriter& xml, const Properties& rule) {
  RETURN_IF_ERROR(check_names(rule, {"RedirectRule", "RoutingRuleCondition"}));
  xml.open("RoutingRule");
  if (rule.contains("RoutingRuleCondition")) {
    const Properties condition = object_of(rule, "RoutingRuleCondition");
    RETURN_IF_ERROR(check_names(condition, {"HttpErrorCodeReturnedEquals", "KeyPrefixEquals"}));
    xml.open("Condition");
    for (const auto* name : {"HttpErrorCodeReturnedEquals", "KeyPrefixEquals"}) {
      write_text(xml, name, text_of(condition, name));
    }
    xml.close();
  }
  RETURN_IF_ERROR(write_redirect(xml, "Redirect", object_of(rule, "RedirectRule")));
  xml.close();
  return {};
}

}  // namespace

AwsResult<std::string> cors_document(const Properties& cors) {
  RETURN_IF_ERROR(check_names(cors, {"CorsRules"}));
  wire::XmlWriter xml;
  xml.open("CORSConfiguration");
  for (const Properties& rule : objects_of(cors, "CorsRules")) {
    RETURN_IF_ERROR(
        check_names(rule, {"AllowedHeaders", "AllowedMethods", "AllowedOrigins", "ExposedHeaders", "Id", "MaxAge"}));
    xml.open("CORSRule");
    write_text(xml, "ID", text_of(rule, "Id"));
    write_texts(xml, "AllowedHeader", texts_of(rule, "AllowedHeaders"));
    write_texts(xml, "AllowedMethod", texts_of(rule, "AllowedMethods"));
    write_texts(xml, "AllowedOrigin", texts_of(rule, "AllowedOrigins"));
    write_texts(xml, "ExposeHeader", texts_of(rule, "ExposedHeaders"));
    write_text(xml, "MaxAgeSeconds", text_of(rule, "MaxAge"));
    xml.close();
  }
  return xml.finish();
}

AwsResult<std::string> lifecycle_document(const Properties& lifecycle) {
  RETURN_IF_ERROR(check_names(lifecycle, {"Rules"}));
  wire::XmlWriter xml;
  xml.open("LifecycleConfiguration");
  for (const Properties& rule : objects_of(lifecycle, "Rules")) {
    RETURN_IF_ERROR(check_names(
        rule, {"Id", "Status", "Prefix", "TagFilters", "ObjectSizeGreaterThan", "ObjectSizeLessThan",
               "ExpirationInDays", "ExpirationDate", "ExpiredObjectDeleteMarker", "NoncurrentVersionExpiration",
               "NoncurrentVersionExpirationInDays", "Transition", "Transitions", "NoncurrentVersionTransition",
               "NoncurrentVersionTransitions", "AbortIncompleteMultipartUpload"}));
    xml.open("Rule");
    write_text(xml, "ID", text_of(rule, "Id"));
    xml.element("Status", text_of(rule, "Status"));
    write_filter(xml, rule);
    write_expirations(xml, rule);
    write_transitions(xml, rule);
    if (rule.contains("AbortIncompleteMultipartUpload")) {
      const Properties abort = object_of(rule, "AbortIncompleteMultipartUpload");
      xml.open("AbortIncompleteMultipartUpload");
      write_text(xml, "DaysAfterInitiation", text_of(abort, "DaysAfterInitiation"));
      xml.close();
    }
    xml.close();
  }
  return xml.finish();
}

AwsResult<std::string> notification_document(const Properties& notification) {
  RETURN_IF_ERROR(check_names(notification, {"LambdaConfigurations", "QueueConfigurations", "TopicConfigurations",
                                             "EventBridgeConfiguration"}));
  wire::XmlWriter xml;
  xml.open("NotificationConfiguration");
  for (const auto& kind : k_destinations) {
    for (const Properties& configuration : objects_of(notification, kind.property)) {
      RETURN_IF_ERROR(write_destination(xml, kind, configuration));
    }
  }
  if (flag_of(object_of(notification, "EventBridgeConfiguration"), "EventBridgeEnabled")) {
    xml.open("EventBridgeConfiguration").close();
  }
  return xml.finish();
}

AwsResult<std::string> website_document(const Properties& website) {
  RETURN_IF_ERROR(check_names(website, {"ErrorDocument", "IndexDocument", "RedirectAllRequestsTo", "RoutingRules"}));
  wire::XmlWriter xml;
  xml.open("WebsiteConfiguration");
  if (website.contains("RedirectAllRequestsTo")) {
    RETURN_IF_ERROR(write_redirect(xml, "RedirectAllRequestsTo", object_of(website, "RedirectAllRequestsTo")));
  }
  const std::string index = text_of(website, "IndexDocument");
  const std::string error = text_of(website, "ErrorDocument");
  if (!index.empty()) xml.open("IndexDocument").element("Suffix", index).close();
  if (!error.empty()) xml.open("ErrorDocument").element("Key", error).close();
  const auto rules = objects_of(website, "RoutingRules");
  if (!rules.empty()) xml.open("RoutingRules");
  for (const Properties& rule : rules) RETURN_IF_ERROR(write_routing_rule(xml, rule));
  if (!rules.empty()) xml.close();
  return xml.finish();
}

}  // namespace sortie::emulator::cloudformation
