#include <fmt/format.h>

#include "emulator/s3/bucket/rows.h"
#include "emulator/s3/protocol/body.h"

/// GetBucketTagging, PutBucketTagging, DeleteBucketTagging.
namespace sortie::emulator::s3 {
namespace {

Answer get_bucket_tagging(Operation& operation) {
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, "GetBucketTagging"));
  const auto tags = operation.catalog.config(bucket, "tagging");
  if (!tags) return s3_fail(404, "NoSuchTagSet", "The TagSet does not exist", {{"BucketName", bucket.name}});
  return xml_answer(*tags);
}

Task<Answer> put_bucket_tagging(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto body, co_await read_body(operation.request, k_max_document));
  ASSIGN_OR_CO_RETURN(const auto bucket, allowed_bucket(operation, "PutBucketTagging"));
  ASSIGN_OR_CO_RETURN(const auto tags, read_tag_document(body, k_max_bucket_tags, true));
  operation.catalog.set_config(bucket, "tagging",
                               tags.empty() ? std::optional<std::string>() : std::optional(tag_document(tags)));
  co_return empty_answer(204);
}

Answer delete_bucket_tagging(Operation& operation) {
  ASSIGN_OR_RETURN(const auto bucket, allowed_bucket(operation, "PutBucketTagging"));
  operation.catalog.set_config(bucket, "tagging", std::nullopt);
  return empty_answer(204);
}

constexpr Row k_rows[] = {
    {"GetBucketTagging", at_once<get_bucket_tagging>, on_setting("GET", "tagging")},
    {"PutBucketTagging", put_bucket_tagging, on_setting("PUT", "tagging")},
    {"DeleteBucketTagging", at_once<delete_bucket_tagging>, on_setting("DELETE", "tagging")},
};

}  // namespace

std::span<const Row> bucket_tagging_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
