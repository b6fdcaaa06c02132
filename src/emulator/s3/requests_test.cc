#include <algorithm>
#include <map>

#include "emulator/s3/s3_fixture.h"

/// What requests may and may not say.
namespace sortie::emulator {
namespace {

class RequestsTest : public S3Fixture {
 protected:
  RequestsTest() { send("PUT", "/bucket"); }
};

TEST_F(RequestsTest, KeysThatNoListingCanShowAreRefused) {
  EXPECT_EQ(send("PUT", "/bucket/a%00b", "x").code(), "InvalidURI");
  EXPECT_EQ(send("PUT", "/bucket/a%07b", "x").status, 200) << "XML cannot carry it, a URL can";
  EXPECT_EQ(send("GET", "/bucket?encoding-type=url").element("Key"), "a%07b");
}

/// `x-amz-meta-` in the query of a presigned URL.
Call presigned(Call call, const std::string& version) {
  call.signature = Call::Signature::query;
  call.signature_version = version;
  return call;
}

TEST_F(RequestsTest, MetadataThatIsNoAsciiIsMailSafe) {
  send(presigned(make_call("PUT", "/bucket/k?x-amz-meta-a=%C3%A9t%C3%A9", "x"), "AWS"));
  EXPECT_EQ(send("HEAD", "/bucket/k").header("x-amz-meta-a"), "=?UTF-8?B?w6l0w6k=?=");
  send("PUT", "/bucket/header", "x", {{"x-amz-meta-a", "\xe9t"}, {"Cache-Control", "\xe9"}});
  const Answer latin = send("GET", "/bucket/header");
  EXPECT_EQ(latin.status, 200) << "bytes that are no UTF-8 are kept and read again";
  EXPECT_EQ(latin.header("x-amz-meta-a"), "=?UTF-8?B?w6l0?=");
  EXPECT_EQ(latin.header("Cache-Control"), "\xe9");
}

TEST_F(RequestsTest, MetadataThatNoHeaderCanCarryIsRefused) {
  EXPECT_EQ(send(presigned(make_call("PUT", "/bucket/k?x-amz-meta-a=1%0D%0A2", "x"), "AWS4-HMAC-SHA256")).code(),
            "InvalidArgument");
  EXPECT_EQ(send("PUT", "/bucket/k", "x", {{"x-amz-meta-a", std::string("1\n2")}}).code(), "InvalidArgument");
  EXPECT_EQ(send("GET", "/bucket/k").status, 404);
}

/// SDKs put the checksum of no body at all into the URLs that they sign; S3 passes over it.
TEST_F(RequestsTest, ChecksumsInAPresignedUrlAreNotLookedAt) {
  const std::string path = "/bucket/k?x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32";
  EXPECT_EQ(send(presigned(make_call("PUT", path, "not empty"), "AWS4-HMAC-SHA256")).status, 200);
  Call wrong =
      presigned(make_call("PUT", path, "not empty", {{"x-amz-checksum-crc32", "AAAAAA=="}}), "AWS4-HMAC-SHA256");
  EXPECT_EQ(send(std::move(wrong)).code(), "BadDigest") << "one that is sent as a header is";
}

TEST_F(RequestsTest, ContentTypeInTheQueryCountsInVersionTwoAlone) {
  send(presigned(make_call("PUT", "/bucket/two?content-type=text%2Fplain", "x"), "AWS"));
  send(presigned(make_call("PUT", "/bucket/four?content-type=text%2Fplain", "x"), "AWS4-HMAC-SHA256"));
  EXPECT_EQ(send("HEAD", "/bucket/two").header("Content-Type"), "text/plain");
  EXPECT_EQ(send("HEAD", "/bucket/four").header("Content-Type"), "binary/octet-stream");
}

TEST_F(RequestsTest, TagsAreCountedInCharacters) {
  std::string long_key;
  for (int i = 0; i < 128; ++i) long_key += "\u00e9";
  const auto put = [&](const std::string& key) {
    return send("PUT", "/bucket/k?tagging",
                "<Tagging><TagSet><Tag><Key>" + key + "</Key><Value>v</Value></Tag></TagSet></Tagging>");
  };
  send("PUT", "/bucket/k", "x");
  EXPECT_EQ(put(long_key).status, 200);
  EXPECT_EQ(put(long_key + "a").code(), "InvalidTag");
  EXPECT_EQ(put(std::string(129, 'a')).code(), "InvalidTag");
}

TEST_F(RequestsTest, TagsThatAreThereAreAConditionOfTagAndListCalls) {
  send("PUT", "/bucket/k", "x", {{"x-amz-tagging", "team=blue"}});
  const std::pair<std::string, std::string> tag("s3:ExistingObjectTag/team", "blue");
  const auto asked_with_tag = [&](const std::string& method, const std::string& path, const std::string& body = "") {
    authorizer_.asked.clear();
    send(method, path, body);
    return std::ranges::find(authorizer_.asked.front().context, tag) != authorizer_.asked.front().context.end();
  };
  const std::string tags = "<Tagging><TagSet><Tag><Key>team</Key><Value>blue</Value></Tag></TagSet></Tagging>";
  EXPECT_TRUE(asked_with_tag("GET", "/bucket/k"));
  EXPECT_TRUE(asked_with_tag("GET", "/bucket/k?versionId=null"));
  EXPECT_TRUE(asked_with_tag("GET", "/bucket/k?tagging"));
  EXPECT_TRUE(asked_with_tag("GET", "/bucket/k?acl"));
  EXPECT_TRUE(asked_with_tag("PUT", "/bucket/k?acl"));
  EXPECT_TRUE(asked_with_tag("PUT", "/bucket/k?tagging", tags));
  EXPECT_FALSE(asked_with_tag("PUT", "/bucket/k", "x")) << "an upload's tags are of another object";
}

TEST_F(RequestsTest, RootCanAlwaysUndoAPolicy) {
  authorizer_.forbidden = {"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"};
  EXPECT_EQ(send("GET", "/bucket?policy").status, 403);
  const auto as_root = [&](const std::string& method) {
    Call call = make_call(method, "/bucket?policy");
    call.principal.kind = Principal::Kind::root;
    return send(std::move(call)).status;
  };
  EXPECT_EQ(as_root("GET"), 404);
  EXPECT_EQ(as_root("DELETE"), 204);
  authorizer_.forbidden = {"s3:ListBucket"};
  Call list = make_call("GET", "/bucket");
  list.principal.kind = Principal::Kind::root;
  EXPECT_EQ(send(std::move(list)).status, 403);
}

TEST_F(RequestsTest, VersionTwoIsRefusedInNewRegions) {
  region_ = "eu-central-1";
  send("PUT", "/munich",
       "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>");
  for (const auto& [bucket, status] : {std::pair("munich", 400), std::pair("bucket", 200)}) {
    Call call = make_call("GET", std::string("/") + bucket);
    call.signature_version = "AWS";
    call.region = "us-east-1";
    EXPECT_EQ(send(std::move(call)).status, status) << bucket;
  }
}

TEST_F(RequestsTest, TheTableSaysWhichOperationsAreThere) {
  std::map<std::string_view, OperationSummary> table;
  for (const auto& operation : s3_->operations()) table.emplace(operation.name, operation);
  EXPECT_TRUE(table.at("GetObject").supported);
  EXPECT_TRUE(table.at("GetBucketReplication").supported);
  EXPECT_FALSE(table.at("PutBucketReplication").supported);
  EXPECT_FALSE(table.at("RestoreObject").supported);
  EXPECT_EQ(table.at("PutObject").lacks, "KMS encryption, appending");
}

TEST_F(RequestsTest, WhatIsNotThereIsNamed) {
  const auto refused = [&](const std::string& method, const std::string& target) {
    const Answer answer = send(method, target);
    return std::to_string(answer.status) + " " + answer.code();
  };
  EXPECT_EQ(refused("PUT", "/bucket?replication"), "501 NotImplemented");
  EXPECT_EQ(refused("GET", "/bucket?session"), "501 NotImplemented");
  EXPECT_EQ(refused("POST", "/bucket/key?restore"), "501 NotImplemented");
  EXPECT_EQ(refused("POST", "/bucket?policy"), "405 MethodNotAllowed");
  EXPECT_EQ(refused("DELETE", "/bucket?requestPayment"), "405 MethodNotAllowed");
  EXPECT_EQ(refused("POST", "/bucket/key"), "405 MethodNotAllowed");
  EXPECT_EQ(refused("PUT", "/"), "405 MethodNotAllowed");
}

}  // namespace
}  // namespace sortie::emulator
