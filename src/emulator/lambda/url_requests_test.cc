#include <gtest/gtest.h>

#include "emulator/lambda/execution/invocation.h"
#include "emulator/lambda/lambda_fixture.h"

namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

class UrlRequests : public LambdaTest {
 protected:
  /// The URL's host name.
  std::string make_url(json::object more = {}, const std::string& qualifier = {}) {
    json::object document{{"AuthType", "NONE"}};
    for (auto& [key, value] : more) document.insert_or_assign(key, value);
    const auto query = qualifier.empty() ? "" : "?Qualifier=" + qualifier;
    auto url = call("POST", "/2021-10-31/functions/f/url" + query, serialize(document)).member("FunctionUrl");
    EXPECT_TRUE(url.starts_with("https://") && url.ends_with(".lambda-url.us-east-1.on.aws/")) << url;
    return url.substr(8, url.size() - 9);
  }
  Call make_request(const std::string& host, const std::string& path, std::string body = {}) {
    auto made = make_call("GET", path, std::move(body), {{"Host", host}});
    made.principal = {};
    return made;
  }
  Reply send(const std::string& host, const std::string& path, std::string body = {}) {
    return run(exchange(lambda(), make_request(host, path, std::move(body))));
  }
  std::string url(json::object more = {}) {
    make_function("f", {{"Timeout", 3}});
    return make_url(std::move(more));
  }
  static json::object streaming() { return {{"InvokeMode", "RESPONSE_STREAM"}}; }
  [[nodiscard]] std::string asked(std::string_view action) const {
    for (const auto& question : iam.questions) {
      if (question.action != action) continue;
      std::string text = question.resource;
      for (const auto& [key, value] : question.context) text += " " + key + "=" + value;
      return text;
    }
    return "(never)";
  }
};

void expect_bad_gateway(const Reply& reply) {
  EXPECT_EQ(reply.status, 502);
  EXPECT_EQ(reply.body, "Internal Server Error");
  EXPECT_EQ(reply.header("x-amzn-RequestId").size(), 36U);
}

TEST_F(UrlRequests, TheEventReachesTheFunction) {
  const auto reply = send(url(), "/a?x=1", "{}");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("Content-Type"), "application/json");
  EXPECT_EQ(reply.member("rawPath"), "/a");
  const auto context = reply.json().at("requestContext").as_object();
  EXPECT_EQ(context.at("requestId").as_string(), reply.header("x-amzn-RequestId"));
  EXPECT_EQ(reply.header("X-Amzn-Trace-Id").substr(0, 7), "Root=1-");
  const auto trace = std::string(json::parse(reply.body).at_pointer("/headers/x-amzn-trace-id").as_string());
  EXPECT_EQ(trace, reply.header("X-Amzn-Trace-Id").substr(0, trace.size()));
  EXPECT_NE(logs.all().find("END RequestId: " + reply.header("x-amzn-RequestId")), std::string::npos);
}

TEST_F(UrlRequests, ATraceOfTheClientsIsGoneOnWith) {
  auto traced = make_request(url(), "/");
  const std::string trace = "Root=1-63ea3fee-51ba94542feafa3928745ba3;Parent=53995c3f42cd8ad8;Sampled=1";
  traced.request.headers.add("X-Amzn-Trace-Id", trace);
  const auto reply = run(exchange(lambda(), std::move(traced)));
  EXPECT_EQ(reply.header("X-Amzn-Trace-Id"), trace);
  EXPECT_EQ(json::parse(reply.body).at_pointer("/headers/x-amzn-trace-id").as_string(), trace);
}

TEST_F(UrlRequests, AskIamForWhatTheyNeed) {
  const auto host = url();
  iam.questions.clear();
  EXPECT_EQ(send(host, "/").status, 200);
  EXPECT_EQ(asked("lambda:InvokeFunctionUrl"),
            "arn:aws:lambda:us-east-1:111111111111:function:f lambda:FunctionUrlAuthType=NONE");
  EXPECT_EQ(asked("lambda:InvokeFunction"), "(never)");
  iam.denied_actions = {"lambda:InvokeFunctionUrl"};
  const auto reply = send(host, "/");
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(reply.header("x-amzn-ErrorType"), "AccessDeniedException");
  EXPECT_EQ(reply.member("Message"),
            "Forbidden. For troubleshooting Function URL authorization issues, see: "
            "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html");
}

TEST_F(UrlRequests, WithRealismBothPermissionsAreNeeded) {
  options.realism.emplace();
  options.realism->create_time = std::chrono::milliseconds(0);
  iam.denied_actions = {"lambda:InvokeFunction"};
  EXPECT_EQ(send(url(), "/").status, 403);
  EXPECT_EQ(asked("lambda:InvokeFunction"),
            "arn:aws:lambda:us-east-1:111111111111:function:f lambda:FunctionUrlAuthType=NONE "
            "lambda:InvokedViaFunctionUrl=true");
}

TEST_F(UrlRequests, WithAwsIamTheCallerCounts) {
  const auto host = url({{"AuthType", "AWS_IAM"}});
  EXPECT_EQ(send(host, "/").status, 403);
  auto signed_call = make_request(host, "/");
  signed_call.principal = {.kind = Principal::Kind::user, .account = k_account, .arn = "arn:aws:iam::1:user/u"};
  signed_call.principal.access_key_id = "AKIA1";
  const auto reply = run(exchange(lambda(), std::move(signed_call)));
  EXPECT_EQ(json::parse(reply.body).at_pointer("/requestContext/authorizer/iam/accessKey").as_string(), "AKIA1");
  EXPECT_NE(asked("lambda:InvokeFunction").find("lambda:InvokedViaFunctionUrl=true"), std::string::npos);
  http::Request request = make_request(host, "/").request;
  EXPECT_TRUE(lambda().is_public(request));  // refused without a look at its signature: it has none
  request.headers.add("Authorization", "AWS4-HMAC-SHA256 x");
  EXPECT_FALSE(lambda().is_public(request));
}

TEST_F(UrlRequests, UnknownUrlsAreForbidden) {
  const auto host = url();
  const auto local = host.substr(0, host.find('.')) + ".lambda-url.us-east-1.localhost:1234";
  EXPECT_EQ(send(local, "/").status, 200);
  for (const auto& other : {std::string("x") + host, host.substr(1), host.substr(0, 5) + host.substr(32),
                            host.substr(0, host.find('.')) + ".lambda-url.eu-west-1.on.aws"}) {
    const auto reply = send(other, "/");
    EXPECT_EQ(reply.status, 403) << other;
    EXPECT_EQ(reply.body, R"({"Message":null})");
    EXPECT_EQ(reply.header("x-amzn-ErrorType"), "AccessDeniedException");
  }
  call("DELETE", "/2021-10-31/functions/f/url");
  EXPECT_EQ(send(host, "/").body, R"({"Message":null})");
}

TEST_F(UrlRequests, AnAliasHasItsOwnUrlVersionAndPolicy) {
  make_function("f");
  call("POST", "/2015-03-31/functions/f/versions", "{}");
  call("POST", "/2015-03-31/functions/f/aliases", R"({"Name":"live","FunctionVersion":"1"})");
  call("POST", "/2015-03-31/functions/f/policy?Qualifier=live",
       R"({"StatementId":"s","Action":"lambda:InvokeFunctionUrl","Principal":"*","FunctionUrlAuthType":"NONE"})");
  const auto host = make_url({}, "live");
  iam.questions.clear();
  EXPECT_EQ(send(host, "/?do=headers").body, "arn:aws:lambda:us-east-1:111111111111:function:f:live");
  ASSERT_EQ(iam.questions.front().action, "lambda:InvokeFunctionUrl");
  EXPECT_TRUE(iam.questions.front().resource.ends_with(":function:f:live"));
  EXPECT_NE(iam.questions.front().resource_policy.find("\"Sid\":\"s\""), std::string::npos);
  EXPECT_NE(logs.streams.begin()->first.find("[1]"), std::string::npos);
}

TEST_F(UrlRequests, TheFunctionMakesTheResponse) {
  const auto reply = send(url(), "/?do=response");
  EXPECT_EQ(reply.status, 202);
  EXPECT_EQ(reply.header("X-A"), "b");
  EXPECT_EQ(reply.header("Set-Cookie"), "c=1");
  EXPECT_EQ(reply.body, "made");
}

TEST_F(UrlRequests, FailuresAreBadGateways) {
  const auto host = url();
  for (const char* what : {"error", "exit127", "hang", "large", "bad-response", "bad-prelude", "http-stream-and-die"}) {
    SCOPED_TRACE(what);
    expect_bad_gateway(send(host, std::string("/?do=") + what));
  }
}

TEST_F(UrlRequests, ThrottlingIsTold) {
  const auto host = url();
  call("PUT", "/2017-10-31/functions/f/concurrency", R"({"ReservedConcurrentExecutions":0})");
  const auto reply = send(host, "/");
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(reply.member("Reason"), "ReservedFunctionConcurrentInvocationLimitExceeded");
  EXPECT_EQ(reply.header("x-amzn-ErrorType"), "TooManyRequestsException");
}

TEST_F(UrlRequests, LargeRequestsAreRefused) {
  const auto host = url();
  for (std::size_t size : {k_request_limit + 1, k_request_limit - 100}) {  // the second is too large as an event
    const auto reply = send(host, "/", std::string(size, 'x'));
    EXPECT_EQ(reply.status, 413);
    EXPECT_EQ(reply.member("message"), "Request must be smaller than 6291456 bytes for the InvokeFunction operation");
  }
}

TEST_F(UrlRequests, CorsIsForTheFront) {
  const auto host = url({{"Cors", json::object{{"AllowOrigins", json::array{"https://a"}}, {"MaxAge", 5}}}});
  auto preflight = make_request(host, "/");
  preflight.request.method = "OPTIONS";
  preflight.request.headers.add("Origin", "https://a");
  preflight.request.headers.add("Access-Control-Request-Method", "PUT");
  iam.denied_actions = {"lambda:InvokeFunctionUrl"};
  auto reply = run(exchange(lambda(), std::move(preflight)));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("Access-Control-Max-Age"), "5");
  EXPECT_EQ(logs.all(), "");
  auto refused = make_request(host, "/");
  refused.request.headers.add("Origin", "https://a");
  reply = run(exchange(lambda(), std::move(refused)));
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(reply.header("Access-Control-Allow-Origin"), "https://a");
}

TEST_F(UrlRequests, AStreamIsAResponseAsItComes) {
  const auto host = url(streaming());
  const auto reply = send(host, "/?do=http-stream");
  EXPECT_EQ(reply.status, 202);
  EXPECT_EQ(reply.header("X-A"), "b");
  EXPECT_EQ(reply.header("Set-Cookie"), "c=1");
  EXPECT_EQ(reply.header("Content-Type"), "application/octet-stream");
  EXPECT_EQ(reply.body, "made of pieces");
  EXPECT_EQ(send(host, "/?do=stream").body, "piece 0\npiece 1\npiece 2\n");
  EXPECT_EQ(send(host, "/?do=stream-much").body.size(), 300U * 100'000U);
}

TEST_F(UrlRequests, ABufferedUrlReadsAStreamedResponse) {
  const auto reply = send(url(), "/?do=http-stream");
  EXPECT_EQ(reply.status, 202);
  EXPECT_EQ(reply.body, "made of pieces");
}

TEST_F(UrlRequests, AStreamingUrlPassesABufferedAnswerOnUnread) {
  const auto reply = send(url(streaming()), "/?do=response");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.member("statusCode"), "202");
}

TEST_F(UrlRequests, FailuresBeforeAStreamAreBadGateways) {
  const auto host = url(streaming());
  for (const char* what : {"error", "exit127", "hang", "bad-prelude"}) {
    SCOPED_TRACE(what);
    expect_bad_gateway(send(host, std::string("/?do=") + what));
  }
}

TEST_F(UrlRequests, AFailureWithinAStreamCutsIt) {
  const auto host = url(streaming());
  const auto reply = send(host, "/?do=http-stream-and-die");
  EXPECT_EQ(reply.status, 202);
  EXPECT_TRUE(reply.body.starts_with("cut: ")) << reply.body;
  EXPECT_TRUE(send(host, "/?do=stream-and-fail").body.starts_with("cut: "));
}

TEST_F(UrlRequests, AReaderWhoLeavesDoesNotStopTheFunction) {
  const auto host = url(streaming());
  {
    auto response = run(lambda().handle(make_request(host, "/?do=stream-much")));
    EXPECT_EQ(response.status, 200);
  }
  EXPECT_TRUE(run_until([this] { return logs.all().find("REPORT RequestId") != std::string::npos; }));
  EXPECT_EQ(logs.all().find("Status: "), std::string::npos);
}

TEST_F(UrlRequests, ConfiguringAUrlNamesItsTypeToIam) {
  const auto host = url({{"AuthType", "AWS_IAM"}});
  EXPECT_NE(asked("lambda:CreateFunctionUrlConfig").find("lambda:FunctionUrlAuthType=AWS_IAM"), std::string::npos);
  call("PUT", "/2021-10-31/functions/f/url", R"({"AuthType":"NONE"})");
  EXPECT_NE(asked("lambda:UpdateFunctionUrlConfig").find("lambda:FunctionUrlAuthType=NONE"), std::string::npos);
  call("DELETE", "/2021-10-31/functions/f/url");
  EXPECT_NE(asked("lambda:DeleteFunctionUrlConfig").find("lambda:FunctionUrlAuthType=NONE"), std::string::npos);
}

}  // namespace
}  // namespace sortie::emulator::lambda
