#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "emulator/core/call.h"
#include "emulator/s3/store/catalog.h"
#include "wire/xml.h"

namespace sortie::emulator::s3 {

/// One function that a bucket's notification configuration names.
struct NotificationRule {
  std::string id;
  std::string function;             ///< ARN
  std::vector<std::string> events;  ///< `s3:ObjectCreated:*`
  std::string prefix;               ///< of the keys whose events it gets
  std::string suffix;

  /// `event` without `s3:`, as events name it.
  [[nodiscard]] bool wants(std::string_view event, std::string_view key) const;
};

/// The rules in a NotificationConfiguration; those without an id get one. Queues, topics and event buses are refused by
/// name (501), and so is what S3 refuses: events that there are not, filters and rules that overlap.
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
AwsResult<std::vector<NotificationRule>> read_notification_rules(const wire::XmlNode& root);

/// The content of the configuration's root element, as S3 answers it.
std::string notification_content(const std::vector<NotificationRule>& rules);

/// The event that a function receives: one record, in the form of versions 2.1 and 2.3.
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
struct NotificationRecord {
  std::string_view event;    ///< `ObjectCreated:Put`
  std::string_view rule_id;  ///< of the rule that wanted it
  const Bucket& bucket;
  const Object& object;
  SystemTime time{};
  std::uint64_t sequencer = 0;
  const Call& call;
  std::string_view host_id;  ///< `x-amz-id-2` of the answer
};
std::string notification_document(const NotificationRecord& record);

}  // namespace sortie::emulator::s3
