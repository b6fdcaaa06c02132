#include "emulator/s3/s3.h"

#include <fmt/format.h>

#include "emulator/core/protocol.h"
#include "emulator/core/router.h"
#include "emulator/s3/bucket/bucket_notifications.h"
#include "emulator/s3/bucket/cross_origin.h"
#include "emulator/s3/bucket/rows.h"
#include "emulator/s3/object/reads.h"
#include "emulator/s3/object/rows.h"
#include "emulator/s3/website/rows.h"
#include "emulator/s3/website/visits.h"
#include "emulator/s3/website/website.h"
#include "wire/xml.h"

namespace sortie::emulator {
namespace {

/// Whether an error's further member is a header of its answer.
bool is_header(std::string_view name) {
  return name.starts_with("x-amz-") || name == "Allow" || name == "Last-Modified";
}

/// Of several rows that a request fits the first is taken: those that need a parameter or header stand before those
/// that need none.
const OperationTable<s3::Row>& all_operations() {
  static const OperationTable<s3::Row> k_table{s3::bucket_policy_operations(),
                                               s3::public_access_block_operations(),
                                               s3::versioning_operations(),
                                               s3::bucket_tagging_operations(),
                                               s3::bucket_acl_operations(),
                                               s3::notification_operations(),
                                               s3::document_operations(),
                                               s3::website_operations(),
                                               s3::configuration_operations(),
                                               s3::version_listing_operations(),
                                               s3::upload_listing_operations(),
                                               s3::listing_operations(),
                                               s3::bucket_operations(),
                                               s3::object_tagging_operations(),
                                               s3::object_acl_operations(),
                                               s3::lock_operations(),
                                               s3::attribute_operations(),
                                               s3::multipart_operations(),
                                               s3::part_operations(),
                                               s3::completion_operations(),
                                               s3::copy_operations(),
                                               s3::put_operations(),
                                               s3::read_operations(),
                                               s3::delete_operations(),
                                               s3::unsupported_bucket_operations(),
                                               s3::unsupported_object_operations(),
                                               s3::form_upload_operations()};
  return k_table;
}

std::string_view resource_type(const s3::Request& request) {
  if (request.bucket.empty()) return "SERVICE";
  return request.key.empty() ? "BUCKET" : "OBJECT";
}

void add_common_headers(http::Response& response, const std::string& request_id, const std::string& host_id) {
  response.headers.add("x-amz-request-id", request_id);
  response.headers.add("x-amz-id-2", host_id);
  response.headers.add("Server", "AmazonS3");
}

void add_all(http::Response& response, const http::Headers& headers) {
  for (const auto& [name, value] : headers) response.headers.add(name, value);
}

}  // namespace

struct S3::Impl {
  Impl(const Clock& the_clock, Store& store, Authorizer& authorizer, BlockingPool& pool)
      : clock(the_clock),
        statements(store.db()),
        catalog(store, statements),
        contents(store, statements, pool),
        access(the_clock, authorizer, catalog),
        notifications(the_clock, catalog) {}

  s3::Operation operation(s3::Request& request) { return {request, clock, catalog, contents, access, notifications}; }

  Task<s3::Answer> run(s3::Request& request);

  http::Headers cross_origin(const http::Request& request, const std::string& virtual_bucket);

  const Clock& clock;
  Statements statements;
  s3::Catalog catalog;
  s3::ContentStore contents;
  s3::AccessControl access;
  s3::BucketNotifications notifications;
};

/// OPTIONS is a browser's question, no operation.
Task<s3::Answer> S3::Impl::run(s3::Request& request) {
  const std::string& method = request.call.request.method;
  if (method == "OPTIONS") co_return s3::preflight(catalog, request);
  const s3::Row* row = s3::find_row(all_operations().rows(), request);
  if (row == nullptr) co_return s3::method_not_allowed(method, resource_type(request));
  if (row->handler == nullptr) co_return std::unexpected(not_implemented("s3", row->name));
  auto context = operation(request);
  co_return co_await row->handler(context);
}

http::Headers S3::Impl::cross_origin(const http::Request& request, const std::string& virtual_bucket) {
  if (!request.headers.contains("Origin")) return {};
  const auto bucket = s3::bucket_of(request.path, virtual_bucket);
  try {
    return bucket ? s3::cross_origin_headers(catalog, *bucket, request) : http::Headers();
  } catch (const SQLite::Exception&) {
    return {};  // errors are rendered outside of the router's reach, and the answer itself will say it
  }
}

S3::S3(Executor /*executor*/, const Clock& clock, Store& store, Authorizer& authorizer, BlockingPool& pool)
    : impl_(std::make_unique<Impl>(clock, store, authorizer, pool)) {}

S3::~S3() = default;

void S3::set_function_events(FunctionEvents& functions) {
  impl_->notifications.set_functions(functions);
}

std::vector<OperationSummary> S3::operations() const {
  auto summary = all_operations().summary();
  // A browser's form, which no client of the API sends.
  std::erase_if(summary, [](const OperationSummary& operation) { return operation.name == "PostObject"; });
  return summary;
}

http::Response S3::render_error(const AwsError& error, const std::string& request_id,
                                const http::Request& request) const {
  const std::string host_id = make_s3_host_id();
  http::Response response;
  response.status = error.status;
  add_common_headers(response, request_id, host_id);
  if (request.headers.contains("Origin")) {
    add_all(response, impl_->cross_origin(request, find_destination(request).virtual_bucket));
  }
  wire::XmlWriter xml;
  xml.open("Error").element("Code", error.code).element("Message", error.message);
  for (const auto& [name, value] : error.fields) {
    if (is_header(name)) {
      response.headers.add(name, value);
    } else {
      xml.element(name, value);
    }
  }
  xml.element("RequestId", request_id).element("HostId", host_id);
  if (request.method == "HEAD") return response;
  response.headers.add("Content-Type", "application/xml");
  response.body = xml.finish();
  return response;
}

/// Errors are pages, also those of requests that cannot be read.
Task<http::Response> S3::visit(Call call) {
  const std::string request_id = call.request_id;
  const std::string host_id = make_s3_host_id();
  const http::Headers cross_origin = impl_->cross_origin(call.request, call.virtual_bucket);
  http::Response response;
  auto request = s3::read_request(std::move(call));
  if (!request) {
    response = s3::error_page(request.error(), {}, request_id, host_id);
  } else if (request->call.request.method == "OPTIONS") {
    auto answer = s3::preflight(impl_->catalog, *request);
    response = answer ? *std::move(answer) : s3::error_page(answer.error(), {}, request_id, host_id);
  } else {
    response = s3::visit_website(impl_->operation(*request), host_id);
  }
  add_common_headers(response, request_id, host_id);
  add_all(response, cross_origin);
  co_return response;
}

Task<http::Response> S3::handle(Call call) {
  if (call.website) co_return co_await visit(std::move(call));
  const std::string request_id = call.request_id;
  // Errors are rendered with these members; the call itself is moved away.
  http::Request named;
  named.method = call.request.method;
  named.path = call.request.path;
  const http::Headers cross_origin = impl_->cross_origin(call.request, call.virtual_bucket);
  http::Response response;
  auto request = s3::read_request(std::move(call));
  if (!request) {
    response = render_error(request.error(), request_id, named);
  } else {
    request->host_id = make_s3_host_id();
    auto answer = co_await impl_->run(*request);
    if (answer) add_common_headers(*answer, request_id, request->host_id);
    response = answer ? *std::move(answer) : render_error(answer.error(), request_id, named);
  }
  add_all(response, cross_origin);
  co_return response;
}

Task<AwsResult<std::string>> S3::get_object(const Call& on_behalf_of, const std::string& bucket, const std::string& key,
                                            const std::string& version_id, std::size_t limit) {
  s3::Request request;
  request.call.service = "s3";
  request.call.region = on_behalf_of.region;
  request.call.account = on_behalf_of.account;
  request.call.request_id = on_behalf_of.request_id;
  request.call.principal = on_behalf_of.principal;
  request.call.signature = on_behalf_of.signature;
  request.call.signature_version = on_behalf_of.signature_version;
  request.call.signed_at = on_behalf_of.signed_at;
  request.call.request.scheme = on_behalf_of.request.scheme;
  request.call.request.peer_address = on_behalf_of.request.peer_address;
  request.bucket = bucket;
  request.key = key;
  if (!version_id.empty()) request.query.emplace_back("versionId", version_id);
  const auto operation = impl_->operation(request);
  co_return co_await s3::read_bytes(operation, limit);
}

}  // namespace sortie::emulator
