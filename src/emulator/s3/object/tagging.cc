#include <fmt/format.h>

#include "emulator/s3/bucket/bucket_notifications.h"
#include "emulator/s3/object/object_answers.h"
#include "emulator/s3/object/rows.h"
#include "emulator/s3/protocol/body.h"

/// GetObjectTagging, PutObjectTagging, DeleteObjectTagging.
namespace sortie::emulator::s3 {
namespace {

/// Reading tags is the one operation that names a missing key together with its bucket.
AwsError with_bucket(AwsError error, std::string_view bucket) {
  for (auto& [name, value] : error.fields) {
    if (name == "Key") value = fmt::format("{}/{}", bucket, value);
  }
  return error;
}

/// Within one change with its event.
void set_tags(const Operation& operation, const Bucket& bucket, const Object& object, const Tags& tags,
              std::string_view event) {
  ContentStore::Change change(operation.contents);
  operation.catalog.set_tags(object, tags);
  operation.notifications.send(operation.request, bucket, event, object);
  change.commit();
}

Answer get_object_tagging(Operation& operation) {
  const Request& request = operation.request;
  ASSIGN_OR_RETURN(const auto bucket,
                   allowed_key(operation, version_action(request, "GetObjectTagging", "GetObjectVersionTagging")));
  const auto object = existing_object(operation, bucket, request.key, request.parameter_or("versionId"));
  if (!object) return std::unexpected(with_bucket(object.error(), bucket.name));
  auto response = xml_answer(tag_document(object->traits.tags));
  add_version(response, bucket, *object);
  return response;
}

Task<Answer> put_object_tagging(Operation& operation) {
  const Request& request = operation.request;
  ASSIGN_OR_CO_RETURN(const auto body, co_await read_body(operation.request, k_max_document));
  const auto tags = read_tag_document(body, k_max_object_tags, false);
  const auto action = version_action(request, "PutObjectTagging", "PutObjectVersionTagging");
  ASSIGN_OR_CO_RETURN(const auto bucket,
                      allowed_key(operation, action, upload_context(request, tags.value_or(Tags()), operation.now())));
  ASSIGN_OR_CO_RETURN(const auto object,
                      existing_object(operation, bucket, request.key, request.parameter_or("versionId")));
  CO_RETURN_IF_ERROR(tags);
  set_tags(operation, bucket, object, *tags, "ObjectTagging:Put");
  auto response = empty_answer(200);
  add_version(response, bucket, object);
  co_return response;
}

Answer delete_object_tagging(Operation& operation) {
  const Request& request = operation.request;
  ASSIGN_OR_RETURN(const auto bucket, allowed_key(operation, version_action(request, "DeleteObjectTagging",
                                                                            "DeleteObjectVersionTagging")));
  ASSIGN_OR_RETURN(const auto object,
                   existing_object(operation, bucket, request.key, request.parameter_or("versionId")));
  set_tags(operation, bucket, object, {}, "ObjectTagging:Delete");
  auto response = empty_answer(204);
  add_version(response, bucket, object);
  return response;
}

constexpr Row k_rows[] = {
    {"GetObjectTagging", at_once<get_object_tagging>, on_object("GET", "tagging")},
    {"PutObjectTagging", put_object_tagging, on_object("PUT", "tagging")},
    {"DeleteObjectTagging", at_once<delete_object_tagging>, on_object("DELETE", "tagging")},
};

}  // namespace

std::span<const Row> object_tagging_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
