#include "emulator/s3/bucket/bucket_notifications.h"
#include "emulator/s3/bucket/documents.h"
#include "emulator/s3/bucket/rows.h"
#include "emulator/s3/protocol/body.h"

/// GetBucketNotificationConfiguration, PutBucketNotificationConfiguration. It is the one document that names functions,
/// which are looked up.
namespace sortie::emulator::s3 {
namespace {

constexpr DocumentKind k_notification{
    .subresource = "notification", .root = "NotificationConfiguration", .noun = "BucketNotification"};

Task<Answer> put_notification(Operation& operation) {
  ASSIGN_OR_CO_RETURN(const auto body, co_await read_body(operation.request, k_max_document));
  ASSIGN_OR_CO_RETURN(const auto bucket, allowed_bucket(operation, "PutBucketNotification"));
  ASSIGN_OR_CO_RETURN(const auto document, parse_document(body, k_notification.root));
  ASSIGN_OR_CO_RETURN(const auto rules, read_notification_rules(document.root()));
  if (operation.request.header("x-amz-skip-destination-validation") != "true") {
    CO_RETURN_IF_ERROR(operation.notifications.check_targets(bucket, rules));
  }
  operation.catalog.set_config(bucket, "notification",
                               rules.empty() ? std::nullopt : std::optional(notification_content(rules)));
  co_return empty_answer(200);
}

constexpr std::string_view k_lacks = "queues, topics, EventBridge";
constexpr Row k_rows[] = {
    {"GetBucketNotificationConfiguration", at_once<get_document_of<k_notification>>, on_setting("GET", "notification")},
    {"PutBucketNotificationConfiguration", put_notification, on_setting("PUT", "notification"), k_lacks},
    // Their older names.
    {"GetBucketNotification", at_once<get_document_of<k_notification>>, on_setting("GET", "notification")},
    {"PutBucketNotification", put_notification, on_setting("PUT", "notification")},
};

}  // namespace

std::span<const Row> notification_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
