#include "emulator/core/router.h"

#include <SQLiteCpp/Exception.h>
#include <gtest/gtest.h>

#include <set>

#include "emulator/core/protocol.h"
#include "emulator/core/test_support.h"

namespace sortie::emulator {
namespace {

struct Route {
  std::string host, service, region, bucket;
};

void PrintTo(const Route& route, std::ostream* out) {
  *out << route.host;
}

class Hosts : public testing::TestWithParam<Route> {};

TEST_P(Hosts, NameTheirService) {
  http::Request request;
  request.headers.add("Host", GetParam().host);
  const Destination found = find_destination(request);
  EXPECT_EQ(found.service, GetParam().service);
  EXPECT_EQ(found.region, GetParam().region);
  EXPECT_EQ(found.virtual_bucket, GetParam().bucket);
  EXPECT_EQ(found.unsupported, "");
}

INSTANTIATE_TEST_SUITE_P(
    Aws, Hosts,
    testing::Values(Route{"lambda.us-east-1.amazonaws.com", "lambda", "us-east-1", ""},
                    Route{"LAMBDA.us-east-1.amazonaws.com:443", "lambda", "us-east-1", ""},
                    Route{"lambda-fips.us-gov-west-1.amazonaws.com", "lambda", "us-gov-west-1", ""},
                    Route{"iam.amazonaws.com", "iam", "", ""},
                    Route{"sts.eu-central-1.amazonaws.com", "sts", "eu-central-1", ""},
                    Route{"logs.cn-north-1.amazonaws.com.cn", "logs", "cn-north-1", ""},
                    Route{"s3.amazonaws.com", "s3", "", ""}, Route{"s3.us-west-2.amazonaws.com", "s3", "us-west-2", ""},
                    Route{"s3-us-west-2.amazonaws.com", "s3", "us-west-2", ""},
                    Route{"s3.dualstack.us-west-2.amazonaws.com", "s3", "us-west-2", ""},
                    Route{"s3-fips.us-west-2.amazonaws.com", "s3", "us-west-2", ""},
                    Route{"bucket.s3.amazonaws.com", "s3", "", "bucket"},
                    Route{"bucket.s3.us-west-2.amazonaws.com", "s3", "us-west-2", "bucket"},
                    Route{"bucket.s3-us-west-2.amazonaws.com", "s3", "us-west-2", "bucket"},
                    Route{"bucket.s3.dualstack.us-west-2.amazonaws.com", "s3", "us-west-2", "bucket"},
                    Route{"bucket.s3-accelerate.amazonaws.com", "s3", "", "bucket"},
                    Route{"s3-external-1.amazonaws.com", "s3", "us-east-1", ""},
                    Route{"bucket.s3-external-1.amazonaws.com", "s3", "us-east-1", "bucket"},
                    Route{"s3.dualstack.eu-west-1.amazonaws.com:443", "s3", "eu-west-1", ""},
                    Route{"s3-accelerate.amazonaws.com", "s3", "", ""},
                    Route{"s3-accelerate.dualstack.amazonaws.com", "s3", "", ""},
                    Route{"bucket.s3-accelerate.dualstack.amazonaws.com", "s3", "", "bucket"},
                    Route{"s3-fips.dualstack.us-east-1.amazonaws.com", "s3", "us-east-1", ""},
                    Route{"bucket.s3-fips.us-east-1.amazonaws.com", "s3", "us-east-1", "bucket"},
                    Route{"s3-fips-us-gov-west-1.amazonaws.com", "s3", "us-gov-west-1", ""},
                    Route{"s3-us-gov-west-1.amazonaws.com", "s3", "us-gov-west-1", ""},
                    Route{"s3-external-1.s3.amazonaws.com", "s3", "", "s3-external-1"},
                    Route{"my.dotted.bucket.s3.us-west-2.amazonaws.com", "s3", "us-west-2", "my.dotted.bucket"},
                    Route{"s3.bucket.s3.us-west-2.amazonaws.com", "s3", "us-west-2", "s3.bucket"},
                    Route{"bucket.s3.cn-north-1.amazonaws.com.cn", "s3", "cn-north-1", "bucket"},
                    Route{"x.lambda-url.eu-west-1.on.aws", "lambda", "eu-west-1", ""},
                    Route{"x.lambda-url.eu-west-1.on.aws:4566", "lambda", "eu-west-1", ""},
                    Route{"x.lambda-url.eu-west-1.localhost:4566", "lambda", "eu-west-1", ""},
                    Route{"localhost:4566", "s3", "", ""}, Route{"127.0.0.1:4566", "s3", "", ""},
                    Route{"[::1]:4566", "s3", "", ""}, Route{"bucket.localhost:4566", "s3", "", "bucket"},
                    Route{"bucket.s3.localhost:4566", "s3", "", "bucket"}, Route{"s3.localhost", "s3", "", ""}));

TEST(Hosts, ThatAreNotServedSayWhy) {
  for (const char* host : {"s3.us-east-1.api.aws", "lambda-url.us-east-1.on.aws", "bucket.s3-website.amazonaws.com",
                           "a.b.c.amazonaws.com", "123456789012.s3-control.us-east-1.amazonaws.com",
                           "point-123456789012.s3-accesspoint.us-east-1.amazonaws.com"}) {
    http::Request request;
    request.headers.add("Host", host);
    EXPECT_NE(find_destination(request).unsupported, "") << host;
  }
}

TEST(Hosts, OfWebsitesAreS3s) {
  struct Site {
    std::string host, region, bucket;
  };
  for (const Site& site :
       {Site{"bucket.s3-website.us-west-2.amazonaws.com", "us-west-2", "bucket"},
        Site{"bucket.s3-website-us-west-2.amazonaws.com:8080", "us-west-2", "bucket"},
        Site{"www.example.com.s3-website.eu-west-1.amazonaws.com", "eu-west-1", "www.example.com"},
        Site{"bucket.s3-website.cn-north-1.amazonaws.com.cn", "cn-north-1", "bucket"},
        Site{"s3-website-us-west-2.amazonaws.com", "us-west-2", ""}, Site{"a.b.s3-website.localhost:4566", "", "a.b"},
        Site{"bucket.s3-website.us-west-2.localhost", "us-west-2", "bucket"}}) {
    http::Request request;
    request.headers.add("Host", site.host);
    const Destination found = find_destination(request);
    EXPECT_TRUE(found.website) << site.host;
    EXPECT_EQ(found.service, "s3");
    EXPECT_EQ(found.region, site.region) << site.host;
    EXPECT_EQ(found.virtual_bucket, site.bucket) << site.host;
    EXPECT_EQ(found.unsupported, "");
  }
  for (const char* host : {"s3-website.s3.us-east-1.amazonaws.com", "s3-website.localhost.example", "bucket.localhost",
                           "s3-websites.localhost"}) {
    http::Request request;
    request.headers.add("Host", host);
    EXPECT_FALSE(find_destination(request).website) << host;
  }
}

TEST(Localhost, TakesTheServiceFromTheSignature) {
  http::Request header;
  header.headers.add("Host", "localhost:4566");
  header.headers.add("Authorization",
                     "AWS4-HMAC-SHA256 Credential=AKIA/20150830/eu-west-1/lambda/aws4_request, SignedHeaders=host, "
                     "Signature=0");
  EXPECT_EQ(find_destination(header).service, "lambda");
  http::Request query;
  query.headers.add("Host", "localhost:4566");
  query.query = "X-Amz-Credential=AKIA%2F20150830%2Feu-west-1%2Fsts%2Faws4_request&X-Amz-Signature=0";
  EXPECT_EQ(find_destination(query).service, "sts");
}

TEST(Localhost, TakesTheServiceFromWhatTheRequestSpeaks) {
  http::Request logs;
  logs.headers.add("Host", "localhost");
  logs.headers.add("X-Amz-Target", "Logs_20140328.DescribeLogGroups");
  EXPECT_EQ(find_destination(logs).service, "logs");
  http::Request iam;
  iam.headers.add("Host", "localhost");
  iam.body = std::string("Action=ListRoles&Version=2010-05-08");
  EXPECT_EQ(find_destination(iam).service, "iam");
}

// --- the router itself

class FakeS3 final : public AwsService {
 public:
  [[nodiscard]] std::string_view name() const override { return "s3"; }
  [[nodiscard]] std::vector<OperationSummary> operations() const override { return {}; }
  Task<http::Response> handle(Call call) override {
    if (full_disk) throw SQLite::Exception("database or disk is full");
    last = std::move(call);
    http::Response response;
    response.status = 204;
    co_return response;
  }
  [[nodiscard]] http::Response render_error(const AwsError& error, const std::string& request_id,
                                            const http::Request&) const override {
    auto response = render_query_error("test", error, request_id);
    response.headers.add("x-rendered-by", "s3");
    return response;
  }
  bool full_disk = false;
  Call last;
};

class Routing : public testing::Test {
 protected:
  Routing() { router.add(s3); }
  http::Response send(http::Request request) { return testing_support::run(router.handle(std::move(request))).value(); }

  static http::Request to(std::string host) {
    http::Request request;
    request.host = std::move(host);
    return request;
  }

  FakeClock clock;
  testing_support::FakeIdentities identities;
  FakeS3 s3;
  Router router{clock, identities, "123456789012", "eu-west-1"};
};

TEST_F(Routing, HandsTheCallOver) {
  EXPECT_EQ(send(to("bucket.s3.us-west-2.amazonaws.com")).status, 204);
  EXPECT_EQ(s3.last.virtual_bucket, "bucket");
  EXPECT_EQ(s3.last.region, "us-west-2");
  EXPECT_EQ(s3.last.account, "123456789012");
  EXPECT_EQ(s3.last.request_id.size(), 16U);
}

TEST_F(Routing, FallsBackToItsOwnRegion) {
  send(to("localhost"));
  EXPECT_EQ(s3.last.region, "eu-west-1");
}

TEST_F(Routing, NamesAServiceThatIsNotThere) {
  auto response = send(to("sqs.us-east-1.amazonaws.com"));
  EXPECT_EQ(response.status, 501);
  EXPECT_NE(testing_support::text_of(response).find("no service &quot;sqs&quot;"), std::string::npos);
}

/// The error is the service's own, so that its clients can show it.
TEST_F(Routing, RefusesAHostAsItsServiceWould) {
  for (const char* host :
       {"s3.us-east-1.api.aws", "1.s3-control.us-east-1.amazonaws.com", "b.s3-website.amazonaws.com"}) {
    EXPECT_EQ(send(to(host)).headers.get("x-rendered-by"), "s3") << host;
  }
  auto by_signature = to("storage.us-east-1.api.aws");
  by_signature.headers.add("Authorization",
                           "AWS4-HMAC-SHA256 Credential=AKIA/20150830/us-east-1/s3/aws4_request, SignedHeaders=host, "
                           "Signature=0");
  EXPECT_EQ(send(std::move(by_signature)).headers.get("x-rendered-by"), "s3");
  auto other = send(to("apigateway.us-east-1.amazonaws.com"));
  EXPECT_EQ(other.headers.get("x-rendered-by"), std::nullopt);
  EXPECT_EQ(other.headers.get("x-amzn-errortype"), "NotImplemented");
}

TEST_F(Routing, SpeaksJsonToThoseWhoDo) {
  auto request = to("dynamodb.us-east-1.amazonaws.com");
  request.headers.add("X-Amz-Target", "DynamoDB_20120810.ListTables");
  auto response = send(std::move(request));
  EXPECT_NE(testing_support::text_of(response).find(R"("__type":"NotImplemented")"), std::string::npos);
}

TEST_F(Routing, AnswersWhenTheDiskIsFull) {
  s3.full_disk = true;
  auto response = send(to("s3.amazonaws.com"));
  EXPECT_EQ(response.status, 500);
  EXPECT_NE(testing_support::text_of(response).find("InternalError"), std::string::npos);
}

// --- the URLs of functions

class FakeLambda final : public AwsService, public PublicRequests {
 public:
  [[nodiscard]] std::string_view name() const override { return "lambda"; }
  [[nodiscard]] std::vector<OperationSummary> operations() const override { return {}; }
  Task<http::Response> handle(Call call) override {
    last = std::move(call);
    co_return http::Response{.status = 204};
  }
  [[nodiscard]] http::Response render_error(const AwsError& error, const std::string& request_id,
                                            const http::Request&) const override {
    return render_rest_json_error(error, request_id);
  }
  [[nodiscard]] bool is_public(const http::Request& request) override { return request.path == "/public"; }
  Call last;
};

class RoutingOfUrls : public Routing {
 protected:
  RoutingOfUrls() {
    router.add(lambda);
    router.set_public_requests(lambda);
  }
  static http::Request to_url(std::string path) {
    auto request = to("abc.lambda-url.us-west-2.on.aws");
    request.path = std::move(path);
    request.headers.add("Authorization", "AWS4-HMAC-SHA256 nonsense");
    return request;
  }
  FakeLambda lambda;
};

TEST_F(RoutingOfUrls, PublicOnesNeedNoSignature) {
  EXPECT_EQ(send(to_url("/public")).status, 204);
  EXPECT_EQ(lambda.last.region, "us-west-2");
  EXPECT_EQ(lambda.last.principal.kind, Principal::Kind::anonymous);
}

TEST_F(RoutingOfUrls, OthersDo) {
  EXPECT_EQ(send(to_url("/private")).status, 403);
}

TEST_F(RoutingOfUrls, LambdasOwnNameIsNeverPublic) {
  auto request = to("lambda.us-west-2.amazonaws.com");
  request.path = "/public";
  EXPECT_EQ(send(std::move(request)).status, 403);
}

TEST_F(RoutingOfUrls, AFormIsNotReadForTheService) {
  auto request = to_url("/public");
  request.headers.remove("Authorization");
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  request.body = http::Body(std::make_unique<testing_support::PiecewiseSource>(std::string(2'000'000, 'x'), 65536));
  EXPECT_EQ(send(std::move(request)).status, 204);
  EXPECT_TRUE(lambda.last.request.body.streaming());
}

// --- protocol

TEST(Protocol, RequestIdsAreRandomUuids) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(make_request_id());
  EXPECT_EQ(ids.size(), 1000U);
  EXPECT_EQ(ids.begin()->size(), 36U);
  EXPECT_EQ((*ids.begin())[14], '4');
}

TEST(Protocol, ErrorsOfEachKind) {
  AwsError error{404, "NoSuchEntity", "a <b> & c", {}};
  auto query = render_query_error("ns", error, "id-1");
  EXPECT_EQ(query.headers.get_or("x-amzn-RequestId", ""), "id-1");
  EXPECT_NE(testing_support::text_of(query).find("<Message>a &lt;b&gt; &amp; c</Message>"), std::string::npos);
  auto rest = render_rest_json_error({404, "ResourceNotFoundException", "gone", {}}, "id-2");
  EXPECT_EQ(rest.headers.get_or("x-amzn-ErrorType", ""), "ResourceNotFoundException");
  EXPECT_EQ(testing_support::text_of(rest), R"({"Type":"User","Message":"gone"})");
  auto json = render_json11_error({400, "ResourceNotFoundException", "gone", {}}, "id-3");
  EXPECT_EQ(testing_support::text_of(json), R"({"__type":"ResourceNotFoundException","message":"gone"})");
}

TEST(Protocol, QueryParametersAreDecoded) {
  EXPECT_EQ(query_parameter("a=1&b=x%2Fy+z&c", "b"), "x/y z");
  EXPECT_EQ(query_parameter("a=1", "b"), "");
  EXPECT_EQ(query_parameter("a=%zz%4", "a"), "%zz%4");
}

}  // namespace
}  // namespace sortie::emulator
