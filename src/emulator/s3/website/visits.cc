#include "emulator/s3/website/visits.h"

#include <fmt/format.h>

#include "emulator/s3/object/reads.h"
#include "emulator/s3/website/website.h"

namespace sortie::emulator::s3 {
namespace {

/// AWS redirects visits without a bucket to this page.
constexpr std::string_view k_no_bucket = "https://aws.amazon.com/s3/";
constexpr std::string_view k_redirect_field = "x-amz-website-redirect-location";

http::Response redirection(int status, std::string address) {
  http::Response response = empty_answer(status);
  response.headers.add("Location", std::move(address));
  return response;
}

/// An anonymous reading of one key: nothing of the visit's own query, nor of the API's headers. Ranges and conditions
/// stay, and what policies look at.
Request reading_of(const Request& visit, std::string key, bool conditional) {
  Request request;
  const http::Request& from = visit.call.request;
  request.call.service = visit.call.service;
  request.call.region = visit.call.region;
  request.call.account = visit.call.account;
  request.call.request_id = visit.call.request_id;
  request.call.request.method = from.method;
  request.call.request.scheme = from.scheme;
  request.call.request.peer_address = from.peer_address;
  for (const auto& [name, value] : from.headers) {
    const bool of_api = name.size() > 6 && http::iequals(std::string_view(name).substr(0, 6), "x-amz-");
    const bool condition = http::iequals(name, "range") || http::iequals(std::string_view(name).substr(0, 3), "if-");
    if (!of_api && (conditional || !condition)) request.call.request.headers.add(name, value);
  }
  request.bucket = visit.bucket;
  request.key = std::move(key);
  return request;
}

/// Visitors do not learn the reason of a denial.
AwsError without_reason(AwsError error) {
  return error.code == "AccessDenied" ? access_denied().error() : std::move(error);
}

Website kept_website(std::string_view content) {
  const auto document =
      wire::XmlDocument::parse(fmt::format("<WebsiteConfiguration>{}</WebsiteConfiguration>", content));
  auto site = document ? read_website(document->root()) : AwsResult<Website>(malformed_xml());
  return site ? *std::move(site) : Website();
}

/// The operation on an anonymous reading instead of the visit.
Operation with(const Operation& visit, Request& reading) {
  return {reading, visit.clock, visit.catalog, visit.contents, visit.access, visit.notifications};
}

/// Reads one key anonymously.
Answer read_key(const Operation& visit, std::string key, bool conditional) {
  Request reading = reading_of(visit.request, std::move(key), conditional);
  const bool head = reading.call.request.method == "HEAD";
  auto answer = read_object(with(visit, reading), head ? ReadBody::no : ReadBody::yes);
  if (!answer) return Failure(without_reason(answer.error()));
  const auto location = answer->headers.get(k_redirect_field);
  return location ? redirection(301, std::string(*location)) : std::move(answer);
}

/// Whether the key stands for a folder with an index document that everyone may read.
bool is_folder(const Operation& operation, const Bucket& bucket, const Website& site) {
  const auto object = operation.catalog.find_object(bucket, operation.request.key);
  if (object && !object->marker) return false;
  const std::string index = fmt::format("{}/{}", operation.request.key, site.index);
  const auto below = operation.catalog.find_object(bucket, index);
  if (!below || below->marker) return false;
  const Request reading = reading_of(operation.request, index, false);
  return operation.access.allow(reading, bucket, "GetObject", index).has_value();
}

/// The object that is meant by the key, or the way to it.
Answer find_page(const Operation& operation, const Bucket& bucket, const Website& site, const std::string& host_id) {
  const Request& request = operation.request;
  const bool named_folder = request.key.empty() || request.key.ends_with('/');
  if (!named_folder && is_folder(operation, bucket, site)) {
    const AwsError found{302, "Found", "Resource Found", {}};
    auto response = error_page(found, {}, request.call.request_id, host_id);
    response.headers.add("Location", request.call.request.path + "/");
    return response;
  }
  return read_key(operation, named_folder ? request.key + site.index : request.key, true);
}

/// The error document, or a page of S3's own.
http::Response answer_error(const Operation& operation, const Website& site, const AwsError& error,
                            const std::string& host_id) {
  const std::string& request_id = operation.request.call.request_id;
  if (site.error.empty() || error.status < 400 || error.status > 499) return error_page(error, {}, request_id, host_id);
  auto document = read_key(operation, site.error, false);
  if (!document) return error_page(error, document.error(), request_id, host_id);
  if (document->headers.contains("Location")) return *std::move(document);
  document->status = error.status;
  add_error_headers(*document, error);
  return *std::move(document);
}

AwsResult<Bucket> find_site(const Operation& operation) {
  const Request& request = operation.request;
  auto bucket = operation.catalog.find_bucket(request.bucket);
  if (!bucket) return no_such_bucket(request.bucket);
  if (request.call.region.empty() || request.call.region == bucket->region) return *std::move(bucket);
  return s3_fail(400, "IncorrectEndpoint",
                 "The specified bucket exists in another region. Please direct requests to the specified endpoint.",
                 {{"Endpoint", fmt::format("{}.s3-website.{}.amazonaws.com", bucket->name, bucket->region)}});
}

Answer answer_visit(const Operation& operation, const std::string& host_id) {
  const Request& request = operation.request;
  const http::Request& asked = request.call.request;
  if (asked.method != "GET" && asked.method != "HEAD") return method_not_allowed(asked.method, "OBJECT");
  if (request.bucket.empty()) return redirection(301, std::string(k_no_bucket));
  ASSIGN_OR_RETURN(const auto bucket, find_site(operation));
  const auto content = operation.catalog.config(bucket, "website");
  if (!content) {
    return s3_fail(404, std::string(k_no_website), std::string(k_no_website_message), {{"BucketName", bucket.name}});
  }
  const Website site = kept_website(*content);
  const Visit visit{asked.scheme, std::string(request.header("host")), request.key, asked.query};
  if (site.redirect_all) return redirection(301, redirect_address(*site.redirect_all, {}, visit));
  const auto follow = [&](const RoutingRule& rule) {
    return redirection(rule.redirect.status, redirect_address(rule.redirect, rule.prefix, visit));
  };
  if (const auto* rule = site.find_rule(request.key, 0)) return follow(*rule);
  auto page = find_page(operation, bucket, site, host_id);
  if (page) return page;
  if (const auto* rule = site.find_rule(request.key, page.error().status)) return follow(*rule);
  return answer_error(operation, site, page.error(), host_id);
}

}  // namespace

http::Response visit_website(const Operation& operation, const std::string& host_id) {
  const Request& request = operation.request;
  auto answer = answer_visit(operation, host_id);
  auto response = answer ? *std::move(answer) : error_page(answer.error(), {}, request.call.request_id, host_id);
  if (request.call.request.method == "HEAD") response.body = std::string();
  return response;
}

}  // namespace sortie::emulator::s3
