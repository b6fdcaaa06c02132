#include "emulator/lambda/url/event.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/utf8.h"

namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

class UrlEvent : public testing::Test {
 protected:
  UrlEvent() {
    request.method = "POST";
    request.path = "/a%20b/%2Fc";
    request.headers = {{"Host", "abc.lambda-url.us-east-1.on.aws"}, {"User-Agent", "test"}};
    request.peer_address = "192.0.2.7";
  }
  json::object event(const std::string& body = {}, const Principal* caller = nullptr) {
    const auto host = parse_function_url_host(request.headers.get_or("Host", ""));
    text = url_event({.request = request,
                      .body = body,
                      .host = *host,
                      .caller = caller,
                      .request_id = "id-1",
                      .trace_id = "Root=1-00000000-abc",
                      .now = SystemTime{std::chrono::milliseconds{1'631'055'022'677}}});
    return json::parse(text).as_object();
  }
  static std::string at(const json::value& value, std::string_view pointer) {
    const auto& found = value.at_pointer(pointer);
    return found.is_string() ? std::string(found.get_string()) : serialize(found);
  }

  http::Request request;
  std::string text;
};

TEST_F(UrlEvent, HasTheWholeFormOfVersion2) {
  request.query = "q=query&multi=foo&multi=%2Fbar+x&empty&=nameless";
  const json::value got = event();
  EXPECT_EQ(at(got, "/version"), "2.0");
  EXPECT_EQ(at(got, "/routeKey"), "$default");
  EXPECT_EQ(at(got, "/rawPath"), "/a%20b/%2Fc");
  EXPECT_EQ(at(got, "/rawQueryString"), request.query);
  EXPECT_EQ(at(got, "/queryStringParameters"), R"({"q":"query","multi":"foo,/bar x","empty":"","":"nameless"})");
  EXPECT_EQ(at(got, "/requestContext"),
            R"({"accountId":"anonymous","apiId":"abc","domainName":"abc.lambda-url.us-east-1.on.aws",)"
            R"("domainPrefix":"abc","http":{"method":"POST","path":"/a b//c","protocol":"HTTP/1.1",)"
            R"("sourceIp":"192.0.2.7","userAgent":"test"},"requestId":"id-1","routeKey":"$default","stage":"$default",)"
            R"("time":"07/Sep/2021:22:50:22 +0000","timeEpoch":1631055022677})");
  EXPECT_EQ(at(got, "/isBase64Encoded"), "false");
  for (const char* absent : {"body", "cookies"}) EXPECT_FALSE(got.as_object().contains(absent)) << absent;
}

TEST_F(UrlEvent, WithoutAQueryThereAreNoParameters) {
  EXPECT_FALSE(event().contains("queryStringParameters"));
  EXPECT_EQ(event()["rawQueryString"], "");
}

TEST_F(UrlEvent, HeadersAreLowerCaseAndCombined) {
  request.headers.add("X-Twice", "one");
  request.headers.add("x-twice", "two");
  request.headers.add("Connection", "keep-alive");
  request.headers.add("Transfer-Encoding", "chunked");
  request.headers.add("Authorization", "Bearer x");
  request.headers.add("X-Forwarded-Proto", "gopher");
  const auto headers = event()["headers"].as_object();
  EXPECT_EQ(json::serialize(headers),
            R"({"host":"abc.lambda-url.us-east-1.on.aws","user-agent":"test","x-twice":"one,two",)"
            R"("authorization":"Bearer x","x-forwarded-proto":"https","x-forwarded-for":"192.0.2.7",)"
            R"("x-forwarded-port":"443","x-amzn-trace-id":"Root=1-00000000-abc","x-amzn-tls-version":"TLSv1.3",)"
            R"("x-amzn-tls-cipher-suite":"TLS_AES_128_GCM_SHA256"})");
}

TEST_F(UrlEvent, TheLocalNameSaysHowItWasReached) {
  request.headers.set("Host", "abc.lambda-url.us-east-1.localhost:4566");
  request.scheme = "http";
  auto got = event();
  EXPECT_EQ(at(got, "/headers/x-forwarded-proto"), "http");
  EXPECT_EQ(at(got, "/headers/x-forwarded-port"), "4566");
  EXPECT_EQ(at(got, "/requestContext/domainName"), "abc.lambda-url.us-east-1.localhost");
  EXPECT_FALSE(got["headers"].as_object().contains("x-amzn-tls-version"));
}

TEST_F(UrlEvent, CookiesAreAList) {
  request.headers.add("Cookie", "a=1; b=2;; ");
  request.headers.add("cookie", "c=3");
  auto got = event();
  EXPECT_EQ(json::serialize(got["cookies"]), R"(["a=1","b=2","c=3"])");
  EXPECT_FALSE(got["headers"].as_object().contains("cookie"));
}

TEST_F(UrlEvent, ACallerIsNamedAndHisSignatureIsNot) {
  request.headers.add("Authorization", "AWS4-HMAC-SHA256 …");
  Principal caller{.kind = Principal::Kind::user,
                   .account = "111122223333",
                   .arn = "arn:aws:iam::111122223333:user/u",
                   .user_id = "AIDA1",
                   .access_key_id = "AKIA1"};
  auto got = event({}, &caller);
  EXPECT_EQ(at(got, "/requestContext/accountId"), "111122223333");
  EXPECT_EQ(at(got, "/requestContext/authorizer"),
            R"({"iam":{"accessKey":"AKIA1","accountId":"111122223333","callerId":"AIDA1","cognitoIdentity":null,)"
            R"("principalOrgId":null,"userArn":"arn:aws:iam::111122223333:user/u","userId":"AIDA1"}})");
  EXPECT_FALSE(got["headers"].as_object().contains("authorization"));
}

TEST_F(UrlEvent, TextStaysTextAndTheRestBecomesBase64) {
  struct Case {
    const char* type;
    std::string body;
    const char* expected;
    bool base64;
  };
  for (const Case& each : std::initializer_list<Case>{
           {"text/plain; charset=utf-8", "hé", "hé", false},
           {"Application/JSON", R"({"a":1})", R"({"a":1})", false},
           {"application/xml", "<a/>", "<a/>", false},
           {"application/javascript", "1", "1", false},
           {"application/x-www-form-urlencoded", "a=b", "YT1i", true},
           {"multipart/form-data; boundary=x", "a", "YQ==", true},
           {"application/octet-stream", "a", "YQ==", true},
           {"", "a", "YQ==", true},
           {"text/plain", "\xff", "/w==", true},
       }) {
    request.headers.set("Content-Type", each.type);
    auto got = event(each.body);
    EXPECT_EQ(got["body"].as_string(), each.expected) << each.type;
    EXPECT_EQ(got["isBase64Encoded"].as_bool(), each.base64) << each.type;
  }
}

TEST_F(UrlEvent, ForeignBytesDoNotBreakTheDocument) {
  request.path = "/\xff%ff%zz";
  request.query = "%ff=\xfe&%zz=%00";
  request.headers.add("X-Latin", "caf\xe9");
  request.headers.add("Cookie", "\xc3");
  event();
  EXPECT_TRUE(is_valid_utf8(text));
}

}  // namespace
}  // namespace sortie::emulator::lambda
