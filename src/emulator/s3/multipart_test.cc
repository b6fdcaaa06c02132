#include "emulator/s3/protocol/digests.h"
#include "emulator/s3/s3_fixture.h"

namespace sortie::emulator {
namespace {

using Strings = std::vector<std::string>;
constexpr std::uint64_t k_part = 5ULL << 20;

class MultipartTest : public S3Fixture {
 protected:
  MultipartTest() { send("PUT", "/bucket"); }

  std::string create(const Fields& headers = {}) {
    return send("POST", "/bucket/k?uploads", {}, headers).element("UploadId");
  }
  Answer upload(const std::string& id, int number, http::Body body, const Fields& headers = {}) {
    return send("PUT", "/bucket/k?partNumber=" + std::to_string(number) + "&uploadId=" + id, std::move(body), headers);
  }
  struct Named {
    int number;
    std::string etag;
    std::string checksums;
  };
  Answer complete(const std::string& id, const std::vector<Named>& parts, const Fields& headers = {}) {
    std::string xml = "<CompleteMultipartUpload>";
    for (const auto& part : parts) {
      xml += "<Part><PartNumber>" + std::to_string(part.number) + "</PartNumber><ETag>" + part.etag + "</ETag>" +
             part.checksums + "</Part>";
    }
    return send("POST", "/bucket/k?uploadId=" + id, xml + "</CompleteMultipartUpload>", headers);
  }
};

TEST_F(MultipartTest, PartsBecomeOneObject) {
  const std::string id = create({{"Content-Type", "text/x"}, {"x-amz-meta-a", "1"}});
  const std::string first = upload(id, 1, made(k_part)).header("ETag");
  const std::string second = upload(id, 3, std::string("tail")).header("ETag");
  EXPECT_EQ(send("GET", "/bucket/k").status, 404);
  const Answer done = complete(id, {{1, first, ""}, {3, second, ""}});
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(done.element("Location"), "https:///bucket/k");
  EXPECT_TRUE(done.element("ETag").ends_with("-2&quot;"));
  EXPECT_EQ(done.element("ChecksumType"), "FULL_OBJECT");

  const Answer get = send("GET", "/bucket/k");
  EXPECT_EQ(get.body, MadeBody::bytes(k_part) + "tail");
  EXPECT_EQ(get.header("Content-Type"), "text/x");
  EXPECT_EQ(send("GET", "/bucket/k", {}, {{"Range", "bytes=5242878-5242881"}}).body,
            MadeBody::bytes(k_part).substr(k_part - 2) + "ta");
  const Answer part = send("GET", "/bucket/k?partNumber=2");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "tail");
  EXPECT_EQ(part.header("x-amz-mp-parts-count"), "2");
  EXPECT_EQ(part.header("Content-Range"), "bytes 5242880-5242883/5242884");
  EXPECT_EQ(send("GET", "/bucket/k?partNumber=3").code(), "InvalidPartNumber");
  EXPECT_EQ(send("GET", "/bucket/k?uploadId=" + id).code(), "NoSuchUpload");
  EXPECT_EQ(files().size(), 1U);
}

TEST_F(MultipartTest, TheChecksumOfTheWholeIsJoinedFromTheParts) {
  const std::string id = create();
  const std::string first = upload(id, 1, made(k_part)).header("ETag");
  const std::string second = upload(id, 2, std::string("tail")).header("ETag");
  const Answer done = complete(id, {{1, first, ""}, {2, second, ""}});
  const Answer whole = send("PUT", "/bucket/whole", MadeBody::bytes(k_part) + "tail");
  EXPECT_EQ(done.element("ChecksumCRC64NVME"), whole.header("x-amz-checksum-crc64nvme"));
}

TEST_F(MultipartTest, RecordedEtagAndCompositeChecksum) {
  const std::string id = create({{"x-amz-checksum-algorithm", "CRC32C"}});
  const Answer part = upload(id, 1, std::string("test content 123"));
  EXPECT_EQ(part.header("x-amz-checksum-crc32c"), "fwuu0Q==");
  const std::string sum = "<ChecksumCRC32C>fwuu0Q==</ChecksumCRC32C>";
  EXPECT_EQ(complete(id, {{1, part.header("ETag"), ""}}).element("Message"),
            "The upload was created using a crc32c checksum. The complete request must include the checksum for each "
            "part. It was missing for part 1 in the request.");
  EXPECT_EQ(complete(id, {{1, part.header("ETag"), sum}}, {{"x-amz-checksum-type", "FULL_OBJECT"}}).element("Message"),
            "The upload was created using the COMPOSITE checksum mode. The complete request must use the same checksum "
            "mode.");
  const Answer done = complete(id, {{1, part.header("ETag"), sum}});
  EXPECT_EQ(done.element("ETag"), "&quot;b972025bc34adf8d76d6d51e93c035cc-1&quot;");
  EXPECT_EQ(done.element("ChecksumCRC32C"), "sZB91Q==-1");
  EXPECT_EQ(done.element("ChecksumType"), "COMPOSITE");
  const Answer head = send("HEAD", "/bucket/k?partNumber=1", {}, {{"x-amz-checksum-mode", "ENABLED"}});
  EXPECT_EQ(head.header("x-amz-checksum-crc32c"), "fwuu0Q==");

  const Answer copy = send("PUT", "/bucket/copy", {}, {{"x-amz-copy-source", "bucket/k"}});
  EXPECT_EQ(copy.element("ETag"), "&quot;eee506dd7ada7ded524c77e359a0e7c6&quot;");
  EXPECT_EQ(copy.element("ChecksumType"), "FULL_OBJECT");
  EXPECT_EQ(copy.element("ChecksumCRC32C"), "fwuu0Q==");
}

TEST_F(MultipartTest, CompletionIsChecked) {
  const std::string id = create();
  const std::string small = upload(id, 1, std::string("test")).header("ETag");
  upload(id, 2, std::string("test"));
  EXPECT_EQ(complete(id, {}).element("Message"), "You must specify at least one part");
  const Answer too_small = complete(id, {{1, small, ""}, {2, small, ""}});
  EXPECT_EQ(too_small.code(), "EntityTooSmall");
  EXPECT_EQ(too_small.element("MinSizeAllowed"), "5242880");
  EXPECT_EQ(too_small.element("PartNumber"), "1");
  EXPECT_EQ(complete(id, {{2, small, ""}, {1, small, ""}}).code(), "InvalidPartOrder");
  EXPECT_EQ(complete(id, {{7, small, ""}}).code(), "InvalidPart");
  EXPECT_EQ(complete(id, {{1, "wrong", ""}}).code(), "InvalidPart");
  EXPECT_EQ(send("POST", "/bucket/k?uploadId=" + id, "<x>").code(), "MalformedXML");
  EXPECT_EQ(complete("fakeid", {{1, small, ""}}).code(), "NoSuchUpload");
  EXPECT_EQ(upload(id, 10001, std::string("x")).element("Message"),
            "Part number must be an integer between 1 and 10000, inclusive");
  EXPECT_EQ(complete(id, {{1, small, ""}}).status, 200);
}

TEST_F(MultipartTest, ChecksumAgreementsAreChecked) {
  EXPECT_EQ(send("POST", "/bucket/k?uploads", {}, {{"x-amz-checksum-type", "COMPOSITE"}}).element("Message"),
            "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.");
  EXPECT_EQ(send("POST", "/bucket/k?uploads", {},
                 {{"x-amz-checksum-type", "FULL_OBJECT"}, {"x-amz-checksum-algorithm", "SHA256"}})
                .element("Message"),
            "The FULL_OBJECT checksum type cannot be used with the sha256 checksum algorithm.");
  EXPECT_TRUE(send("POST", "/bucket/k?uploads", {}, {{"x-amz-checksum-algorithm", "TEST"}})
                  .element("Message")
                  .starts_with("Checksum algorithm provided is unsupported."));
  const std::string id = create({{"x-amz-checksum-algorithm", "SHA256"}});
  EXPECT_EQ(upload(id, 1, std::string("a"), {{"x-amz-checksum-crc32", "6Le+Qw=="}}).element("Message"),
            "Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: crc32");
}

TEST_F(MultipartTest, APartIsReplacedAndAnAbortForgetsAll) {
  const std::string id = create();
  upload(id, 1, made(100'000));
  upload(id, 1, made(200'000));
  EXPECT_EQ(files().size(), 1U);
  EXPECT_EQ(send("GET", "/bucket/k?uploadId=" + id).elements("Size"), (Strings{"200000"}));
  EXPECT_EQ(send("DELETE", "/bucket/k?uploadId=" + id).status, 204);
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(send("DELETE", "/bucket/k?uploadId=" + id).code(), "NoSuchUpload");
}

TEST_F(MultipartTest, PartsAreCopiedFromObjects) {
  send("PUT", "/bucket/source", "0123456789");
  const std::string id = create();
  const Fields range{{"x-amz-copy-source", "bucket/source"}, {"x-amz-copy-source-range", "bytes=2-5"}};
  const Answer part = upload(id, 1, {}, range);
  EXPECT_EQ(part.status, 200);
  std::string etag = part.element("ETag");
  etag = etag.substr(6, 32);
  EXPECT_EQ(complete(id, {{1, etag, ""}}).status, 200);
  EXPECT_EQ(send("GET", "/bucket/k").body, "2345");
  const std::string other = create();
  EXPECT_EQ(
      upload(other, 1, {}, {{"x-amz-copy-source", "bucket/source"}, {"x-amz-copy-source-range", "bytes=5-20"}}).code(),
      "InvalidArgument");
  EXPECT_EQ(upload(other, 1, {}, {{"x-amz-copy-source", "bucket/source"}, {"x-amz-copy-source-if-match", "\"x\""}})
                .element("Condition"),
            "x-amz-copy-source-If-Match");
}

TEST_F(MultipartTest, ListsUploadsAndPartsInPages) {
  const std::string first = create();
  const std::string second = create();
  const Answer all = send("GET", "/bucket?uploads");
  EXPECT_EQ(all.elements("UploadId"), (Strings{first, second}));
  EXPECT_EQ(all.element("NextUploadIdMarker"), second);
  const Answer page = send("GET", "/bucket?uploads&max-uploads=1");
  EXPECT_EQ(page.element("IsTruncated"), "true");
  EXPECT_EQ(send("GET", "/bucket?uploads&key-marker=k&upload-id-marker=" + first).elements("UploadId"),
            (Strings{second}));
  EXPECT_TRUE(send("GET", "/bucket?uploads&key-marker=k").elements("UploadId").empty());
  EXPECT_EQ(send("GET", "/bucket?uploads&key-marker=k&upload-id-marker=x").element("Message"),
            "Invalid uploadId marker");

  for (int number : {1, 2, 3}) upload(first, number, std::string("x"));
  const Answer parts = send("GET", "/bucket/k?max-parts=2&uploadId=" + first);
  EXPECT_EQ(parts.elements("PartNumber"), (Strings{"1", "2"}));
  EXPECT_EQ(parts.element("NextPartNumberMarker"), "2");
  EXPECT_EQ(send("GET", "/bucket/k?part-number-marker=2&uploadId=" + first).elements("PartNumber"), (Strings{"3"}));
}

TEST_F(MultipartTest, ConditionsAreCheckedAtTheEnd) {
  const std::string etag = send("PUT", "/bucket/k", "test").header("ETag");
  const std::string id = create();
  const std::string part = upload(id, 1, std::string("x")).header("ETag");
  EXPECT_EQ(complete(id, {{1, part, ""}}, {{"If-None-Match", "*"}}).status, 412);
  send("PUT", "/bucket/k", "test");
  const Answer conflict = complete(id, {{1, part, ""}}, {{"If-Match", etag}});
  EXPECT_EQ(conflict.status, 409);
  EXPECT_EQ(conflict.code(), "ConditionalRequestConflict");
  send("DELETE", "/bucket/k");
  EXPECT_EQ(complete(id, {{1, part, ""}}, {{"If-Match", etag}}).code(), "NoSuchKey");
}

/// The answer was lost on its way: the client asks again.
TEST_F(MultipartTest, ACompletionIsAnsweredAgain) {
  const std::string id = create();
  const std::string part = upload(id, 1, std::string("tail")).header("ETag");
  const Answer first = complete(id, {{1, part, ""}});
  restart();
  const Answer again = complete(id, {{1, part, ""}});
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.header("x-amz-version-id"), first.header("x-amz-version-id"));
  send("PUT", "/bucket/k", "newer");
  EXPECT_EQ(complete(id, {{1, part, ""}}).body, first.body);
  EXPECT_EQ(send("GET", "/bucket/k").body, "newer") << "what came after stays";
  EXPECT_EQ(complete(id, {{2, part, ""}}).code(), "NoSuchUpload") << "another completion";
  EXPECT_EQ(send("DELETE", "/bucket/k?uploadId=" + id).code(), "NoSuchUpload");
  clock_.advance(std::chrono::hours(25));
  EXPECT_EQ(complete(id, {{1, part, ""}}).code(), "NoSuchUpload");
}

TEST_F(MultipartTest, TheSizeThatTheSenderBelievesInIsChecked) {
  const std::string id = create();
  const std::string part = upload(id, 1, std::string("tail")).header("ETag");
  for (const char* wrong : {"5", "-1", "four", ""}) {
    EXPECT_EQ(complete(id, {{1, part, ""}}, {{"x-amz-mp-object-size", wrong}}).code(), "InvalidRequest") << wrong;
  }
  EXPECT_EQ(complete(id, {{1, part, ""}}, {{"x-amz-mp-object-size", "4"}}).status, 200);
}

TEST_F(MultipartTest, AListingGoesOnBehindAnUploadThatIsGone) {
  const std::string first = create();
  const std::string second = create();
  send("DELETE", "/bucket/k?uploadId=" + first);
  const Answer page = send("GET", "/bucket?uploads&key-marker=k&upload-id-marker=" + first);
  EXPECT_EQ(page.element("UploadId"), second);
}

TEST_F(MultipartTest, ADeletedBucketTakesItsUploadsAlong) {
  const std::string id = create();
  upload(id, 1, made(100'000));
  EXPECT_EQ(send("DELETE", "/bucket").status, 204);
  EXPECT_TRUE(files().empty());
}

TEST(JoinCrc, EqualsTheCrcOfTheWhole) {
  const std::string a = MadeBody::bytes(1000);
  const std::string b = "the rest of it";
  for (const auto algorithm :
       {wire::ChecksumAlgorithm::crc32, wire::ChecksumAlgorithm::crc32c, wire::ChecksumAlgorithm::crc64nvme}) {
    EXPECT_EQ(s3::join_crc(algorithm, wire::checksum(algorithm, a), wire::checksum(algorithm, b), b.size()),
              wire::checksum(algorithm, a + b));
    EXPECT_EQ(s3::join_crc(algorithm, wire::checksum(algorithm, a), wire::checksum(algorithm, ""), 0),
              wire::checksum(algorithm, a));
  }
}

}  // namespace
}  // namespace sortie::emulator
