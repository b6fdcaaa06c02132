#include "emulator/s3/protocol/errors.h"

namespace sortie::emulator::s3 {

Failure s3_fail(int status, std::string code, std::string message,
                std::initializer_list<std::pair<std::string, std::string>> fields) {
  AwsError error{status, std::move(code), std::move(message), {}};
  for (const auto& field : fields) {
    if (!field.second.empty()) error.fields.push_back(field);
  }
  return Failure(std::move(error));
}

Failure no_such_bucket(std::string_view bucket) {
  return s3_fail(404, "NoSuchBucket", "The specified bucket does not exist", {{"BucketName", std::string(bucket)}});
}

Failure no_such_key(std::string_view key) {
  return s3_fail(404, "NoSuchKey", "The specified key does not exist.", {{"Key", std::string(key)}});
}

Failure no_such_version(std::string_view key, std::string_view version) {
  return s3_fail(404, "NoSuchVersion", "The specified version does not exist.",
                 {{"Key", std::string(key)}, {"VersionId", std::string(version)}});
}

Failure no_such_upload(std::string_view upload) {
  return s3_fail(404, "NoSuchUpload",
                 "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
                 "aborted or completed.",
                 {{"UploadId", std::string(upload)}});
}

Failure invalid_argument(std::string_view name, std::string_view value, std::string message) {
  AwsError error{400, "InvalidArgument", std::move(message), {}};
  error.fields = {{"ArgumentName", std::string(name)}, {"ArgumentValue", std::string(value)}};
  return Failure(std::move(error));
}

Failure invalid_request(std::string message) {
  return s3_fail(400, "InvalidRequest", std::move(message));
}

Failure malformed_xml() {
  return s3_fail(400, "MalformedXML",
                 "The XML you provided was not well-formed or did not validate against our published schema");
}

Failure precondition_failed(std::string_view condition) {
  return s3_fail(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold",
                 {{"Condition", std::string(condition)}});
}

Failure access_denied() {
  return s3_fail(403, "AccessDenied", "Access Denied");
}

Failure header_not_implemented(std::string_view header) {
  return s3_fail(501, "NotImplemented", "A header you provided implies functionality that is not implemented",
                 {{"Header", std::string(header)}});
}

Failure acls_not_supported() {
  return s3_fail(400, "AccessControlListNotSupported", "The bucket does not allow ACLs");
}

Failure method_not_allowed(std::string_view method, std::string_view resource_type) {
  return s3_fail(405, "MethodNotAllowed", "The specified method is not allowed against this resource.",
                 {{"Method", std::string(method)}, {"ResourceType", std::string(resource_type)}});
}

}  // namespace sortie::emulator::s3
