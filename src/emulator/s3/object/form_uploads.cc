#include <fmt/format.h>

#include <algorithm>

#include "emulator/s3/object/put.h"
#include "emulator/s3/object/rows.h"
#include "emulator/s3/protocol/metadata.h"
#include "emulator/s3/protocol/post_policy.h"
#include "wire/uri.h"
#include "wire/xml.h"

/// PostObject: the upload of a form.
namespace sortie::emulator::s3 {
namespace {

constexpr std::string_view k_file_name = "${filename}";

/// Form fields that mean what the headers of the same name mean in PutObject.
constexpr std::string_view k_headers[] = {"cache-control",    "content-type", "content-disposition",
                                          "content-encoding", "content-md5",  "expires"};

bool is_kept_as_header(std::string_view name) {
  const auto same = [&](std::string_view other) { return http::iequals(name, other); };
  if (std::ranges::any_of(k_headers, same)) return true;
  if (name.size() < 6 || !http::iequals(name.substr(0, 6), "x-amz-")) return false;
  for (const auto* own :
       {"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature", "x-amz-security-token"}) {
    if (http::iequals(name, own)) return false;
  }
  return true;
}

/// The form as the headers of a PutObject. `tagging` is XML in a form.
AwsResult<http::Headers> headers_of(const FormUpload& form, const http::Headers& sent) {
  http::Headers headers;
  if (const auto host = sent.get("host")) headers.add("Host", std::string(*host));
  for (const auto& [name, value] : form.fields) {
    if (is_kept_as_header(name)) headers.add(name, value);
  }
  if (const auto acl = form.field("acl")) headers.add("x-amz-acl", std::string(*acl));
  if (const auto document = form.field("tagging")) {
    ASSIGN_OR_RETURN(const auto tags, read_tag_document(*document, k_max_object_tags, false));
    std::string query;
    for (const auto& [key, value] : tags) {
      query += fmt::format("{}{}={}", query.empty() ? "" : "&", wire::uri_encode(key), wire::uri_encode(value));
    }
    headers.add("x-amz-tagging", std::move(query));
  }
  return headers;
}

std::string key_of(const FormUpload& form) {
  std::string key(form.field("key").value_or(""));
  if (const auto at = key.find(k_file_name); at != std::string::npos) {
    key.replace(at, k_file_name.size(), form.file_name);
  }
  return key;
}

/// Where a browser is sent with the outcome; nothing for what is not a web address.
std::optional<std::string> redirect_of(const FormUpload& form, const Request& request, std::string_view etag) {
  auto target = form.field("success_action_redirect");
  if (!target) target = form.field("redirect");
  if (!target || !is_header_text(*target) || !(target->starts_with("http://") || target->starts_with("https://")))
    return std::nullopt;
  return fmt::format("{}{}bucket={}&key={}&etag={}", *target, target->contains('?') ? '&' : '?',
                     wire::uri_encode(request.bucket), wire::uri_encode(request.key), wire::uri_encode(etag));
}

/// The form, made a PutObject: its key, size and headers.
AwsResult<void> take_form(const Operation& operation, const FormUpload& form) {
  Request& request = operation.request;
  request.key = key_of(form);
  if (request.key.empty()) {
    return invalid_argument(
        "key", "",
        "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.");
  }
  RETURN_IF_ERROR(check_key(request.key));
  if (!form.has_file) return invalid_argument("file", "0", "POST requires exactly one file upload per request.");
  if (form.field("policy")) {
    ASSIGN_OR_RETURN(request.size, check_post_policy(form, request.bucket, operation.now()));
  }
  ASSIGN_OR_RETURN(request.call.request.headers, headers_of(form, request.headers()));
  return {};
}

/// PutObject's answer, made that of a form.
void answer_form(http::Response& response, const Request& request, const FormUpload& form) {
  const std::string etag(response.headers.get_or("ETag", ""));
  if (const auto target = redirect_of(form, request, etag)) {
    response.status = 303;
    response.headers.add("Location", *target);
    return;
  }
  const std::string location = location_of(request);
  response.headers.add("Location", location);
  const std::string_view status = form.field("success_action_status").value_or("204");
  response.status = status == "200" ? 200 : status == "201" ? 201 : 204;
  if (response.status != 201) return;
  wire::XmlWriter xml;
  xml.open("PostResponse").element("Location", location).element("Bucket", request.bucket);
  xml.element("Key", request.key).element("ETag", etag);
  response.headers.add("Content-Type", "application/xml");
  response.body = xml.finish();
}

Task<Answer> post_object(Operation& operation) {
  const auto form = operation.request.call.form;
  if (!form) co_return precondition_failed("Bucket POST must be of the enclosure-type multipart/form-data");
  CO_RETURN_IF_ERROR(take_form(operation, *form));
  ASSIGN_OR_CO_RETURN(auto response, co_await put_object(operation));
  answer_form(response, operation.request, *form);
  co_return response;
}

constexpr Row k_rows[] = {
    {"PostObject", post_object, on_bucket("POST")},
};

}  // namespace

std::span<const Row> form_upload_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
