#include "emulator/s3/protocol/customer_key.h"

#include <fstream>
#include <iterator>

#include "emulator/s3/s3_fixture.h"

namespace sortie::emulator {
namespace {

class CustomerKeyTest : public S3Fixture {
 protected:
  CustomerKeyTest() { send("PUT", "/bucket"); }

  static Fields headers(const std::string& key, const std::string& prefix = "x-amz-server-side-encryption-customer-") {
    return {{prefix + "algorithm", "AES256"},
            {prefix + "key", wire::base64_encode(key)},
            {prefix + "key-MD5", wire::base64_encode(wire::checksum(wire::ChecksumAlgorithm::md5, key))}};
  }
  static Fields source_headers(const std::string& key) {
    return headers(key, "x-amz-copy-source-server-side-encryption-customer-");
  }
  static Fields join(Fields first, const Fields& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
  }

  /// All bytes that are kept anywhere: of the files, and of the database.
  std::string kept() {
    std::string all;
    for (const auto& name : files()) {
      std::ifstream file(store_->blobs("s3").value() / name, std::ios::binary);
      all.append(std::istreambuf_iterator<char>(file), {});
    }
    SQLite::Statement rows(store_->db(), "SELECT bytes FROM s3_content WHERE bytes IS NOT NULL");
    while (rows.executeStep()) all += rows.getColumn(0).getString();
    return all;
  }
  int seals() { return store_->db().execAndGet("SELECT count(*) FROM s3_content_seal").getInt(); }

  const std::string key_ = std::string(31, 'k') + '\xff';
  const std::string other_ = std::string(32, 'o');
};

TEST_F(CustomerKeyTest, WhatIsKeptIsEncryptedAndComesBackWithTheKey) {
  for (const std::uint64_t size : {0ULL, 1ULL, 50'000ULL, 1'000'003ULL}) {
    const std::string body = MadeBody::bytes(size);
    const Answer put = send("PUT", "/bucket/k", made(size), headers(key_));
    ASSERT_EQ(put.status, 200);
    EXPECT_EQ(put.header("x-amz-server-side-encryption"), "");
    EXPECT_EQ(put.header("x-amz-server-side-encryption-customer-algorithm"), "AES256");
    EXPECT_EQ(put.header("x-amz-server-side-encryption-customer-key-MD5"), headers(key_)[2].second);
    EXPECT_NE(put.header("ETag"), "\"" + wire::hex_encode(wire::checksum(wire::ChecksumAlgorithm::md5, body)) + "\"");
    if (size > 1) {
      EXPECT_EQ(kept().find(body.substr(0, 23)), std::string::npos);
      EXPECT_EQ(kept().size(), size);
    }
    const Answer get = send("GET", "/bucket/k", {}, headers(key_));
    EXPECT_EQ(get.body, body);
    EXPECT_EQ(get.header("ETag"), put.header("ETag"));
    EXPECT_EQ(get.header("x-amz-server-side-encryption"), "");
    EXPECT_EQ(get.header("x-amz-server-side-encryption-customer-algorithm"), "AES256");
    EXPECT_EQ(get.header("Content-Length"), std::to_string(size));
  }
}

TEST_F(CustomerKeyTest, NothingOfTheKeyIsKept) {
  send("PUT", "/bucket/k", "x", headers(key_));
  SQLite::Statement rows(store_->db(), "SELECT salt, proof FROM s3_content_seal");
  ASSERT_TRUE(rows.executeStep());
  EXPECT_EQ(rows.getColumn(0).getString().find(key_), std::string::npos);
  EXPECT_EQ(rows.getColumn(1).getString().find(key_), std::string::npos);
  EXPECT_EQ(rows.getColumn(0).size(), 32);
}

TEST_F(CustomerKeyTest, TwoObjectsWithOneKeyShareNothing) {
  send("PUT", "/bucket/a", std::string(100, '\0'), headers(key_));
  send("PUT", "/bucket/b", std::string(100, '\0'), headers(key_));
  const std::string all = kept();
  ASSERT_EQ(all.size(), 200U);
  EXPECT_NE(all.substr(0, 100), all.substr(100));
}

TEST_F(CustomerKeyTest, RangesAreDecryptedWhereTheyAre) {
  const std::string body = MadeBody::bytes(700'000);
  send("PUT", "/bucket/k", made(body.size()), headers(key_));
  for (const std::size_t first : {0UL, 1UL, 15UL, 16UL, 17UL, 262'143UL, 699'999UL}) {
    const Answer part =
        send("GET", "/bucket/k", {},
             join(headers(key_), {{"Range", "bytes=" + std::to_string(first) + "-" + std::to_string(first + 40)}}));
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.body, body.substr(first, 41)) << first;
  }
}

TEST_F(CustomerKeyTest, ReadingNeedsTheKeyItself) {
  send("PUT", "/bucket/k", "x", headers(key_));
  send("PUT", "/bucket/plain", "x");
  for (const char* path : {"/bucket/k", "/bucket/k?attributes"}) {
    const Answer without = send("GET", path, {}, {{"x-amz-object-attributes", "ETag"}});
    EXPECT_EQ(without.status, 400);
    EXPECT_EQ(without.code(), "InvalidRequest");
    const Answer wrong = send("GET", path, {}, join(headers(other_), {{"x-amz-object-attributes", "ETag"}}));
    EXPECT_EQ(wrong.status, 403);
    EXPECT_EQ(wrong.code(), "AccessDenied");
  }
  EXPECT_EQ(send("HEAD", "/bucket/k").status, 400);
  EXPECT_EQ(send("HEAD", "/bucket/k", {}, headers(other_)).status, 403);
  EXPECT_EQ(send("HEAD", "/bucket/k", {}, headers(key_)).status, 200);
  const Answer needless = send("GET", "/bucket/plain", {}, headers(key_));
  EXPECT_EQ(needless.status, 400);
  EXPECT_EQ(needless.element("Message"), "The encryption parameters are not applicable to this object.");
}

TEST_F(CustomerKeyTest, HeadersAreChecked) {
  const Fields good = headers(key_);
  auto code = [&](const Fields& sent) { return send("PUT", "/bucket/k", "x", sent).code(); };
  EXPECT_EQ(code({good[0], good[1]}), "InvalidArgument");
  EXPECT_EQ(code({good[1], good[2]}), "InvalidArgument");
  EXPECT_EQ(code({good[0], good[2]}), "InvalidArgument");
  EXPECT_EQ(code({{good[0].first, "AES512"}, good[1], good[2]}), "InvalidEncryptionAlgorithmError");
  EXPECT_EQ(code(headers("short")), "InvalidArgument");
  EXPECT_EQ(code({good[0], good[1], headers(other_)[2]}), "InvalidArgument");
  EXPECT_EQ(code({good[0], {good[1].first, "=="}, good[2]}), "InvalidArgument");
  EXPECT_EQ(code(join(good, {{"x-amz-server-side-encryption", "aws:kms"}})), "InvalidArgument");
  EXPECT_EQ(send("GET", "/bucket/k").status, 404);
}

TEST_F(CustomerKeyTest, CopiesChangeTheKey) {
  send("PUT", "/bucket/k", made(300'000), headers(key_));
  const std::string body = MadeBody::bytes(300'000);
  const Fields source = join({{"x-amz-copy-source", "/bucket/k"}}, source_headers(key_));
  EXPECT_EQ(send("PUT", "/bucket/c", {}, {{"x-amz-copy-source", "/bucket/k"}}).status, 400);
  EXPECT_EQ(send("PUT", "/bucket/c", {}, join({{"x-amz-copy-source", "/bucket/k"}}, source_headers(other_))).status,
            403);

  EXPECT_EQ(send("PUT", "/bucket/plain", {}, source).header("x-amz-server-side-encryption"), "AES256");
  EXPECT_EQ(send("GET", "/bucket/plain").body, body);
  EXPECT_EQ(send("PUT", "/bucket/c", {}, join(source, headers(other_))).status, 200);
  EXPECT_EQ(send("GET", "/bucket/c", {}, headers(other_)).body, body);
  EXPECT_EQ(send("GET", "/bucket/c", {}, headers(key_)).status, 403);
  // Onto itself: another key is a change.
  EXPECT_EQ(send("PUT", "/bucket/k", {}, join(source, headers(other_))).status, 200);
  EXPECT_EQ(send("GET", "/bucket/k", {}, headers(other_)).body, body);
  EXPECT_EQ(files().size(), 3U);
}

TEST_F(CustomerKeyTest, AnUploadInPartsKeepsItsKey) {
  constexpr std::uint64_t k_size = 5 << 20;
  const std::string id = send("POST", "/bucket/k?uploads", {}, headers(key_)).element("UploadId");
  const std::string plain = send("POST", "/bucket/plain?uploads").element("UploadId");
  const std::string query = "?partNumber=1&uploadId=" + id;
  EXPECT_EQ(send("PUT", "/bucket/k" + query, "x").code(), "InvalidRequest");
  EXPECT_EQ(send("PUT", "/bucket/k" + query, "x", headers(other_)).element("Message"),
            "The provided encryption parameters did not match the ones used originally.");
  EXPECT_EQ(send("PUT", "/bucket/plain?partNumber=1&uploadId=" + plain, "x", headers(key_)).code(), "InvalidRequest");

  const Answer first = send("PUT", "/bucket/k" + query, made(k_size), headers(key_));
  EXPECT_EQ(first.header("x-amz-server-side-encryption-customer-algorithm"), "AES256");
  send("PUT", "/bucket/source", "the end", headers(other_));
  const Fields copied = join(join({{"x-amz-copy-source", "/bucket/source"}}, source_headers(other_)), headers(key_));
  const Answer second = send("PUT", "/bucket/k?partNumber=2&uploadId=" + id, {}, copied);
  EXPECT_EQ(second.status, 200);
  const std::string list = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + first.header("ETag") +
                           "</ETag></Part><Part><PartNumber>2</PartNumber><ETag>" + second.element("ETag") +
                           "</ETag></Part></CompleteMultipartUpload>";
  EXPECT_EQ(send("POST", "/bucket/k?uploadId=" + id, list, headers(other_)).code(), "InvalidRequest");
  ASSERT_EQ(send("POST", "/bucket/k?uploadId=" + id, list).status, 200);

  const std::string body = MadeBody::bytes(k_size) + "the end";
  EXPECT_EQ(send("GET", "/bucket/k", {}, headers(key_)).body, body);
  EXPECT_EQ(send("GET", "/bucket/k", {}, join(headers(key_), {{"Range", "bytes=5242870-5242885"}})).body,
            body.substr(5'242'870, 16));
  EXPECT_EQ(send("GET", "/bucket/k?partNumber=2", {}, headers(key_)).body, "the end");
  EXPECT_EQ(send("GET", "/bucket/k").status, 400);
}

TEST_F(CustomerKeyTest, SealsGoWithWhatTheySeal) {
  send("PUT", "/bucket/k", "x", headers(key_));
  const std::string id = send("POST", "/bucket/u?uploads", {}, headers(key_)).element("UploadId");
  send("PUT", "/bucket/u?partNumber=1&uploadId=" + id, "x", headers(key_));
  EXPECT_EQ(seals(), 2);
  send("DELETE", "/bucket/k");
  send("DELETE", "/bucket/u?uploadId=" + id);
  EXPECT_EQ(seals(), 0);
  EXPECT_EQ(store_->db().execAndGet("SELECT count(*) FROM s3_upload_seal").getInt(), 0);
}

TEST_F(CustomerKeyTest, PoliciesSeeTheAlgorithm) {
  send("PUT", "/bucket/k", "x", headers(key_));
  const auto& context = authorizer_.asked.back().context;
  const std::pair<std::string, std::string> wanted{"s3:x-amz-server-side-encryption-customer-algorithm", "AES256"};
  EXPECT_NE(std::ranges::find(context, wanted), context.end());
}

}  // namespace
}  // namespace sortie::emulator
