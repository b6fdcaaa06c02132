#include "emulator/s3/s3.h"

#include <fmt/format.h>

#include <system_error>

#include "emulator/core/protocol.h"
#include "emulator/core/router.h"
#include "emulator/s3/operations.h"
#include "emulator/s3/website.h"
#include "wire/xml.h"

namespace sortie::emulator {
namespace {

/// Whether an error's further member is a header of its answer.
bool is_header(std::string_view name) {
  return name.starts_with("x-amz-") || name == "Allow" || name == "Last-Modified";
}

AwsError internal_error(std::string_view what) {
  return {500, "InternalError", fmt::format("The embedded AWS could not complete the request: {}.", what), {}};
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
  s3::Operations operations;

  http::Headers cross_origin(const http::Request& request, const std::string& virtual_bucket) {
    if (!request.headers.contains("Origin")) return {};
    const auto bucket = s3::bucket_of(request.path, virtual_bucket);
    try {
      return bucket ? operations.cross_origin(*bucket, request) : http::Headers();
    } catch (const SQLite::Exception&) {
      return {};  // a browser then hears nothing of the answer, which will tell
    }
  }
};

S3::S3(Executor /*executor*/, const Clock& clock, Store& store, Authorizer& authorizer, BlockingPool& pool)
    : impl_(new Impl{{clock, store, authorizer, pool}}) {}

S3::~S3() = default;

void S3::set_function_events(FunctionEvents& functions) {
  impl_->operations.set_function_events(functions);
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

/// What goes wrong before the website is known is said on a page as well.
Task<http::Response> S3::visit(Call call) {
  const std::string request_id = call.request_id;
  const std::string host_id = make_s3_host_id();
  const http::Headers cross_origin = impl_->cross_origin(call.request, call.virtual_bucket);
  http::Response response;
  const auto request = s3::read_request(std::move(call));
  if (!request) {
    response = s3::error_page(request.error(), {}, request_id, host_id);
  } else if (request->call.request.method == "OPTIONS") {
    auto answer = impl_->operations.preflight(*request);
    response = answer ? *std::move(answer) : s3::error_page(answer.error(), {}, request_id, host_id);
  } else {
    response = impl_->operations.visit_website(*request, host_id);
  }
  add_common_headers(response, request_id, host_id);
  add_all(response, cross_origin);
  co_return response;
}

Task<http::Response> S3::handle(Call call) {
  if (call.website) co_return co_await visit(std::move(call));
  const std::string request_id = call.request_id;
  // What an error is told about, when the request itself is gone.
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
    auto answer = co_await impl_->operations.run(*request);
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
  try {
    co_return co_await impl_->operations.read_object(request, limit);
  } catch (const SQLite::Exception& failure) {
    co_return std::unexpected(internal_error(failure.what()));
  }
}

}  // namespace sortie::emulator
