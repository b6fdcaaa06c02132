#include "emulator/s3/s3.h"

#include <sys/resource.h>

#include <csignal>

#include "emulator/s3/s3_fixture.h"

namespace sortie::emulator {
namespace {

using Strings = std::vector<std::string>;

class S3Test : public S3Fixture {
 protected:
  S3Test() { send("PUT", "/bucket"); }

  std::string denial_of(const std::string& action, const std::string& method, const std::string& path) {
    authorizer_.forbidden = {action};
    const Answer answer = send(method, path);
    authorizer_.forbidden.clear();
    return answer.code();
  }
};

TEST_F(S3Test, AnObjectComesBackAsItWasPut) {
  const Answer put = send("PUT", "/bucket/a/key%20%C3%BC", "something",
                          {{"Content-Type", "text/plain"}, {"x-amz-meta-Color", "red"}, {"Cache-Control", "no-store"}});
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(put.header("ETag"), "\"437b930db84b8079c2dd804a71936b5f\"");
  EXPECT_EQ(put.header("x-amz-server-side-encryption"), "AES256");
  EXPECT_EQ(put.header("x-amz-checksum-type"), "FULL_OBJECT");

  const Answer get = send("GET", "/bucket/a/key%20%C3%BC");
  EXPECT_EQ(get.body, "something");
  EXPECT_EQ(get.header("Content-Type"), "text/plain");
  EXPECT_EQ(get.header("x-amz-meta-color"), "red");
  EXPECT_EQ(get.header("Cache-Control"), "no-store");
  EXPECT_EQ(get.header("Accept-Ranges"), "bytes");
  EXPECT_EQ(get.header("x-amz-request-id"), "REQUEST");
  EXPECT_EQ(get.header("x-amz-id-2").size(), 76U);
  EXPECT_EQ(get.header("x-amz-checksum-crc64nvme"), "");
  EXPECT_EQ(send("HEAD", "/bucket/a/key%20%C3%BC").header("Content-Length"), "9");
  EXPECT_EQ(send("HEAD", "/bucket/a/key%20%C3%BC").body, "");
}

TEST_F(S3Test, VirtualHostsNameTheBucket) {
  Call call = make_call("PUT", "/key", "x");
  call.virtual_bucket = "bucket";
  EXPECT_EQ(send(std::move(call)).status, 200);
  EXPECT_EQ(send("GET", "/bucket/key").body, "x");
}

TEST_F(S3Test, LargeObjectsLiveInFilesAndGoWithTheirObject) {
  constexpr std::uint64_t k_size = 3'000'001;
  EXPECT_EQ(send("PUT", "/bucket/big", made(k_size)).status, 200);
  EXPECT_EQ(files().size(), 1U);
  EXPECT_EQ(send("GET", "/bucket/big").body, MadeBody::bytes(k_size));
  EXPECT_EQ(send("GET", "/bucket/big", {}, {{"Range", "bytes=2999990-"}}).body,
            MadeBody::bytes(k_size).substr(2999990));
  send("PUT", "/bucket/big", "small");
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(send("GET", "/bucket/big").body, "small");
}

TEST_F(S3Test, ACutUploadLeavesNothing) {
  send("PUT", "/bucket/key", "before");
  const Answer cut = send("PUT", "/bucket/key", made(1'000'000, 700'000));
  EXPECT_EQ(cut.status, 400);
  EXPECT_EQ(cut.code(), "IncompleteBody");
  EXPECT_EQ(send("PUT", "/bucket/key", made(10, 5, "SignatureDoesNotMatch")).status, 403);
  EXPECT_EQ(send("PUT", "/bucket/key", made(10, 5, "XAmzContentSHA256Mismatch")).code(), "XAmzContentSHA256Mismatch");
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(send("GET", "/bucket/key").body, "before");
}

TEST_F(S3Test, ADeletedObjectCanBeReadToItsEnd) {
  constexpr std::uint64_t k_size = 1'000'000;
  send("PUT", "/bucket/big", made(k_size));
  std::string text;
  asio::co_spawn(
      io_,
      [](S3& s3, Call get, Call remove, std::string& text) -> Task<void> {
        auto response = co_await s3.handle(std::move(get));
        co_await s3.handle(std::move(remove));
        text = (co_await response.body.read_all(2 << 20)).value();
      }(*s3_, make_call("GET", "/bucket/big"), make_call("DELETE", "/bucket/big"), text),
      [](const std::exception_ptr& failure) {
        if (failure) std::rethrow_exception(failure);
      });
  io_.restart();
  io_.run();
  EXPECT_EQ(text, MadeBody::bytes(k_size));
  EXPECT_TRUE(files().empty());
}

TEST_F(S3Test, AFullDiskIsAnAnswerAndLaterWritesWork) {
  send("PUT", "/bucket/k", "before");
  // A limit on file sizes fails the write as a full disk does.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = 400'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  const Answer full = send("PUT", "/bucket/k", made(1'000'000));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(full.status, 500);
  EXPECT_EQ(full.code(), "InternalError");
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(send("GET", "/bucket/k").body, "before");
  EXPECT_EQ(send("PUT", "/bucket/k", made(1'000'000)).status, 200);
}

TEST_F(S3Test, AnonymousCallersNeedAnOpenBucket) {
  send("PUT", "/bucket/k", "x");
  auto read = [&] {
    Call call = make_call("GET", "/bucket/k");
    call.principal.kind = Principal::Kind::anonymous;
    call.signature = Call::Signature::none;
    call.signature_version.clear();
    return send(std::move(call)).status;
  };
  EXPECT_EQ(read(), 403);
  send("DELETE", "/bucket?publicAccessBlock");
  EXPECT_EQ(read(), 200);
}

TEST_F(S3Test, MissingThingsAreNamed) {
  const Answer key = send("GET", "/bucket/nope");
  EXPECT_EQ(key.status, 404);
  EXPECT_EQ(key.code(), "NoSuchKey");
  EXPECT_EQ(key.element("Key"), "nope");
  EXPECT_EQ(key.element("RequestId"), "REQUEST");
  const Answer bucket = send("GET", "/absent/key");
  EXPECT_EQ(bucket.code(), "NoSuchBucket");
  EXPECT_EQ(bucket.element("BucketName"), "absent");
  EXPECT_EQ(send("HEAD", "/bucket/nope").status, 404);
  EXPECT_EQ(send("HEAD", "/bucket/nope").body, "");
}

TEST_F(S3Test, OnlyThoseWhoMayListLearnThatAKeyIsMissing) {
  authorizer_.forbidden = {"s3:ListBucket"};
  EXPECT_EQ(send("GET", "/bucket/nope").status, 403);
  EXPECT_EQ(send("HEAD", "/bucket/nope").status, 403);
}

TEST_F(S3Test, RangesAsRecorded) {
  send("PUT", "/bucket/k", "0123456789");
  struct Case {
    const char* range;
    int status;
    const char* body;
    const char* content_range;
  };
  for (const Case& c :
       {Case{"bytes=0-8", 206, "012345678", "bytes 0-8/10"}, Case{"bytes=1-1", 206, "1", "bytes 1-1/10"},
        Case{"bytes=1-0", 200, "0123456789", ""}, Case{"bytes=1-", 206, "123456789", "bytes 1-9/10"},
        Case{"bytes=-1-", 200, "0123456789", ""}, Case{"bytes=-2", 206, "89", "bytes 8-9/10"},
        Case{"bytes=-15", 206, "0123456789", "bytes 0-9/10"}, Case{"bytes=0-100", 206, "0123456789", "bytes 0-9/10"},
        Case{"bytes=0-0,2-3", 200, "0123456789", ""}, Case{"0-8", 200, "0123456789", ""},
        Case{"bytes=-", 200, "0123456789", ""}}) {
    const Answer answer = send("GET", "/bucket/k", {}, {{"Range", c.range}});
    EXPECT_EQ(answer.status, c.status) << c.range;
    EXPECT_EQ(answer.body, c.body) << c.range;
    EXPECT_EQ(answer.header("Content-Range"), c.content_range) << c.range;
  }
  for (const char* range : {"bytes=-0", "bytes=100-200"}) {
    const Answer answer = send("GET", "/bucket/k", {}, {{"Range", range}});
    EXPECT_EQ(answer.status, 416);
    EXPECT_EQ(answer.code(), "InvalidRange");
    EXPECT_EQ(answer.element("ActualObjectSize"), "10");
    EXPECT_EQ(answer.element("RangeRequested"), range);
  }
}

TEST_F(S3Test, ConditionalReads) {
  const std::string etag = send("PUT", "/bucket/k", "data").header("ETag");
  const std::string modified = send("HEAD", "/bucket/k").header("Last-Modified");
  clock_.advance(std::chrono::hours(1));
  auto status = [&](const char* name, const std::string& value) {
    return send("GET", "/bucket/k", {}, {{name, value}}).status;
  };
  EXPECT_EQ(status("If-Match", etag), 200);
  EXPECT_EQ(status("If-Match", "*"), 200);
  EXPECT_EQ(status("If-Match", "\"other\""), 412);
  EXPECT_EQ(status("If-None-Match", etag), 304);
  EXPECT_EQ(status("If-None-Match", etag.substr(1, 32)), 304);
  EXPECT_EQ(status("If-None-Match", "\"other\""), 200);
  EXPECT_EQ(status("If-Modified-Since", modified), 304);
  EXPECT_EQ(status("If-Modified-Since", "Sat, 01 Jan 2000 00:00:00 GMT"), 200);
  EXPECT_EQ(status("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"), 200);
  EXPECT_EQ(status("If-Unmodified-Since", modified), 200);
  const Answer failed = send("GET", "/bucket/k", {}, {{"If-Unmodified-Since", "Sat, 01 Jan 2000 00:00:00 GMT"}});
  EXPECT_EQ(failed.status, 412);
  EXPECT_EQ(failed.element("Condition"), "If-Unmodified-Since");
}

TEST_F(S3Test, ConditionalWrites) {
  EXPECT_EQ(send("PUT", "/bucket/k", "a", {{"If-Match", "\"x\""}}).code(), "NoSuchKey");
  EXPECT_EQ(send("PUT", "/bucket/k", "a", {{"If-None-Match", "*"}}).status, 200);
  const Answer again = send("PUT", "/bucket/k", "b", {{"If-None-Match", "*"}});
  EXPECT_EQ(again.status, 412);
  EXPECT_EQ(again.element("Condition"), "If-None-Match");
  EXPECT_EQ(send("PUT", "/bucket/k", "b", {{"If-Match", "\"x\""}}).status, 412);
  EXPECT_EQ(send("PUT", "/bucket/k", "b", {{"If-Match", "\"0cc175b9c0f1b6a831c399e269772661\""}}).status, 200);
  EXPECT_EQ(send("PUT", "/bucket/k", "b", {{"If-None-Match", "\"x\""}}).status, 501);
  EXPECT_EQ(send("DELETE", "/bucket/k", {}, {{"If-Match", "\"x\""}}).status, 412);
  EXPECT_EQ(send("GET", "/bucket/k").body, "b");
}

TEST_F(S3Test, ChecksumsAreVerifiedKeptAndShown) {
  const Answer put = send("PUT", "/bucket/k", "test-checksum",
                          {{"x-amz-checksum-sha256", "1YQo81vx2VFUl0q5ccWISq8AkSBQQ0WO80S82TmfdIQ="}});
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(put.header("x-amz-checksum-sha256"), "1YQo81vx2VFUl0q5ccWISq8AkSBQQ0WO80S82TmfdIQ=");
  const Answer get = send("GET", "/bucket/k", {}, {{"x-amz-checksum-mode", "ENABLED"}});
  EXPECT_EQ(get.header("x-amz-checksum-sha256"), "1YQo81vx2VFUl0q5ccWISq8AkSBQQ0WO80S82TmfdIQ=");
  EXPECT_EQ(get.header("x-amz-checksum-type"), "FULL_OBJECT");
  const Answer range = send("GET", "/bucket/k", {}, {{"x-amz-checksum-mode", "ENABLED"}, {"Range", "bytes=0-1"}});
  EXPECT_EQ(range.header("x-amz-checksum-sha256"), "");

  const Answer wrong = send("PUT", "/bucket/k", "x", {{"x-amz-checksum-crc32", "AAAAAA=="}});
  EXPECT_EQ(wrong.code(), "BadDigest");
  EXPECT_EQ(wrong.element("Message"), "The CRC32 you specified did not match the calculated checksum.");
  EXPECT_EQ(send("PUT", "/bucket/k", "x", {{"x-amz-checksum-crc32", "no"}}).element("Message"),
            "Value for x-amz-checksum-crc32 header is invalid.");
  EXPECT_EQ(send("PUT", "/bucket/k", "x", {{"Content-MD5", "nonsense"}}).code(), "InvalidDigest");
  EXPECT_EQ(send("PUT", "/bucket/k", "x", {{"Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="}}).code(), "BadDigest");
  EXPECT_EQ(send("GET", "/bucket/k").body, "test-checksum");
}

TEST_F(S3Test, TrailersAreCompared) {
  auto upload = [&](std::string value) {
    Call call = make_call("PUT", "/bucket/k", "0123456789", {{"x-amz-trailer", "x-amz-checksum-crc32"}});
    auto trailers = std::make_shared<Trailers>();
    trailers->fields.emplace_back("x-amz-checksum-crc32", std::move(value));
    call.trailers = trailers;
    return send(std::move(call));
  };
  EXPECT_EQ(upload("poTHxg==").header("x-amz-checksum-crc32"), "poTHxg==");
  EXPECT_EQ(upload("AAAAAA==").code(), "BadDigest");
}

TEST_F(S3Test, TheDefaultChecksumIsCrc64) {
  EXPECT_EQ(send("PUT", "/bucket/k", "abcdef").header("x-amz-checksum-crc64nvme"), "Pact6XRTYyA=");
}

TEST_F(S3Test, BadUploadsAreRefused) {
  EXPECT_EQ(send("PUT", "/bucket/" + std::string(1025, 'k'), "x").code(), "KeyTooLongError");
  EXPECT_EQ(send("PUT", "/bucket/%ff", "x").code(), "InvalidURI");
  EXPECT_EQ(send("PUT", "/bucket/k", "x", {{"x-amz-meta-a", std::string(2048, 'v')}}).code(), "MetadataTooLarge");
  EXPECT_EQ(send("PUT", "/bucket/k", "x", {{"x-amz-storage-class", "CHEAP"}}).code(), "InvalidStorageClass");
  EXPECT_EQ(send("PUT", "/bucket/k", "x", {{"x-amz-acl", "public-read"}}).code(), "AccessControlListNotSupported");
  const Answer kms = send("PUT", "/bucket/k", "x", {{"x-amz-server-side-encryption", "aws:kms"}});
  EXPECT_EQ(kms.status, 501);
  EXPECT_EQ(kms.element("Header"), "x-amz-server-side-encryption");
  EXPECT_EQ(send("PUT", "/bucket/k", made(6ULL << 30)).code(), "EntityTooLarge");
}

TEST_F(S3Test, WhatIsNotThereIsNamed) {
  const Answer answer = send("GET", "/bucket?metadataTable");
  EXPECT_EQ(answer.status, 501);
  EXPECT_EQ(answer.code(), "NotImplemented");
  EXPECT_NE(answer.element("Message").find("GetBucketMetadataTableConfiguration"), std::string::npos);
  EXPECT_EQ(send("POST", "/bucket/k?restore").status, 501);
  EXPECT_EQ(send("PATCH", "/bucket/k").code(), "MethodNotAllowed");
}

TEST_F(S3Test, ResponsesCanBeOverridden) {
  send("PUT", "/bucket/k", "x");
  const Answer answer =
      send("GET", "/bucket/k?response-content-type=image%2Fjpeg&response-content-disposition=attachment%3B%20a");
  EXPECT_EQ(answer.header("Content-Type"), "image/jpeg");
  EXPECT_EQ(answer.header("Content-Disposition"), "attachment; a");
  EXPECT_EQ(send("GET", "/bucket/k?response-expires=a%0D%0Ab").status, 400);
}

TEST_F(S3Test, CopiesKeepOrReplaceMetadata) {
  send("PUT", "/bucket/a%20b", "data", {{"Content-Type", "text/x"}, {"x-amz-meta-k", "1"}, {"x-amz-tagging", "t=1"}});
  const Answer copy = send("PUT", "/bucket/copy", {}, {{"x-amz-copy-source", "/bucket/a%20b"}});
  EXPECT_EQ(copy.status, 200);
  EXPECT_EQ(copy.element("ETag"), "&quot;8d777f385d3dfec8815d20f7496026dc&quot;");
  EXPECT_EQ(send("GET", "/bucket/copy").header("x-amz-meta-k"), "1");
  EXPECT_EQ(send("GET", "/bucket/copy").header("x-amz-tagging-count"), "1");
  send("PUT", "/bucket/new", {},
       {{"x-amz-copy-source", "bucket/a%20b"}, {"x-amz-metadata-directive", "REPLACE"}, {"x-amz-meta-q", "2"}});
  EXPECT_EQ(send("GET", "/bucket/new").header("x-amz-meta-k"), "");
  EXPECT_EQ(send("GET", "/bucket/new").header("Content-Type"), "binary/octet-stream");
  send("DELETE", "/bucket/a%20b");
  EXPECT_EQ(send("GET", "/bucket/new").body, "data");
}

TEST_F(S3Test, ACopyOntoItselfMustChangeSomething) {
  send("PUT", "/bucket/k", "data");
  EXPECT_EQ(send("PUT", "/bucket/k", {}, {{"x-amz-copy-source", "bucket/k"}}).code(), "InvalidRequest");
  EXPECT_EQ(
      send("PUT", "/bucket/k", {}, {{"x-amz-copy-source", "bucket/k"}, {"x-amz-storage-class", "STANDARD"}}).status,
      200);
  EXPECT_EQ(send("GET", "/bucket/k").body, "data");
  EXPECT_EQ(send("PUT", "/bucket/k", {}, {{"x-amz-copy-source", "bucket"}}).element("Message"),
            "Invalid copy source object key");
  EXPECT_EQ(send("PUT", "/bucket/c", {}, {{"x-amz-copy-source", "bucket/k"}, {"x-amz-copy-source-if-none-match", "*"}})
                .element("Condition"),
            "x-amz-copy-source-If-None-Match");
  authorizer_.forbidden = {"s3:GetObject"};
  EXPECT_EQ(send("PUT", "/bucket/c", {}, {{"x-amz-copy-source", "bucket/k"}}).code(), "AccessDenied");
}

TEST_F(S3Test, DeletesAreIdempotent) {
  send("PUT", "/bucket/k", "x");
  EXPECT_EQ(send("DELETE", "/bucket/k").status, 204);
  EXPECT_EQ(send("DELETE", "/bucket/k").status, 204);
}

TEST_F(S3Test, ManyKeysAreDeletedAtOnceEachByItsOwnRight) {
  send("PUT", "/bucket/a", "x");
  const std::string xml = "<Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object></Delete>";
  EXPECT_EQ(send("POST", "/bucket?delete", xml).code(), "InvalidRequest");
  EXPECT_EQ(delete_many(xml).elements("Key"), (Strings{"a", "b"}));
  send("PUT", "/bucket/a", "x");
  EXPECT_EQ(delete_many("<Delete><Object><Key>a</Key><ETag>other</ETag></Object></Delete>").elements("Code"),
            (Strings{"PreconditionFailed"}));
  authorizer_.forbidden = {"s3:DeleteObject"};
  EXPECT_EQ(delete_many(xml).elements("Code"), (Strings{"AccessDenied", "AccessDenied"}));
  EXPECT_EQ(delete_many("<Delete>").code(), "MalformedXML");
}

TEST_F(S3Test, ObjectTags) {
  send("PUT", "/bucket/k", "x", {{"x-amz-tagging", "b=2&a=1"}});
  EXPECT_EQ(send("GET", "/bucket/k?tagging").elements("Key"), (Strings{"a", "b"}));
  EXPECT_EQ(send("HEAD", "/bucket/k").header("x-amz-tagging-count"), "2");
  const std::string xml = "<Tagging><TagSet><Tag><Key>c</Key><Value></Value></Tag></TagSet></Tagging>";
  EXPECT_EQ(send("PUT", "/bucket/k?tagging", xml).status, 200);
  EXPECT_EQ(send("GET", "/bucket/k?tagging").elements("Key"), (Strings{"c"}));
  EXPECT_EQ(send("DELETE", "/bucket/k?tagging").status, 204);
  EXPECT_TRUE(send("GET", "/bucket/k?tagging").elements("Key").empty());
  EXPECT_EQ(send("PUT", "/bucket/k", "x", {{"x-amz-tagging", "a=1&a=2"}}).code(), "InvalidArgument");
  EXPECT_EQ(send("PUT", "/bucket/k?tagging",
                 "<Tagging><TagSet><Tag><Key>aws:x</Key><Value>1</Value></Tag></TagSet></Tagging>")
                .element("Message"),
            "Your TagKey cannot be prefixed with aws:");
}

TEST_F(S3Test, IamIsAskedWithResourceContextAndPolicy) {
  const std::string policy =
      R"({"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"s3:*","Resource":"arn:aws:s3:::bucket/*"}})";
  EXPECT_EQ(send("PUT", "/bucket?policy", policy).status, 204);
  authorizer_.asked.clear();
  send("GET", "/bucket?list-type=2&prefix=p&delimiter=/");
  ASSERT_EQ(authorizer_.asked.size(), 1U);
  const AuthorizationRequest& question = authorizer_.asked.front();
  EXPECT_EQ(question.action, "s3:ListBucket");
  EXPECT_EQ(question.resource, "arn:aws:s3:::bucket");
  EXPECT_EQ(question.resource_policy, policy);
  EXPECT_NE(std::ranges::find(question.context, std::pair<std::string, std::string>("s3:prefix", "p")),
            question.context.end());
  send("PUT", "/bucket/k", "x");
  EXPECT_EQ(authorizer_.asked.back().action, "s3:PutObject");
  EXPECT_EQ(authorizer_.asked.back().resource, "arn:aws:s3:::bucket/k");
}

TEST_F(S3Test, EveryOperationAsksForItsOwnAction) {
  send("PUT", "/bucket/k", "x");
  for (const auto& [action, method, path] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"s3:GetObject", "GET", "/bucket/k"},
           {"s3:PutObject", "PUT", "/bucket/k"},
           {"s3:DeleteObject", "DELETE", "/bucket/k"},
           {"s3:PutObject", "POST", "/bucket/k?uploads"},
           {"s3:GetObjectTagging", "GET", "/bucket/k?tagging"},
           {"s3:GetObjectVersion", "GET", "/bucket/k?versionId=null"},
           {"s3:DeleteObjectVersion", "DELETE", "/bucket/k?versionId=null"},
           {"s3:AbortMultipartUpload", "DELETE", "/bucket/k?uploadId=u"},
           {"s3:ListMultipartUploadParts", "GET", "/bucket/k?uploadId=u"},
           {"s3:ListBucketMultipartUploads", "GET", "/bucket?uploads"},
           {"s3:ListBucketVersions", "GET", "/bucket?versions"},
           {"s3:ListBucket", "GET", "/bucket"},
           {"s3:GetBucketLocation", "GET", "/bucket?location"},
           {"s3:GetBucketPolicy", "GET", "/bucket?policy"},
           {"s3:DeleteBucket", "DELETE", "/bucket"},
           {"s3:CreateBucket", "PUT", "/another"},
           {"s3:ListAllMyBuckets", "GET", "/"}}) {
    EXPECT_EQ(denial_of(action, method, path), "AccessDenied") << action;
  }
}

TEST_F(S3Test, StateSurvivesARestart) {
  send("PUT", "/bucket/small", "s");
  send("PUT", "/bucket/big", made(200'000));
  restart();
  EXPECT_EQ(send("GET", "/bucket/small").body, "s");
  send("PUT", "/bucket/other", made(100'000));
  EXPECT_EQ(send("GET", "/bucket/big").body, MadeBody::bytes(200'000));
}

TEST_F(S3Test, OtherServicesReadObjects) {
  send("PUT", "/bucket/code.zip", "zip");
  const Call caller = make_call("POST", "/");
  auto read = [&](std::size_t limit) {
    AwsResult<std::string> result;
    asio::co_spawn(
        io_,
        [](S3& s3, const Call& caller, std::size_t limit, AwsResult<std::string>& result) -> Task<void> {
          result = co_await s3.get_object(caller, "bucket", "code.zip", "", limit);
        }(*s3_, caller, limit, result),
        [](const std::exception_ptr& failure) {
          if (failure) std::rethrow_exception(failure);
        });
    io_.restart();
    io_.run();
    return result;
  };
  EXPECT_EQ(read(10).value(), "zip");
  EXPECT_EQ(read(2).error().code, "EntityTooLarge");
  authorizer_.forbidden = {"s3:GetObject"};
  EXPECT_EQ(read(10).error().code, "AccessDenied");
}

}  // namespace
}  // namespace sortie::emulator
