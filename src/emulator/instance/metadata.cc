#include "emulator/instance/metadata.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/base64.h"
#include "base/number.h"
#include "emulator/core/random.h"
#include "wire/arn.h"
#include "wire/date.h"

namespace sortie::emulator {
namespace {

namespace json = boost::json;

constexpr char k_token_header[] = "X-aws-ec2-metadata-token";
constexpr char k_ttl_header[] = "X-aws-ec2-metadata-token-ttl-seconds";
constexpr int k_longest_token = 21'600;
constexpr std::size_t k_tokens = 1000;
constexpr std::size_t k_token_bytes = 42;
constexpr char k_address[] = "10.0.0.10";
constexpr char k_image[] = "ami-0000000000sortie";
constexpr char k_type[] = "t3.micro";

http::Response text(int status, std::string body) {
  return {.status = status, .headers = {{"Content-Type", "text/plain"}, {"Server", "EC2ws"}}, .body = std::move(body)};
}

http::Response refusal(int status, std::string_view title) {
  return {.status = status,
          .headers = {{"Content-Type", "text/html"}, {"Server", "EC2ws"}},
          .body = fmt::format("<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<html>\n <head>\n  <title>{0} - {1}"
                              "</title>\n </head>\n <body>\n  <h1>{0} - {1}</h1>\n </body>\n</html>\n",
                              status, title)};
}

http::Response not_found() {
  return refusal(404, "Not Found");
}

/// The members that both endpoints have in common.
json::object credentials_json(const SessionCredentials& credentials) {
  return {{"AccessKeyId", credentials.access_key_id},
          {"SecretAccessKey", credentials.secret_access_key},
          {"Token", credentials.session_token},
          {"Expiration", wire::format_iso8601(credentials.expires)}};
}

}  // namespace

InstanceMetadata::InstanceMetadata(const Clock& clock, InstanceIdentity identity, RoleCredentials credentials)
    : clock_(clock), identity_(std::move(identity)), credentials_(std::move(credentials)), launched_(clock.now()) {}

Task<Result<http::Response>> InstanceMetadata::handle(http::Request request) {
  if (request.path == "/latest/api/token") {
    if (request.method != "PUT") co_return refusal(405, "Method Not Allowed");
    co_return give_token(request);
  }
  if (request.method != "GET" && request.method != "HEAD") co_return refusal(405, "Method Not Allowed");
  if (!has_token(request)) co_return refusal(401, "Unauthorized");
  co_return answer(request.path);
}

http::Response InstanceMetadata::give_token(const http::Request& request) {
  // A request that came through a proxy is no request of this instance.
  if (request.headers.contains("X-Forwarded-For")) return refusal(403, "Forbidden");
  const auto seconds = parse_number_between<int>(request.headers.get_or(k_ttl_header, ""), 1, k_longest_token);
  if (!seconds) return refusal(400, "Bad Request");
  const SystemTime now = clock_.now();
  std::erase_if(tokens_, [now](const auto& token) { return token.second <= now; });
  if (tokens_.size() >= k_tokens) return refusal(503, "Service Unavailable");
  std::string token = base64_encode(random_bytes(k_token_bytes));
  tokens_.emplace(token, now + std::chrono::seconds(*seconds));
  http::Response response = text(200, std::move(token));
  response.headers.add(k_ttl_header, std::to_string(*seconds));
  return response;
}

bool InstanceMetadata::has_token(const http::Request& request) const {
  const auto token = tokens_.find(request.headers.get_or(k_token_header, ""));
  return token != tokens_.end() && token->second > clock_.now();
}

http::Response InstanceMetadata::answer(std::string_view path) {
  if (path.starts_with("/latest")) path.remove_prefix(7);
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (path == "/meta-data/iam/info") {
    const json::object info{
        {"Code", "Success"},
        {"LastUpdated", wire::format_iso8601(launched_)},
        {"InstanceProfileArn", fmt::format("arn:{}:iam::{}:instance-profile/{}", wire::partition_of(identity_.region),
                                           identity_.account, identity_.role_name)},
        {"InstanceProfileId", "AIPA" + identity_.id.substr(2)}};
    return text(200, json::serialize(info));
  }
  if (path == "/meta-data/iam/security-credentials/" + identity_.role_name) return text(200, security_credentials());
  if (path == "/dynamic/instance-identity/document") return text(200, identity_document());
  const std::string zone = identity_.region + "a";
  const std::map<std::string_view, std::string> leaves{
      {"", "dynamic\nmeta-data"},
      {"/", "dynamic\nmeta-data"},
      {"/meta-data",
       "ami-id\nami-launch-index\nhostname\niam/\ninstance-id\ninstance-type\nlocal-hostname\nlocal-ipv4\n"
       "placement/\nsecurity-groups\nservices/"},
      {"/meta-data/ami-id", k_image},
      {"/meta-data/ami-launch-index", "0"},
      {"/meta-data/hostname", "ip-10-0-0-10.ec2.internal"},
      {"/meta-data/local-hostname", "ip-10-0-0-10.ec2.internal"},
      {"/meta-data/local-ipv4", k_address},
      {"/meta-data/instance-id", identity_.id},
      {"/meta-data/instance-type", k_type},
      {"/meta-data/security-groups", "default"},
      {"/meta-data/iam", "info\nsecurity-credentials/"},
      {"/meta-data/iam/security-credentials", identity_.role_name},
      {"/meta-data/placement", "availability-zone\nregion"},
      {"/meta-data/placement/availability-zone", zone},
      {"/meta-data/placement/region", identity_.region},
      {"/meta-data/services", "domain\npartition"},
      {"/meta-data/services/domain", "amazonaws.com"},
      {"/meta-data/services/partition", std::string(wire::partition_of(identity_.region))},
      {"/dynamic", "instance-identity/"},
      {"/dynamic/instance-identity", "document"}};
  const auto leaf = leaves.find(path);
  return leaf == leaves.end() ? not_found() : text(200, leaf->second);
}

std::string InstanceMetadata::security_credentials() {
  const auto credentials = credentials_();
  if (!credentials) {
    return json::serialize(json::object{{"Code", "AssumeRoleUnauthorizedAccess"},
                                        {"Message", credentials.error().message},
                                        {"LastUpdated", wire::format_iso8601(clock_.now())}});
  }
  json::object document = credentials_json(*credentials);
  document["Code"] = "Success";
  document["LastUpdated"] = wire::format_iso8601(clock_.now());
  document["Type"] = "AWS-HMAC";
  return json::serialize(document);
}

std::string InstanceMetadata::identity_document() const {
  return json::serialize(json::object{{"accountId", identity_.account},
                                      {"architecture", "x86_64"},
                                      {"availabilityZone", identity_.region + "a"},
                                      {"imageId", k_image},
                                      {"instanceId", identity_.id},
                                      {"instanceType", k_type},
                                      {"pendingTime", wire::format_iso8601(launched_)},
                                      {"privateIp", k_address},
                                      {"region", identity_.region},
                                      {"version", "2017-09-30"}});
}

ContainerCredentials::ContainerCredentials(const Clock& clock, std::string path, std::string role_arn,
                                           RoleCredentials credentials)
    : clock_(clock), path_(std::move(path)), role_arn_(std::move(role_arn)), credentials_(std::move(credentials)) {}

Task<Result<http::Response>> ContainerCredentials::handle(http::Request request) {
  const auto error = [](int status, std::string_view code, std::string_view message) {
    return http::Response{
        .status = status,
        .headers = {{"Content-Type", "application/json"}},
        .body = json::serialize(json::object{{"code", code}, {"message", message}, {"HTTPErrorCode", status}})};
  };
  if (request.method != "GET" || request.path != path_) {
    co_return error(404, "InvalidIdInRequest", "CredentialsV2Request: Credentials not found");
  }
  const auto credentials = credentials_();
  if (!credentials) co_return error(500, "NoCredentialsAssociated", credentials.error().message);
  json::object document = credentials_json(*credentials);
  document["RoleArn"] = role_arn_;
  document["LastUpdated"] = wire::format_iso8601(clock_.now());
  co_return http::Response{
      .status = 200, .headers = {{"Content-Type", "application/json"}}, .body = json::serialize(document)};
}

}  // namespace sortie::emulator
