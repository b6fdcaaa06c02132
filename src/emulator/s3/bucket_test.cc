#include "emulator/s3/s3_fixture.h"

/// Buckets, their documents, listings, versions.
namespace sortie::emulator {
namespace {

using Strings = std::vector<std::string>;

class BucketTest : public S3Fixture {
 protected:
  std::string put(const std::string& key) { return send("PUT", "/bucket/" + key, "x").header("x-amz-version-id"); }
  void enable_versioning(const std::string& status = "Enabled") {
    send("PUT", "/bucket?versioning",
         "<VersioningConfiguration><Status>" + status + "</Status></VersioningConfiguration>");
  }
};

std::string constraint(const std::string& region) {
  return "<CreateBucketConfiguration><LocationConstraint>" + region +
         "</LocationConstraint></CreateBucketConfiguration>";
}

TEST_F(BucketTest, AreMadeListedAndDeleted) {
  EXPECT_EQ(send("PUT", "/one").status, 200);
  EXPECT_EQ(send("PUT", "/two").status, 200);
  EXPECT_EQ(send("GET", "/").elements("Name"), (Strings{"one", "two"}));
  EXPECT_EQ(send("GET", "/?prefix=t").elements("Name"), (Strings{"two"}));
  const Answer page = send("GET", "/?max-buckets=1");
  EXPECT_EQ(page.elements("Name"), (Strings{"one"}));
  EXPECT_EQ(send("GET", "/?max-buckets=1&continuation-token=" + page.element("ContinuationToken")).elements("Name"),
            (Strings{"two"}));
  send("PUT", "/one/k", "x");
  EXPECT_EQ(send("DELETE", "/one").code(), "BucketNotEmpty");
  send("DELETE", "/one/k");
  EXPECT_EQ(send("DELETE", "/one").status, 204);
  EXPECT_EQ(send("HEAD", "/one").status, 404);
}

TEST_F(BucketTest, ExistOnceButUsEast1Forgives) {
  send("PUT", "/bucket");
  EXPECT_EQ(send("PUT", "/bucket").status, 200);
  region_ = "eu-west-1";
  EXPECT_EQ(send("PUT", "/bucket", constraint("eu-west-1")).code(), "BucketAlreadyOwnedByYou");
}

TEST_F(BucketTest, LocationConstraintsAsRecorded) {
  EXPECT_EQ(send("PUT", "/bucket", constraint("us-east-1")).code(), "InvalidLocationConstraint");
  EXPECT_EQ(send("PUT", "/bucket", constraint("us-east-1-foo")).code(), "InvalidLocationConstraint");
  EXPECT_EQ(send("PUT", "/bucket", constraint("eu-central-1")).status, 200);
  EXPECT_EQ(send("GET", "/bucket?location").element("LocationConstraint"), "");
  EXPECT_NE(send("GET", "/bucket?location").body.find(">eu-central-1<"), std::string::npos);
  const Answer redirect = send("HEAD", "/bucket");
  EXPECT_EQ(redirect.status, 301);
  EXPECT_EQ(redirect.header("x-amz-bucket-region"), "eu-central-1");
  region_ = "us-west-2";
  EXPECT_EQ(send("PUT", "/other").element("Message"),
            "The unspecified location constraint is incompatible for the region specific endpoint this request was "
            "sent to.");
  EXPECT_EQ(send("PUT", "/other", constraint("eu-west-1")).code(), "IllegalLocationConstraintException");
}

TEST_F(BucketTest, NamesHaveRules) {
  for (const char* name : {"ab", "Upper", "a..b", "-ab", "ab-", "1.2.3.4", "a_b", "xn--abc"}) {
    EXPECT_EQ(send("PUT", std::string("/") + name).code(), "InvalidBucketName") << name;
  }
}

TEST_F(BucketTest, TheExpectedOwnerIsChecked) {
  send("PUT", "/bucket");
  EXPECT_EQ(send("GET", "/bucket", {}, {{"x-amz-expected-bucket-owner", "111111111111"}}).status, 200);
  EXPECT_EQ(send("GET", "/bucket", {}, {{"x-amz-expected-bucket-owner", "222222222222"}}).code(), "AccessDenied");
  EXPECT_EQ(send("GET", "/bucket", {}, {{"x-amz-expected-bucket-owner", "abcd"}}).code(),
            "InvalidBucketOwnerAWSAccountID");
}

TEST_F(BucketTest, PoliciesAreChecked) {
  send("PUT", "/bucket");
  EXPECT_EQ(send("GET", "/bucket?policy").code(), "NoSuchBucketPolicy");
  EXPECT_EQ(send("PUT", "/bucket?policy", "hello").element("Message"),
            "Policies must be valid JSON and the first byte must be '{'");
  EXPECT_EQ(send("PUT", "/bucket?policy", "{}").code(), "MalformedPolicy");
  const std::string other =
      R"({"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::other/*"}]})";
  EXPECT_EQ(send("PUT", "/bucket?policy", other).element("Message"), "Policy has invalid resource");
  const std::string everyone =
      R"({"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}]})";
  EXPECT_EQ(send("PUT", "/bucket?policy", everyone).code(), "AccessDenied");
  EXPECT_EQ(send("DELETE", "/bucket?publicAccessBlock").status, 204);
  EXPECT_EQ(send("PUT", "/bucket?policy", everyone).status, 204);
  EXPECT_EQ(send("GET", "/bucket?policy").body, everyone);
  EXPECT_EQ(send("GET", "/bucket?policyStatus").element("IsPublic"), "true");
  EXPECT_EQ(send("DELETE", "/bucket?policy").status, 204);
  EXPECT_EQ(send("GET", "/bucket?policy").status, 404);
}

TEST_F(BucketTest, PublicAccessBlockStartsOn) {
  send("PUT", "/bucket");
  EXPECT_EQ(send("GET", "/bucket?publicAccessBlock").element("BlockPublicPolicy"), "true");
  send("PUT", "/bucket?publicAccessBlock",
       "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>");
  EXPECT_EQ(send("GET", "/bucket?publicAccessBlock").element("BlockPublicPolicy"), "false");
  send("DELETE", "/bucket?publicAccessBlock");
  EXPECT_EQ(send("GET", "/bucket?publicAccessBlock").code(), "NoSuchPublicAccessBlockConfiguration");
}

TEST_F(BucketTest, Tags) {
  send("PUT", "/bucket");
  EXPECT_EQ(send("GET", "/bucket?tagging").code(), "NoSuchTagSet");
  EXPECT_EQ(
      send("PUT", "/bucket?tagging", "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>")
          .status,
      204);
  EXPECT_EQ(send("GET", "/bucket?tagging").element("Value"), "v");
  EXPECT_EQ(send("DELETE", "/bucket?tagging").status, 204);
  EXPECT_EQ(send("PUT", "/bucket?tagging", "<Tagging><TagSet><Tag><Key>k</Key></Tag></TagSet></Tagging>").code(),
            "MalformedXML");
}

TEST_F(BucketTest, ListsByPrefixDelimiterAndPages) {
  send("PUT", "/bucket");
  for (const char* key : {"a", "d/1", "d/2", "d/e/3", "z"}) put(key);
  EXPECT_EQ(send("GET", "/bucket").elements("Key"), (Strings{"a", "d/1", "d/2", "d/e/3", "z"}));
  const Answer folders = send("GET", "/bucket?list-type=2&delimiter=/");
  EXPECT_EQ(folders.elements("Key"), (Strings{"a", "z"}));
  EXPECT_NE(folders.body.find("<CommonPrefixes><Prefix>d/</Prefix></CommonPrefixes>"), std::string::npos);
  EXPECT_EQ(folders.element("KeyCount"), "3");
  EXPECT_EQ(send("GET", "/bucket?list-type=2&prefix=d/&delimiter=/").elements("Key"), (Strings{"d/1", "d/2"}));

  Strings names;
  std::string token;
  for (int page = 0; page < 10; ++page) {
    const Answer answer = send("GET", "/bucket?list-type=2&max-keys=1&delimiter=/" + token);
    for (const auto& key : answer.elements("Key")) names.push_back(key);
    if (answer.body.contains("<CommonPrefixes>")) names.emplace_back("d/");
    if (answer.element("IsTruncated") == "false") break;
    token = "&continuation-token=" + wire::uri_encode(answer.element("NextContinuationToken"));
  }
  EXPECT_EQ(names, (Strings{"a", "d/", "z"}));
  EXPECT_EQ(send("GET", "/bucket?max-keys=2&delimiter=/").element("NextMarker"), "d/");
  EXPECT_EQ(send("GET", "/bucket?marker=d/&delimiter=/").elements("Key"), (Strings{"z"}));
  EXPECT_EQ(send("GET", "/bucket?list-type=2&start-after=d/2").elements("Key"), (Strings{"d/e/3", "z"}));
  EXPECT_EQ(send("GET", "/bucket?max-keys=0").element("IsTruncated"), "false");
}

TEST_F(BucketTest, ListingParametersAreChecked) {
  send("PUT", "/bucket");
  put("a%20b%2Bc");
  EXPECT_EQ(send("GET", "/bucket?encoding-type=url").element("Key"), "a%20b%2Bc");
  EXPECT_EQ(send("GET", "/bucket?encoding-type=value").element("Message"),
            "Invalid Encoding Method specified in Request");
  EXPECT_EQ(send("GET", "/bucket?max-keys=x").code(), "InvalidArgument");
  EXPECT_EQ(send("GET", "/bucket?list-type=2&continuation-token=").element("Message"),
            "The continuation token provided is incorrect");
  EXPECT_EQ(send("GET", "/bucket?list-type=2").element("Owner"), "");
  EXPECT_TRUE(send("GET", "/bucket?list-type=2&fetch-owner=true").body.contains("<Owner>"));
}

TEST_F(BucketTest, VersioningIsSetAndChecked) {
  send("PUT", "/bucket");
  EXPECT_FALSE(send("GET", "/bucket?versioning").body.contains("Status"));
  enable_versioning("enabled");
  EXPECT_FALSE(send("GET", "/bucket?versioning").body.contains("Status"));
  enable_versioning();
  EXPECT_EQ(send("GET", "/bucket?versioning").element("Status"), "Enabled");
  EXPECT_EQ(send("PUT", "/bucket?versioning", "<VersioningConfiguration/>").code(),
            "IllegalVersioningConfigurationException");
}

TEST_F(BucketTest, VersionsAreKeptAndMarkersHideThem) {
  send("PUT", "/bucket");
  enable_versioning();
  const std::string first = put("k");
  const std::string second = put("k");
  EXPECT_EQ(first.size(), 32U);
  EXPECT_NE(first, second);
  const Answer removed = send("DELETE", "/bucket/k");
  EXPECT_EQ(removed.header("x-amz-delete-marker"), "true");
  const Answer hidden = send("GET", "/bucket/k");
  EXPECT_EQ(hidden.code(), "NoSuchKey");
  EXPECT_EQ(hidden.header("x-amz-delete-marker"), "true");
  EXPECT_EQ(send("GET", "/bucket/k?versionId=" + first).status, 200);
  EXPECT_EQ(send("GET", "/bucket/k?versionId=" + removed.header("x-amz-version-id")).status, 405);
  EXPECT_TRUE(send("GET", "/bucket").elements("Key").empty());
  EXPECT_EQ(send("DELETE", "/bucket").code(), "BucketNotEmpty");

  const Answer versions = send("GET", "/bucket?versions");
  EXPECT_EQ(versions.elements("VersionId"), (Strings{removed.header("x-amz-version-id"), second, first}));
  EXPECT_EQ(versions.elements("IsLatest"), (Strings{"true", "false", "false"}));
  const Answer page = send("GET", "/bucket?versions&max-keys=1");
  EXPECT_EQ(
      send("GET", "/bucket?versions&max-keys=1&key-marker=k&version-id-marker=" + page.element("NextVersionIdMarker"))
          .elements("VersionId"),
      (Strings{second}));
  EXPECT_EQ(send("GET", "/bucket?versions&version-id-marker=" + first).element("Message"),
            "A version-id marker cannot be specified without a key marker.");

  send("DELETE", "/bucket/k?versionId=" + removed.header("x-amz-version-id"));
  EXPECT_EQ(send("GET", "/bucket/k").header("x-amz-version-id"), second);
  EXPECT_EQ(send("GET", "/bucket/k?versionId=" + std::string(32, 'q')).code(), "NoSuchVersion");
}

TEST_F(BucketTest, SuspendedVersioningReplacesTheNullVersion) {
  send("PUT", "/bucket");
  put("k");
  enable_versioning();
  const std::string kept = put("k");
  enable_versioning("Suspended");
  EXPECT_EQ(put("k"), "null");
  EXPECT_EQ(send("GET", "/bucket?versions").elements("VersionId"), (Strings{"null", kept}));
  EXPECT_EQ(send("DELETE", "/bucket/k").header("x-amz-version-id"), "null");
  EXPECT_EQ(send("GET", "/bucket?versions").elements("VersionId"), (Strings{"null", kept}));
}

TEST_F(BucketTest, AnotherRegionIsNamedTheWayTheHostAllows) {
  send("PUT", "/elsewhere",
       "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>");
  const Answer redirected = send("GET", "/elsewhere");
  EXPECT_EQ(redirected.status, 301);
  EXPECT_EQ(redirected.code(), "PermanentRedirect");
  EXPECT_EQ(redirected.header("x-amz-bucket-region"), "eu-west-1");
  Call call = make_call("GET", "/", {}, {{"Host", "elsewhere.s3.amazonaws.com"}});
  call.virtual_bucket = "elsewhere";
  const Answer refused = send(std::move(call));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.code(), "AuthorizationHeaderMalformed");
  EXPECT_EQ(refused.element("Region"), "eu-west-1");
}

}  // namespace
}  // namespace sortie::emulator
