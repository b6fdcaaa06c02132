#include <fmt/format.h>

#include "emulator/s3/documents.h"
#include "emulator/s3/operations.h"
#include "emulator/s3/website.h"

/// What is behind `BUCKET.s3-website.REGION.amazonaws.com`.
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html
namespace sortie::emulator::s3 {
namespace {

/// Where AWS sends those who name no bucket.
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

/// A visitor is not told why.
AwsError without_reason(AwsError error) {
  return error.code == "AccessDenied" ? access_denied().error() : std::move(error);
}

Website kept_website(std::string_view content) {
  const auto document =
      wire::XmlDocument::parse(fmt::format("<WebsiteConfiguration>{}</WebsiteConfiguration>", content));
  auto site = document ? read_website(document->root()) : AwsResult<Website>(malformed_xml());
  return site ? *std::move(site) : Website();
}

}  // namespace

http::Response Operations::visit_website(const Request& request, const std::string& host_id) {
  auto answer = website_answer(request, host_id);
  auto response = answer ? *std::move(answer) : error_page(answer.error(), {}, request.call.request_id, host_id);
  if (request.call.request.method == "HEAD") response.body = std::string();
  return response;
}

Operations::Answer Operations::website_answer(const Request& request, const std::string& host_id) {
  const http::Request& asked = request.call.request;
  if (asked.method != "GET" && asked.method != "HEAD") {
    return s3_fail(405, "MethodNotAllowed", "The specified method is not allowed against this resource.",
                   {{"Method", asked.method}, {"ResourceType", "OBJECT"}});
  }
  if (request.bucket.empty()) return redirection(301, std::string(k_no_bucket));
  const auto bucket = catalog_.find_bucket(request.bucket);
  if (!bucket) return no_such_bucket(request.bucket);
  if (!request.call.region.empty() && request.call.region != bucket->region) {
    return s3_fail(400, "IncorrectEndpoint",
                   "The specified bucket exists in another region. Please direct requests to the specified endpoint.",
                   {{"Endpoint", fmt::format("{}.s3-website.{}.amazonaws.com", bucket->name, bucket->region)}});
  }
  const auto content = catalog_.config(*bucket, "website");
  if (!content) {
    const DocumentKind& kind = *find_document_kind("website");
    return s3_fail(404, std::string(kind.absent_code), std::string(kind.absent_message),
                   {{"BucketName", bucket->name}});
  }
  const Website site = kept_website(*content);
  const Visit visit{asked.scheme, std::string(request.header("host")), request.key, asked.query};
  if (site.redirect_all) return redirection(301, redirect_address(*site.redirect_all, {}, visit));
  const auto follow = [&](const RoutingRule& rule) {
    return redirection(rule.redirect.status, redirect_address(rule.redirect, rule.prefix, visit));
  };
  if (const auto* rule = site.find_rule(request.key, 0)) return follow(*rule);
  auto page = website_page(request, *bucket, site, host_id);
  if (page) return page;
  if (const auto* rule = site.find_rule(request.key, page.error().status)) return follow(*rule);
  return website_error(request, site, page.error(), host_id);
}

Operations::Answer Operations::website_page(const Request& request, const Bucket& bucket, const Website& site,
                                            const std::string& host_id) {
  const bool folder = request.key.empty() || request.key.ends_with('/');
  const std::string key = folder ? request.key + site.index : request.key;
  const auto object = catalog_.find_object(bucket, key);
  if (!folder && (!object || object->marker)) {
    const std::string index = fmt::format("{}/{}", key, site.index);
    const auto below = catalog_.find_object(bucket, index);
    const Request reading = reading_of(request, index, false);
    if (below && !below->marker && allow(reading, bucket, "GetObject", index)) {
      const AwsError found{302, "Found", "Resource Found", {}};
      auto response = error_page(found, {}, request.call.request_id, host_id);
      response.headers.add("Location", request.call.request.path + "/");
      return response;
    }
  }
  const Request reading = reading_of(request, key, true);
  auto answer = get_object(reading, reading.call.request.method == "HEAD");
  if (!answer) return Failure(without_reason(answer.error()));
  if (const auto location = answer->headers.get(k_redirect_field)) return redirection(301, std::string(*location));
  return answer;
}

http::Response Operations::website_error(const Request& request, const Website& site, const AwsError& error,
                                         const std::string& host_id) {
  if (site.error.empty() || error.status < 400 || error.status > 499) {
    return error_page(error, {}, request.call.request_id, host_id);
  }
  const Request reading = reading_of(request, site.error, false);
  auto document = get_object(reading, reading.call.request.method == "HEAD");
  if (!document) {
    return error_page(error, without_reason(document.error()), request.call.request_id, host_id);
  }
  if (const auto location = document->headers.get(k_redirect_field)) return redirection(301, std::string(*location));
  document->status = error.status;
  add_error_headers(*document, error);
  return *std::move(document);
}

}  // namespace sortie::emulator::s3
