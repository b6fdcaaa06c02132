#include "emulator/s3/s3.h"

#include <fmt/format.h>

#include <system_error>

#include "emulator/core/protocol.h"
#include "emulator/s3/operations.h"
#include "emulator/s3/website.h"
#include "wire/xml.h"

namespace sortie::emulator {
namespace {

constexpr std::string_view k_header_field = "x-amz-";

AwsError internal_error(std::string_view what) {
  return {500, "InternalError", fmt::format("The embedded AWS could not complete the request: {}.", what), {}};
}

/// Runs the operation; a database or disk that fails is an answer, not a crash.
Task<Outcome<http::Response>> run_guarded(s3::Operations& operations, s3::Request& request) {
  try {
    co_return co_await operations.run(request);
  } catch (const SQLite::Exception& failure) {
    co_return std::unexpected(internal_error(failure.what()));
  } catch (const std::system_error& failure) {
    co_return std::unexpected(internal_error(failure.what()));
  }
}

void add_common_headers(http::Response& response, const std::string& request_id, const std::string& host_id) {
  response.headers.add("x-amz-request-id", request_id);
  response.headers.add("x-amz-id-2", host_id);
  response.headers.add("Server", "AmazonS3");
}

}  // namespace

struct S3::Impl {
  s3::Operations operations;
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
  wire::XmlWriter xml;
  xml.open("Error").element("Code", error.code).element("Message", error.message);
  for (const auto& [name, value] : error.fields) {
    if (name.starts_with(k_header_field)) {
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
  http::Response response;
  const auto request = s3::read_request(std::move(call));
  if (request) {
    response = impl_->operations.visit_website(*request, host_id);
  } else {
    response = s3::error_page(request.error(), {}, request_id, host_id);
  }
  add_common_headers(response, request_id, host_id);
  co_return response;
}

Task<http::Response> S3::handle(Call call) {
  if (call.website) co_return co_await visit(std::move(call));
  const std::string request_id = call.request_id;
  // What an error is told about, when the request itself is gone.
  http::Request named;
  named.method = call.request.method;
  named.path = call.request.path;
  auto request = s3::read_request(std::move(call));
  if (!request) co_return render_error(request.error(), request_id, named);
  request->host_id = make_s3_host_id();
  auto answer = co_await run_guarded(impl_->operations, *request);
  if (!answer) co_return render_error(answer.error(), request_id, named);
  add_common_headers(*answer, request_id, request->host_id);
  co_return *std::move(answer);
}

Task<Outcome<std::string>> S3::get_object(const Call& on_behalf_of, const std::string& bucket, const std::string& key,
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
