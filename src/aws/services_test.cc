#include <gtest/gtest.h>

#include <deque>

#include "aws/iam.h"
#include "aws/lambda.h"
#include "aws/logs.h"
#include "aws/s3.h"
#include "aws/scripted_service.h"
#include "aws/sts.h"
#include "wire/checksum.h"
#include "wire/chunked_signing.h"
#include "wire/event_stream.h"
#include "wire/json.h"

namespace sortie::aws {
namespace {

/// A body in given pieces, at the end an error if one is given.
class Pieces final : public http::BodySource {
 public:
  explicit Pieces(std::deque<std::string> pieces, std::optional<Error> end = std::nullopt)
      : pieces_(std::move(pieces)), end_(std::move(end)) {}
  Task<Result<std::size_t>> read(std::span<char> buffer) override {
    if (pieces_.empty() && end_) co_return std::unexpected(*end_);
    if (pieces_.empty()) co_return std::size_t(0);
    const auto count = pieces_.front().copy(buffer.data(), buffer.size());
    pieces_.front().erase(0, count);
    if (pieces_.front().empty()) pieces_.pop_front();
    co_return count;
  }

 private:
  std::deque<std::string> pieces_;
  std::optional<Error> end_;
};

ScriptedService::Answer streams(std::deque<std::string> pieces, std::optional<Error> end = std::nullopt) {
  return [=]() -> Result<http::Response> {
    http::Response response;
    response.headers.set("x-amzn-RequestId", "r-1");
    response.body = http::Body(std::make_unique<Pieces>(pieces, end));
    return response;
  };
}

TEST(Lambda, CreateFunction) {
  Surroundings around;
  around.service.answer(201, R"({"FunctionName":"f","State":"Pending","MemorySize":256,"Architectures":["arm64"],
                                 "Environment":{"Variables":{"A":"b"}},"LastUpdateStatus":null})");
  Lambda lambda(around.config());
  CreateFunctionRequest request;
  request.name = "f";
  request.code.zip = "zip bytes";
  request.environment = {{"A", "b"}};
  const auto function = run(lambda.create_function(request));
  ASSERT_TRUE(function) << function.error().message;
  EXPECT_EQ(function->state, "Pending");
  EXPECT_EQ(function->memory_mb, 256);
  EXPECT_EQ(function->architecture, "arm64");
  EXPECT_EQ(function->environment.at("A"), "b");
  const auto sent = *wire::parse_json_object(around.service.seen[0].body);
  EXPECT_EQ(wire::string_or(wire::object_or_empty(sent, "Code"), "ZipFile"), wire::base64_encode("zip bytes"));
  EXPECT_EQ(wire::string_or(sent, "Runtime"), "provided.al2023");
}

TEST(Lambda, InvokeTellsAFunctionErrorApart) {
  Surroundings around;
  around.service.answer(200, R"({"errorType":"X"})",
                        {{"X-Amz-Function-Error", "Unhandled"},
                         {"X-Amz-Log-Result", wire::base64_encode("the log")},
                         {"X-Amz-Executed-Version", "$LATEST"},
                         {"x-amzn-RequestId", "r-1"}});
  Lambda lambda(around.config());
  const auto answer = *run(lambda.invoke({.function = "f", .payload = "{}", .log_tail = true, .qualifier = "$LATEST"}));
  EXPECT_EQ(answer.function_error, "Unhandled");
  EXPECT_EQ(answer.log_result, "the log");
  EXPECT_EQ(answer.executed_version, "$LATEST");
  EXPECT_EQ(answer.request_id, "r-1");
  EXPECT_EQ(around.service.seen[0].url,
            "https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/f/invocations?Qualifier=%24LATEST");
  EXPECT_EQ(around.service.seen[0].headers.get("X-Amz-Log-Type"), "Tail");
}

struct Streamed {
  std::string payload;
  std::optional<Error> error;
  InvokeComplete complete;
};

Task<Streamed> drain(InvokeStream stream) {
  Streamed out;
  for (;;) {
    auto chunk = co_await stream.next();
    if (!chunk) out.error = chunk.error();
    if (!chunk || !*chunk) break;
    out.payload += **chunk + "|";
  }
  out.complete = stream.complete();
  co_return out;
}

Streamed invoke_streamed(Surroundings& around) {
  Lambda lambda(around.config());
  auto stream = run(lambda.invoke_with_response_stream({.function = "f", .payload = "{}"}));
  EXPECT_TRUE(stream);
  return run(drain(*std::move(stream)));
}

const std::string k_complete = wire::encode_event(
    "InvokeComplete", "application/json",
    R"({"ErrorCode":"Unhandled","ErrorDetails":"d","LogResult":")" + wire::base64_encode("log") + R"("})");

TEST(InvokeStream, GivesChunksThenTheEnd) {
  Surroundings around;
  const auto bytes = wire::encode_event("PayloadChunk", "application/octet-stream", "one") +
                     wire::encode_event("PayloadChunk", "application/octet-stream", "two") + k_complete;
  around.service.answer(streams({bytes.substr(0, 10), bytes.substr(10, 100), bytes.substr(110)}));
  const auto got = invoke_streamed(around);
  EXPECT_FALSE(got.error);
  EXPECT_EQ(got.payload, "one|two|");
  EXPECT_EQ(got.complete.error_code, "Unhandled");
  EXPECT_EQ(got.complete.error_details, "d");
  EXPECT_EQ(got.complete.log_result, "log");
}

TEST(InvokeStream, ACutStreamIsANetworkError) {
  const auto chunk = wire::encode_event("PayloadChunk", "", "one");
  for (const auto& bytes : {chunk, chunk + k_complete.substr(0, 20), std::string()}) {
    Surroundings around;
    around.service.answer(streams({bytes}));
    const auto got = invoke_streamed(around);
    ASSERT_TRUE(got.error);
    EXPECT_EQ(got.error->kind, ErrorKind::network);
  }
}

TEST(InvokeStream, ABrokenConnectionKeepsItsKind) {
  Surroundings around;
  around.service.answer(streams({}, fail(ErrorKind::network, "reset").error()));
  EXPECT_EQ(invoke_streamed(around).error->kind, ErrorKind::network);
}

TEST(InvokeStream, ExceptionsHaveTheirCode) {
  Surroundings around;
  around.service.answer(
      streams({wire::encode_event_exception("TooManyRequestsException", "", R"({"message":"Rate Exceeded."})")}));
  const auto got = invoke_streamed(around);
  ASSERT_TRUE(got.error);
  EXPECT_EQ(got.error->code, "TooManyRequestsException");
  EXPECT_EQ(got.error->kind, ErrorKind::throttled);
}

TEST(Lambda, WaitsUntilActive) {
  Surroundings around;
  around.service.answer(200, R"({"State":"Pending"})").answer(200, R"({"State":"Active","FunctionName":"f"})");
  Lambda lambda(around.config());
  EXPECT_EQ(run(lambda.wait_until_active("f", k_no_deadline))->name, "f");
  EXPECT_EQ(around.slept.size(), 1U);
}

TEST(Lambda, AFailedFunctionEndsTheWait) {
  Surroundings around;
  around.service.answer(200, R"({"State":"Failed","StateReason":"no","FunctionName":"f"})");
  Lambda lambda(around.config());
  EXPECT_EQ(run(lambda.wait_until_active("f", k_no_deadline)).error().message, "function f failed: no");
}

TEST(Lambda, TheWaitHasADeadline) {
  Surroundings around;
  around.service.answer(200, R"({"LastUpdateStatus":"InProgress"})");
  Lambda lambda(around.config());
  EXPECT_EQ(run(lambda.wait_until_updated("f", Deadline::min())).error().kind, ErrorKind::timeout);
}

TEST(Lambda, ListsAllPages) {
  Surroundings around;
  around.service.answer(200, R"({"Functions":[{"FunctionName":"a"}],"NextMarker":"m"})")
      .answer(200, R"({"Functions":[{"FunctionName":"b"}]})");
  Lambda lambda(around.config());
  EXPECT_EQ(run(lambda.list_all_functions())->size(), 2U);
  EXPECT_TRUE(around.service.seen[1].url.ends_with("?Marker=m"));
}

TEST(Iam, CreateRole) {
  Surroundings around;
  around.service.answer(
      200,
      "<CreateRoleResponse xmlns='u'><CreateRoleResult><Role><RoleName>r</RoleName><Arn>arn</Arn>"
      "<AssumeRolePolicyDocument>%7B%22a%22%3A1%7D</AssumeRolePolicyDocument></Role></CreateRoleResult>"
      "</CreateRoleResponse>");
  Iam iam(around.config());
  const auto role = *run(iam.create_role({.name = "r", .assume_role_policy = "{}", .tags = {{"k", "v"}}}));
  EXPECT_EQ(role.assume_role_policy, R"({"a":1})");
  EXPECT_EQ(around.service.seen[0].body,
            "Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=%7B%7D"
            "&Tags.member.1.Key=k&Tags.member.1.Value=v");
}

TEST(Sts, AssumeRole) {
  Surroundings around;
  around.service.answer(200,
                        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId>"
                        "<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
                        "<Expiration>2015-08-30T13:36:00Z</Expiration></Credentials></AssumeRoleResult>"
                        "</AssumeRoleResponse>");
  Sts sts(around.config());
  const auto credentials = *run(sts.assume_role({.role_arn = "arn:aws:iam::1:role/r", .session_name = "s"}));
  EXPECT_EQ(credentials.session_token, "t");
  EXPECT_EQ(*credentials.expires - around.clock.now(), std::chrono::hours(1));
}

TEST(Logs, ReadsUntilTheTokenRepeats) {
  Surroundings around;
  around.service.answer(200, R"({"events":[{"timestamp":1,"message":"a"}],"nextForwardToken":"1"})")
      .answer(200, R"({"events":[],"nextForwardToken":"2"})")
      .answer(200, R"({"events":[{"timestamp":2,"message":"b"}],"nextForwardToken":"3"})")
      .answer(200, R"({"events":[],"nextForwardToken":"3"})");
  Logs logs(around.config());
  std::string all;
  const auto token = run(logs.read_log_events({.group = "g", .stream = "s"}, [&](const LogEvent& event) {
    all += event.message;
    return true;
  }));
  EXPECT_EQ(all, "ab");
  EXPECT_EQ(*token, "3");
  EXPECT_EQ(around.service.seen[0].headers.get("X-Amz-Target"), "Logs_20140328.GetLogEvents");
}

TEST(Logs, PutTellsWhatWasRejected) {
  Surroundings around;
  around.service.answer(200, R"({"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":3}})").answer(200, "{}");
  Logs logs(around.config());
  std::vector<LogEvent> events(1);
  events[0].message = "m";
  EXPECT_EQ(run(logs.put_log_events("g", "s", events))->too_old_end, 3);
  EXPECT_EQ(run(logs.put_log_events("g", "s", events))->too_old_end, std::nullopt);
}

TEST(S3, AddressesBuckets) {
  const auto url = [](std::string bucket, S3Options options, std::optional<std::string> endpoint = std::nullopt) {
    Surroundings around;
    around.service.answer(204, "");
    auto config = around.config("eu-west-1");
    config.endpoint_url = std::move(endpoint);
    S3 s3(config, options);
    EXPECT_TRUE(run(s3.delete_object(std::move(bucket), "a b/c+d")));
    return around.service.seen[0].url;
  };
  EXPECT_EQ(url("bucket", {}), "https://bucket.s3.eu-west-1.amazonaws.com/a%20b/c%2Bd");
  EXPECT_EQ(url("with.dots", {}), "https://s3.eu-west-1.amazonaws.com/with.dots/a%20b/c%2Bd");
  EXPECT_EQ(url("bucket", {}, "http://localhost:1"), "http://localhost:1/bucket/a%20b/c%2Bd");
  EXPECT_EQ(url("bucket", {.addressing = AddressingStyle::virtual_host}, "http://h:1"),
            "http://bucket.h:1/a%20b/c%2Bd");
}

TEST(S3, PutsBytesWithAChecksum) {
  Surroundings around;
  around.service.answer(200, "", {{"ETag", "\"e\""}});
  S3 s3(around.config());
  PutObjectRequest request;
  request.bucket = "bucket";
  request.key = "k";
  request.body.bytes = "123456789";
  request.headers.metadata = {{"a", "b"}};
  EXPECT_EQ(run(s3.put_object(std::move(request)))->etag, "\"e\"");
  const auto& seen = around.service.seen[0];
  EXPECT_EQ(seen.headers.get("x-amz-checksum-crc32"), "y/Q5Jg==");
  EXPECT_EQ(seen.headers.get("x-amz-content-sha256"), wire::sha256_hex("123456789"));
  EXPECT_EQ(seen.headers.get("x-amz-meta-a"), "b");
}

UploadBody streamed(std::string bytes) {
  UploadBody body;
  body.stream_length = bytes.size();
  body.stream = [bytes]() -> Result<http::Body> { return http::Body(std::make_unique<Pieces>(std::deque{bytes})); };
  return body;
}

TEST(S3, StreamsAreMadeAgainForARetry) {
  Surroundings around;
  around.service.answer(500, "").answer(200, "");
  S3 s3(around.config());
  const std::string bytes(100'000, 'x');
  ASSERT_TRUE(run(s3.put_object({.bucket = "bucket", .key = "k", .body = streamed(bytes)})));
  for (const auto& seen : around.service.seen) {
    wire::ChunkedDecoderOptions options;
    options.mode = *wire::chunk_mode_from(*seen.headers.get("x-amz-content-sha256"));
    options.trailer_names = *seen.headers.get("x-amz-trailer");
    options.decoded_length = bytes.size();
    wire::ChunkedDecoder decoder(options);
    std::string decoded;
    ASSERT_TRUE(decoder.feed(seen.body, decoded));
    ASSERT_TRUE(decoder.finish());
    EXPECT_EQ(decoded, bytes);
  }
}

TEST(S3, StreamsWithoutChecksumGoAsTheyAre) {
  Surroundings around;
  around.service.answer(200, "");
  S3 s3(around.config(), {.upload_checksum = std::nullopt});
  ASSERT_TRUE(run(s3.put_object({.bucket = "bucket", .key = "k", .body = streamed("plain")})));
  EXPECT_EQ(around.service.seen[0].body, "plain");
  EXPECT_EQ(around.service.seen[0].headers.get("x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
}

TEST(S3, SignatureVersion2) {
  Surroundings around;
  around.service.answer(204, "");
  S3 s3(around.config(), {.signature_version = 2});
  ASSERT_TRUE(run(s3.delete_object("bucket", "k")));
  EXPECT_TRUE(around.service.seen[0].headers.get("Authorization")->starts_with("AWS AKID:"));
  const auto url = *run(s3.presign("GET", "bucket", "k", std::chrono::seconds(60)));
  EXPECT_TRUE(url.starts_with("https://bucket.s3.us-east-1.amazonaws.com/k?AWSAccessKeyId=AKID&Expires=1440938220"))
      << url;
}

TEST(S3, AnErrorInsideA200IsAnError) {
  Surroundings around;
  around.service.answer(200, "<Error><Code>InternalError</Code><Message>m</Message></Error>");
  S3 s3(around.config());
  const auto error = run(s3.complete_multipart_upload("bucket", "k", "u", {{1, "\"e\"", ""}})).error();
  EXPECT_EQ(error.code, "InternalError");
  EXPECT_EQ(error.kind, ErrorKind::unavailable);
}

TEST(S3, ListsWithEncodedKeys) {
  Surroundings around;
  around.service.answer(200,
                        "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
                        "<NextContinuationToken>n</NextContinuationToken><Contents><Key>a%01+b%2B</Key><Size>5</Size>"
                        "<LastModified>2015-08-30T12:36:00.000Z</LastModified></Contents>"
                        "<CommonPrefixes><Prefix>p%2F</Prefix></CommonPrefixes></ListBucketResult>");
  S3 s3(around.config());
  const auto page = *run(s3.list_objects_v2({.bucket = "bucket", .prefix = "a"}));
  EXPECT_EQ(page.objects.at(0).key, "a\x01 b+");
  EXPECT_EQ(page.objects[0].size, 5U);
  EXPECT_EQ(page.common_prefixes.at(0), "p/");
  EXPECT_EQ(page.next_token, "n");
}

TEST(S3, HeadOfNothingIsNotFound) {
  Surroundings around;
  around.service.answer(404, "");
  S3 s3(around.config());
  EXPECT_EQ(run(s3.head_object({.bucket = "bucket", .key = "k"})).error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace sortie::aws
