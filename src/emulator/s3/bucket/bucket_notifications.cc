#include "emulator/s3/bucket/bucket_notifications.h"

#include <fmt/format.h>

#include <algorithm>

#include "emulator/core/protocol.h"
#include "emulator/s3/protocol/errors.h"
#include "wire/xml.h"

namespace sortie::emulator::s3 {
namespace {

constexpr std::string_view k_unreachable = "Unable to validate the following destination configurations";

FunctionEvents::Source source_of(const Bucket& bucket) {
  return {"s3.amazonaws.com", "arn:aws:s3:::" + bucket.name, bucket.region};
}

}  // namespace

AwsResult<void> BucketNotifications::check_targets(const Bucket& bucket,
                                                   const std::vector<NotificationRule>& rules) const {
  for (const auto& rule : rules) {
    if (functions_ == nullptr) return Failure(not_implemented("s3", "PutBucketNotificationConfiguration"));
    const auto reached = functions_->check(source_of(bucket), rule.function);
    if (reached) continue;
    const bool denied = reached.error().status == 403;
    return invalid_argument(rule.function,
                            denied ? fmt::format("Not authorized to invoke function [{}]", rule.function)
                                   : "The destination Lambda does not exist",
                            std::string(k_unreachable));
  }
  return {};
}

/// Later events have greater ones, within a millisecond and after a restart too.
std::uint64_t BucketNotifications::next_sequencer() {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(clock_.now().time_since_epoch()).count();
  last_sequencer_ = std::max(last_sequencer_ + 1, static_cast<std::uint64_t>(micros));
  return last_sequencer_;
}

void BucketNotifications::send(const Request& request, const Bucket& bucket, std::string_view event,
                               const Object& object) {
  if (functions_ == nullptr) return;
  const auto content = catalog_.config(bucket, "notification");
  if (!content || content->empty()) return;
  const auto document = wire::XmlDocument::parse(fmt::format("<C>{}</C>", *content));
  const auto rules = document ? read_notification_rules(document->root()) : AwsResult<std::vector<NotificationRule>>();
  if (!rules) return;
  for (const auto& rule : *rules) {
    if (!rule.wants(event, object.key)) continue;
    functions_->send(source_of(bucket), rule.function,
                     notification_document({.event = event,
                                            .rule_id = rule.id,
                                            .bucket = bucket,
                                            .object = object,
                                            .time = clock_.now(),
                                            .sequencer = next_sequencer(),
                                            .call = request.call,
                                            .host_id = request.host_id}));
  }
}

}  // namespace sortie::emulator::s3
