#include <gtest/gtest.h>

#include "emulator/lambda/lambda_fixture.h"
#include "wire/event_stream.h"

namespace sortie::emulator::lambda {
namespace {

struct StreamEnd {
  std::string payload;
  boost::json::object complete;
};

StreamEnd read_stream(const Reply& reply) {
  StreamEnd end;
  wire::EventStreamDecoder decoder;
  decoder.feed(reply.body);
  for (auto message = decoder.next(); message && *message; message = decoder.next()) {
    if ((*message)->event_type() == "PayloadChunk") end.payload += (*message)->payload;
    if ((*message)->event_type() == "InvokeComplete")
      end.complete = boost::json::parse((*message)->payload).as_object();
  }
  EXPECT_TRUE(decoder.at_boundary());
  return end;
}

class InvokeStream : public LambdaTest {
 protected:
  Reply invoke_stream(const std::string& payload, http::Headers headers = {}) {
    return call("POST", "/2021-11-15/functions/f/response-streaming-invocations", payload, std::move(headers));
  }
};

TEST_F(InvokeStream, PassesChunksOn) {
  make_function("f");
  auto reply = invoke_stream(do_("stream"), k_tail);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("Content-Type"), "application/vnd.amazon.eventstream");
  EXPECT_EQ(reply.header("X-Amz-Executed-Version"), "$LATEST");
  auto end = read_stream(reply);
  EXPECT_EQ(end.payload, "piece 0\npiece 1\npiece 2\n");
  EXPECT_FALSE(end.complete.contains("ErrorCode"));
  EXPECT_NE(wire::base64_decode(end.complete["LogResult"].as_string())->find("REPORT"), std::string::npos);
}

TEST_F(InvokeStream, CarriesMuch) {
  make_function("f", {{"Timeout", 60}});
  EXPECT_EQ(read_stream(invoke_stream(do_("stream-much"))).payload.size(), 300u * 100'000u);
}

TEST_F(InvokeStream, ABufferedAnswerComesAsOne) {
  make_function("f");
  EXPECT_EQ(read_stream(invoke_stream(R"({"x":1})")).payload, R"({"x":1})");
}

TEST_F(InvokeStream, ADeathAfterSomeChunksIsTold) {
  make_function("f");
  auto end = read_stream(invoke_stream(do_("stream-and-die")));
  EXPECT_EQ(end.payload, "piece 0\npiece 1\n");
  EXPECT_EQ(end.complete["ErrorCode"].as_string(), "Runtime.ExitError");
  EXPECT_NE(std::string(end.complete["ErrorDetails"].as_string()).find("exit status 5"), std::string::npos);
}

TEST_F(InvokeStream, AnErrorInTheTrailersIsTold) {
  make_function("f");
  auto end = read_stream(invoke_stream(do_("stream-and-fail")));
  EXPECT_EQ(end.payload, "piece 0\n");
  EXPECT_EQ(end.complete["ErrorCode"].as_string(), "Stream.Broke");
  EXPECT_EQ(end.complete["ErrorDetails"].as_string(), R"({"errorType":"Stream.Broke"})");
}

TEST_F(InvokeStream, TimeoutsAndErrorsAreTold) {
  make_function("f", {{"Timeout", 1}});
  EXPECT_EQ(read_stream(invoke_stream(do_("hang"))).complete["ErrorCode"].as_string(), "Sandbox.Timedout");
  auto end = read_stream(invoke_stream(do_("error")));
  EXPECT_EQ(end.complete["ErrorCode"].as_string(), "MyError");
  EXPECT_EQ(end.complete["ErrorDetails"].as_string(), R"({"errorMessage":"no","errorType":"MyError"})");
}

}  // namespace
}  // namespace sortie::emulator::lambda
