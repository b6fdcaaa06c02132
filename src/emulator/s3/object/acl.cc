#include "emulator/s3/bucket/bucket_notifications.h"
#include "emulator/s3/object/rows.h"
#include "emulator/s3/protocol/body.h"

/// GetObjectAcl, PutObjectAcl.
namespace sortie::emulator::s3 {
namespace {

Answer get_object_acl(Operation& operation) {
  const Request& request = operation.request;
  const std::string version = request.parameter_or("versionId");
  const auto action = version_action(request, "GetObjectAcl", "GetObjectVersionAcl");
  ASSIGN_OR_RETURN(const auto bucket, allowed_key(operation, action));
  ASSIGN_OR_RETURN(const auto object, existing_object(operation, bucket, request.key, version));
  // While ACLs are off everything is the bucket owner's; they are there again when they are turned on.
  const auto list = operation.access.acls_enabled(bucket) ? operation.access.acl_of(request, object)
                                                          : AccessList::owners_alone(owner_id(request.call.account));
  return xml_answer(acl_document(list));
}

Task<Answer> put_object_acl(Operation& operation) {
  const Request& request = operation.request;
  ASSIGN_OR_CO_RETURN(const auto body, co_await read_body(operation.request, k_max_document));
  const auto action = version_action(request, "PutObjectAcl", "PutObjectVersionAcl");
  ASSIGN_OR_CO_RETURN(const auto bucket, allowed_key(operation, action, upload_context(request, {}, operation.now())));
  ASSIGN_OR_CO_RETURN(const auto object,
                      existing_object(operation, bucket, request.key, request.parameter_or("versionId")));
  const AclSubject subject{operation.access.acl_of(request, object).owner, owner_id(request.call.account)};
  ASSIGN_OR_CO_RETURN(const auto list, operation.access.sent_acl(request, bucket, subject, body, action));
  ObjectProtection protection = operation.catalog.protections().of(object);
  protection.access_list = pack(list);
  ContentStore::Change change(operation.contents);
  operation.catalog.protections().set(object, protection);
  operation.notifications.send(request, bucket, "ObjectAcl:Put", object);
  change.commit();
  co_return empty_answer(200);
}

constexpr Row k_rows[] = {
    {"GetObjectAcl", at_once<get_object_acl>, on_object("GET", "acl")},
    {"PutObjectAcl", put_object_acl, on_object("PUT", "acl")},
};

}  // namespace

std::span<const Row> object_acl_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
