#include "aws/client.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "aws/scripted_service.h"
#include "wire/checksum.h"
#include "wire/json.h"
#include "wire/sigv4.h"

namespace sortie::aws {
namespace {

using std::chrono::milliseconds;

constexpr ServiceTraits k_lambda{"Lambda", "lambda", "lambda", Protocol::rest_json, false};
constexpr ServiceTraits k_iam{"IAM", "iam", "iam", Protocol::query, true};
constexpr ServiceTraits k_s3{"S3", "s3", "s3", Protocol::rest_xml, false};

Operation operation(std::string name = "Op") {
  Operation out;
  out.name = std::move(name);
  out.path = "/path";
  out.body = "{}";
  return out;
}

/// What a server that knows the secret says of the request.
std::expected<std::string, wire::SignatureError> verify(const SeenRequest& seen, SystemTime now) {
  const std::vector<wire::HeaderView> headers(seen.headers.begin(), seen.headers.end());
  const auto target = std::string_view(seen.url).substr(seen.url.find('/', 8));
  const auto question = std::min(target.find('?'), target.size());
  const wire::RequestParts parts{seen.method, target.substr(0, question),
                                 question < target.size() ? target.substr(question + 1) : "", headers};
  const auto parsed = wire::parse_authorization(parts);
  if (!parsed) return std::unexpected(parsed.error());
  return wire::verify(*parsed, parts, wire::payload_hash_for(*parsed, wire::sha256_hex(seen.body)), "SECRET", now);
}

TEST(Client, SignsWhatItSends) {
  Surroundings around;
  around.service.answer(200, "ok", {{"x-amzn-RequestId", "id-1"}});
  Client client(around.config(), k_lambda);
  auto call = operation();
  call.query = "b=2&a=%20";
  const auto reply = run(client.call(call));
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->body, "ok");
  EXPECT_EQ(reply->request_id, "id-1");
  const auto& seen = around.service.seen.at(0);
  EXPECT_EQ(seen.url, "https://lambda.us-east-1.amazonaws.com/path?b=2&a=%20");
  EXPECT_TRUE(verify(seen, around.clock.now()));
}

TEST(Client, Hosts) {
  EXPECT_EQ(service_host(k_lambda, "eu-west-1"), "lambda.eu-west-1.amazonaws.com");
  EXPECT_EQ(service_host(k_lambda, "cn-north-1"), "lambda.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(service_host(k_iam, "eu-west-1"), "iam.amazonaws.com");
  EXPECT_EQ(service_host(k_iam, "cn-northwest-1"), "iam.cn-north-1.amazonaws.com.cn");
}

TEST(Client, GlobalServicesAreSignedForTheirHome) {
  Surroundings around;
  around.service.answer(200, "");
  Client client(around.config("eu-west-1"), k_iam);
  ASSERT_TRUE(run(client.call(operation())));
  EXPECT_TRUE(around.service.seen[0].headers.get("Authorization")->contains("/us-east-1/iam/aws4_request"));
}

TEST(Client, AnEndpointUrlReplacesTheHost) {
  Surroundings around;
  around.service.answer(200, "");
  auto config = around.config();
  config.endpoint_url = "http://localhost:4566/base/";
  Client client(config, k_lambda);
  ASSERT_TRUE(run(client.call(operation())));
  EXPECT_EQ(around.service.seen[0].url, "http://localhost:4566/base/path");
  EXPECT_EQ(around.service.seen[0].headers.get("Host"), "localhost:4566");
}

TEST(Client, RefusesRegionsThatAreNone) {
  Surroundings around;
  for (const auto* region : {"", "evil.example.com/", "US"}) {
    Client client(around.config(region), k_lambda);
    EXPECT_EQ(run(client.call(operation())).error().kind, ErrorKind::config) << region;
  }
  EXPECT_TRUE(around.service.seen.empty());
}

TEST(Client, ErrorsSayWhatWhoAndWhich) {
  Surroundings around;
  around.service.answer(403, R"({"Message":"User: x is not authorized"})",
                        {{"x-amzn-ErrorType", "AccessDeniedException:http://x"}, {"x-amzn-RequestId", "id-7"}});
  Client client(around.config(), k_lambda);
  const auto error = run(client.call(operation("CreateFunction"))).error();
  EXPECT_EQ(error.message, "Lambda CreateFunction: AccessDeniedException: User: x is not authorized (request id id-7)");
  EXPECT_EQ(error.kind, ErrorKind::denied);
  EXPECT_EQ(error.code, "AccessDeniedException");
  EXPECT_EQ(error.request_id, "id-7");
}

struct ErrorCase {
  Protocol protocol;
  int status;
  std::string body;
  std::string code;
  ErrorKind kind;
};

TEST(ReadError, EveryProtocol) {
  const std::vector<ErrorCase> cases = {
      {Protocol::json, 400, R"({"__type":"com.amazonaws.logs#ResourceNotFoundException","message":"m"})",
       "ResourceNotFoundException", ErrorKind::not_found},
      {Protocol::json, 400, R"({"__type":"ThrottlingException"})", "ThrottlingException", ErrorKind::throttled},
      {Protocol::rest_json, 409, R"({"code":"ResourceConflictException","Message":"m"})", "ResourceConflictException",
       ErrorKind::config},
      {Protocol::rest_json, 502, "<html>", "HTTP 502", ErrorKind::unavailable},
      {Protocol::query, 404,
       "<ErrorResponse xmlns='u'><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>m</Message></Error>"
       "<RequestId>r</RequestId></ErrorResponse>",
       "NoSuchEntity", ErrorKind::not_found},
      {Protocol::query, 400, "<Response><Errors><Error><Code>Throttling</Code></Error></Errors></Response>",
       "Throttling", ErrorKind::throttled},
      {Protocol::rest_xml, 503, "<Error><Code>SlowDown</Code><Message>m</Message></Error>", "SlowDown",
       ErrorKind::throttled},
      {Protocol::rest_xml, 404, "", "NotFound", ErrorKind::not_found},
      {Protocol::rest_xml, 403, "", "Forbidden", ErrorKind::denied},
      {Protocol::rest_xml, 412, "", "PreconditionFailed", ErrorKind::config},
  };
  for (const auto& item : cases) {
    const auto error = read_error(item.protocol, "S Op", item.status, {}, item.body);
    EXPECT_EQ(error.code, item.code) << item.body;
    EXPECT_EQ(error.kind, item.kind) << item.body;
    EXPECT_TRUE(error.message.starts_with("S Op: " + item.code)) << error.message;
  }
}

struct ProtocolCases {
  const char* file;
  Protocol protocol;
};

TEST(ReadError, AwsProtocolCases) {
  const char* given = std::getenv("SORTIE_REFERENCE");
  const auto folder = (given != nullptr ? std::filesystem::path(given)
                                        : std::filesystem::path(__FILE__).parent_path() / "../../../shared/reference") /
                      "protocol-tests";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no protocol cases at " << folder << "; set SORTIE_REFERENCE";
  int checked = 0;
  for (const auto& [file, protocol] :
       {ProtocolCases{"output-json.json", Protocol::json}, ProtocolCases{"output-rest-json.json", Protocol::rest_json},
        ProtocolCases{"output-query.json", Protocol::query},
        ProtocolCases{"output-rest-xml.json", Protocol::rest_xml}}) {
    std::ifstream in(folder / file);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    for (const auto& suite : wire::parse_json(text)->as_array()) {
      for (const auto& item : wire::array_or_empty(suite.as_object(), "cases")) {
        const auto& object = item.as_object();
        const auto code = wire::string_or(object, "errorCode");
        if (code.empty()) continue;
        const auto& response = wire::object_or_empty(object, "response");
        http::Headers headers;
        for (const auto& [name, value] : wire::string_map(wire::object_or_empty(response, "headers"))) {
          headers.set(name, value);
        }
        const auto error = read_error(protocol, "S Op", int(wire::int_or(response, "status_code")), headers,
                                      wire::string_or(response, "body"));
        EXPECT_EQ(error.code, code) << wire::string_or(object, "id");
        ++checked;
      }
    }
  }
  EXPECT_GE(checked, 29);
}

TEST(ReadError, TheBucketsRegionIsAHint) {
  const auto error = read_error(Protocol::rest_xml, "S3 GetObject", 301, {{"x-amz-bucket-region", "eu-west-1"}}, "");
  EXPECT_EQ(error.hint, "the bucket is in region eu-west-1");
}

TEST(Client, TriesThreeTimesWithGrowingDelays) {
  Surroundings around;
  around.service.answer(500, "").fails(ErrorKind::network).answer(200, "third");
  Client client(around.config(), k_lambda);
  EXPECT_EQ(run(client.call(operation()))->body, "third");
  EXPECT_EQ(around.slept, (std::vector<milliseconds>{milliseconds(100), milliseconds(200)}));
}

TEST(Client, GivesUpAfterThree) {
  Surroundings around;
  around.service.answer(503, "").answer(503, "").answer(503, "").answer(200, "");
  Client client(around.config(), k_lambda);
  EXPECT_EQ(run(client.call(operation())).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(around.service.seen.size(), 3U);
}

TEST(Client, DoesNotRetryWhatCannotGetBetter) {
  Surroundings around;
  around.service.answer(400, R"({"code":"InvalidParameterValueException"})").answer(200, "");
  Client client(around.config(), k_lambda);
  EXPECT_EQ(run(client.call(operation())).error().code, "InvalidParameterValueException");
  EXPECT_EQ(around.service.seen.size(), 1U);
}

TEST(Client, RetryAfterIsHonouredAndBounded) {
  Surroundings around;
  around.service.answer(429, "", {{"Retry-After", "7"}}).answer(429, "", {{"Retry-After", "3600"}}).answer(200, "");
  Client client(around.config(), k_lambda);
  ASSERT_TRUE(run(client.call(operation())));
  EXPECT_EQ(around.slept, (std::vector<milliseconds>{milliseconds(7000), milliseconds(20000)}));
}

TEST(Client, WhatMustNotHappenTwiceIsRetriedOnlyWhenThrottled) {
  Surroundings around;
  around.service.answer(429, "").answer(502, "").answer(200, "");
  Client client(around.config(), k_lambda);
  auto call = operation();
  call.retry = Retry::throttled_only;
  EXPECT_EQ(run(client.call(call)).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(around.service.seen.size(), 2U);
}

TEST(Client, TheClockIsCorrectedOnce) {
  Surroundings around;
  const auto server_time = around.clock.now() + std::chrono::hours(2);
  const http::Headers date{{"Date", "Sun, 30 Aug 2015 14:36:00 GMT"}};
  const std::string skewed = R"({"__type":"InvalidSignatureException","message":"Signature expired"})";
  around.service.answer(403, skewed, date).answer(200, "ok").answer(403, skewed, date);
  Client client(around.config(), k_lambda);
  ASSERT_TRUE(run(client.call(operation())));
  EXPECT_TRUE(verify(around.service.seen.at(1), server_time));
  EXPECT_FALSE(run(client.call(operation()))) << "the offset is right already, so the refusal is about the signature";
  EXPECT_EQ(around.service.seen.size(), 3U);
}

/// Gives other keys after `invalidate`.
class RenewedCredentials final : public CredentialsProvider {
 public:
  Task<Result<Credentials>> get() override { co_return Credentials{key, "SECRET", "", std::nullopt, ""}; }
  void invalidate() override { key = "AKNEW"; }
  std::string key = "AKOLD";
};

TEST(Client, ExpiredCredentialsAreAskedForAgain) {
  Surroundings around;
  RenewedCredentials credentials;
  around.service.answer(400, "<Error><Code>ExpiredToken</Code></Error>").answer(200, "ok");
  const auto config = around.config();
  Client client({config.service, credentials, config.clock, config.region, config.endpoint_url, config.retry}, k_s3);
  ASSERT_TRUE(run(client.call(operation())));
  EXPECT_TRUE(around.service.seen.at(1).headers.get("Authorization")->contains("AKNEW/"));
}

TEST(Client, NoCredentialsNoRequest) {
  Surroundings around;
  CredentialsChain none({});
  const auto config = around.config();
  Client client({config.service, none, config.clock, config.region, config.endpoint_url, config.retry}, k_lambda);
  const auto error = run(client.call(operation())).error();
  EXPECT_EQ(error.kind, ErrorKind::config);
  EXPECT_TRUE(around.service.seen.empty());
}

TEST(Client, PresignedUrlsVerify) {
  Surroundings around;
  Client client(around.config(), k_s3);
  auto call = operation();
  call.method = "GET";
  call.bucket_in_host = "bucket";
  const auto url = *run(client.presign(call, std::chrono::seconds(60)));
  EXPECT_TRUE(url.starts_with("https://bucket.s3.us-east-1.amazonaws.com/path?X-Amz-Algorithm=")) << url;
  const SeenRequest asked{"GET", url, {{"Host", "bucket.s3.us-east-1.amazonaws.com"}}, ""};
  EXPECT_TRUE(verify(asked, around.clock.now()));
}

TEST(RetryQuota, RunsOut) {
  RetryQuota quota;
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(quota.take(RetryClass::timeout));
  EXPECT_FALSE(quota.take(RetryClass::transient));
  quota.give_back(5);
  EXPECT_TRUE(quota.take(RetryClass::throttled));
  quota.give_back(10'000);
  EXPECT_EQ(quota.tokens(), 500);
}

TEST(RetryDelay, IsJitteredAndBounded) {
  RetryOptions options;
  options.random = [] { return 0.5; };
  EXPECT_EQ(retry_delay(options, 1, RetryClass::transient, {}), milliseconds(50));
  EXPECT_EQ(retry_delay(options, 3, RetryClass::transient, {}), milliseconds(200));
  EXPECT_EQ(retry_delay(options, 1, RetryClass::throttled, {}), milliseconds(500));
  EXPECT_EQ(retry_delay(options, 60, RetryClass::throttled, {}), milliseconds(10'000));
}

}  // namespace
}  // namespace sortie::aws
