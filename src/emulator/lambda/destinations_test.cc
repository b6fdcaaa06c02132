#include <gtest/gtest.h>

#include "emulator/lambda/lambda_fixture.h"

namespace sortie::emulator::lambda {
namespace {

constexpr char k_config[] = "/2019-09-25/functions/f/event-invoke-config";
const http::Headers k_event{{"X-Amz-Invocation-Type", "Event"}};

/// `f` with the function `told`, which prints what it is sent, as its destination for both ends.
class Destinations : public LambdaTest {
 protected:
  void make_both() {
    make_function("f");
    make_function("told");
    auto reply = call("PUT", k_config,
                      R"({"MaximumRetryAttempts":0,"DestinationConfig":{)"
                      R"("OnSuccess":{"Destination":"arn:aws:lambda:us-east-1:111111111111:function:told"},)"
                      R"("OnFailure":{"Destination":"arn:aws:lambda:us-east-1:111111111111:function:told"}}})");
    ASSERT_EQ(reply.status, 200) << reply.body;
  }
  std::string told() {
    std::string all;
    for (const auto& [name, content] : logs.streams) {
      if (name.starts_with("/aws/lambda/told ")) all += content;
    }
    return all;
  }
};

TEST_F(Destinations, AreToldOfBothEnds) {
  options.async_retry_delays = {};
  make_both();
  auto reports = [this] {
    std::size_t count = 0;
    auto text = told();
    for (auto at = text.find("REPORT "); at != std::string::npos; at = text.find("REPORT ", at + 1)) ++count;
    return count;
  };
  EXPECT_EQ(invoke("f", R"({"a":1})", k_event).status, 202);
  EXPECT_TRUE(run_until([&] { return reports() == 1; }));
  EXPECT_EQ(invoke("f", do_("error"), k_event).status, 202);
  EXPECT_TRUE(run_until([&] { return reports() == 2; }));
}

TEST_F(Destinations, AreNotToldWhatTheRoleMayNot) {
  make_both();
  auto waiting = [this] { return store->db().execAndGet("SELECT count(*) FROM lambda_async").getInt(); };
  EXPECT_EQ(invoke("f", R"({"a":1})", k_event).status, 202);
  iam.denied_actions = {"lambda:InvokeFunction"};
  EXPECT_TRUE(run_until([&] { return waiting() == 0; }));
  for (const auto& [name, content] : logs.streams) EXPECT_FALSE(name.starts_with("/aws/lambda/told ")) << content;
}

TEST_F(Destinations, GetTheRecordThatAwsSends) {
  make_both();
  ASSERT_EQ(call("PUT", "/2017-10-31/functions/f/concurrency", R"({"ReservedConcurrentExecutions":0})").status, 200);
  auto records = [this] {
    SQLite::Statement query(store->db(), "SELECT payload FROM lambda_async WHERE name = 'told'");
    return query.executeStep() ? query.getColumn(0).getString() : std::string();
  };
  auto accepted = invoke("f", R"({"a":1})", k_event);
  std::string record;
  EXPECT_TRUE(run_until([&] { return !(record = records()).empty(); }));
  auto document = boost::json::parse(record).as_object();
  auto context = document["requestContext"].as_object();
  EXPECT_EQ(document["version"], "1.0");
  EXPECT_EQ(context["requestId"].as_string(), accepted.header("x-amzn-RequestId"));
  EXPECT_EQ(context["functionArn"], "arn:aws:lambda:us-east-1:111111111111:function:f:$LATEST");
  EXPECT_EQ(context["condition"], "ZeroReservedConcurrency");
  EXPECT_EQ(context["approximateInvokeCount"].as_int64(), 0);
  EXPECT_EQ(document["requestPayload"].as_object()["a"].as_int64(), 1);
  EXPECT_FALSE(document.contains("responseContext"));
}

TEST_F(Destinations, AreFunctionsThatAreThere) {
  make_function("f");
  auto refused = [this](const std::string& arn) {
    return call("PUT", k_config, R"({"DestinationConfig":{"OnSuccess":{"Destination":")" + arn + R"("}}})");
  };
  EXPECT_EQ(refused("arn:aws:lambda:us-east-1:111111111111:function:none").member("message"),
            "The destination ARN arn:aws:lambda:us-east-1:111111111111:function:none is invalid.");
  EXPECT_EQ(refused("arn:aws:lambda:us-east-1:111111111111:function:f").member("message"),
            "You can't specify the function as a destination for itself.");
  EXPECT_EQ(refused("arn:aws:sqs:us-east-1:111111111111:q").status, 501);
  EXPECT_EQ(refused("arn:aws:_!:us-east-1:111111111111:q").header("x-amzn-ErrorType"), "ValidationException");
}

}  // namespace
}  // namespace sortie::emulator::lambda
