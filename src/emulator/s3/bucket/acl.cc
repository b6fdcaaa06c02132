#include "emulator/s3/bucket/rows.h"
#include "emulator/s3/protocol/body.h"

/// GetBucketAcl, PutBucketAcl.
namespace sortie::emulator::s3 {
namespace {

Answer get_bucket_acl(Operation& operation) {
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, "GetBucketAcl"));
  return xml_answer(acl_document(operation.access.acl_of(operation.request, bucket)));
}

Task<Answer> put_bucket_acl(Operation& operation) {
  constexpr std::string_view k_action = "PutBucketAcl";
  const Request& request = operation.request;
  ASSIGN_OR_CO_RETURN(const auto body, co_await read_body(operation.request, k_max_document));
  ASSIGN_OR_CO_RETURN(const auto bucket,
                      allowed_bucket(operation, k_action, upload_context(request, {}, operation.now())));
  const std::string account = owner_id(request.call.account);
  ASSIGN_OR_CO_RETURN(const auto list, operation.access.sent_acl(request, bucket, {account, account}, body, k_action));
  operation.catalog.set_config(bucket, "acl", pack(list));
  co_return empty_answer(200);
}

constexpr Row k_rows[] = {
    {"GetBucketAcl", at_once<get_bucket_acl>, on_setting("GET", "acl")},
    {"PutBucketAcl", put_bucket_acl, on_setting("PUT", "acl")},
};

}  // namespace

std::span<const Row> bucket_acl_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
