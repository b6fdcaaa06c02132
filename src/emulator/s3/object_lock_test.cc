#include "emulator/s3/protocol/object_lock.h"

#include "emulator/s3/s3_fixture.h"
#include "wire/date.h"

/// Object lock: as values, and what it forbids.
namespace sortie::emulator {
namespace {

using s3::ObjectLock;
using s3::Retention;
using s3::RetentionMode;

constexpr SystemTime k_now{std::chrono::seconds{1'600'000'000}};
constexpr auto k_day = std::chrono::hours(24);

TEST(ObjectLock, RetentionForbidsUntilItsDate) {
  const ObjectLock governance{Retention{RetentionMode::governance, k_now + k_day}, {}};
  EXPECT_TRUE(s3::forbids_removal(governance, k_now, false));
  EXPECT_FALSE(s3::forbids_removal(governance, k_now, true));
  EXPECT_FALSE(s3::forbids_removal(governance, k_now + k_day, false));
  const ObjectLock compliance{Retention{RetentionMode::compliance, k_now + k_day}, {}};
  EXPECT_TRUE(s3::forbids_removal(compliance, k_now, true));
  EXPECT_FALSE(s3::forbids_removal(compliance, k_now + k_day, false));
}

TEST(ObjectLock, LegalHoldsForbidWithoutADate) {
  EXPECT_TRUE(s3::forbids_removal({{}, "ON"}, k_now, true));
  EXPECT_FALSE(s3::forbids_removal({{}, "OFF"}, k_now, false));
  EXPECT_FALSE(s3::forbids_removal({}, k_now, false));
}

TEST(ObjectLock, RetentionCanAlwaysBecomeLonger) {
  const ObjectLock compliance{Retention{RetentionMode::compliance, k_now + 2 * k_day}, {}};
  const ObjectLock governance{Retention{RetentionMode::governance, k_now + 2 * k_day}, {}};
  const Retention longer_compliance{RetentionMode::compliance, k_now + 3 * k_day};
  const Retention longer_governance{RetentionMode::governance, k_now + 3 * k_day};
  const Retention shorter{RetentionMode::governance, k_now + k_day};
  EXPECT_FALSE(s3::forbids_retention(compliance, longer_compliance, k_now, false));
  EXPECT_TRUE(s3::forbids_retention(compliance, longer_governance, k_now, true));
  EXPECT_TRUE(s3::forbids_retention(compliance, std::nullopt, k_now, true));
  EXPECT_FALSE(s3::forbids_retention(governance, longer_governance, k_now, false));
  EXPECT_TRUE(s3::forbids_retention(governance, longer_compliance, k_now, false));
  EXPECT_FALSE(s3::forbids_retention(governance, longer_compliance, k_now, true));
  EXPECT_TRUE(s3::forbids_retention(governance, shorter, k_now, false));
  EXPECT_FALSE(s3::forbids_retention(governance, shorter, k_now, true));
  EXPECT_TRUE(s3::forbids_retention(governance, std::nullopt, k_now, false));
  EXPECT_FALSE(s3::forbids_retention(governance, std::nullopt, k_now + 2 * k_day, false));
}

TEST(ObjectLock, HeadersAreCheckedInAwssOrder) {
  const auto error = [](const std::string& mode, const std::string& until, const std::string& hold = "") {
    http::Headers headers;
    if (!mode.empty()) headers.add("x-amz-object-lock-mode", mode);
    if (!until.empty()) headers.add("x-amz-object-lock-retain-until-date", until);
    if (!hold.empty()) headers.add("x-amz-object-lock-legal-hold", hold);
    const auto lock = s3::read_lock_headers(headers, k_now);
    return lock ? "" : lock.error().message + " " + lock.error().fields[0].second;
  };
  const std::string both = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied";
  EXPECT_EQ(error("BAD", ""), both + " x-amz-object-lock-retain-until-date");
  EXPECT_EQ(error("", "2030-01-01T00:00:00Z"), both + " x-amz-object-lock-mode");
  EXPECT_EQ(error("BAD", "tomorrow"),
            "The retain until date must be provided in ISO 8601 format x-amz-object-lock-retain-until-date");
  EXPECT_TRUE(error("COMPLIANCE", "9999-12-31T23:59:59-05:00").starts_with("The retain until date must be provided"));
  EXPECT_EQ(error("BAD", "2020-01-01T00:00:00Z"),
            "The retain until date must be in the future! x-amz-object-lock-retain-until-date");
  EXPECT_EQ(error("BAD", "2030-01-01T00:00:00Z", "maybe"),
            "Legal Hold must be either of 'ON' or 'OFF' x-amz-object-lock-legal-hold");
  EXPECT_EQ(error("BAD", "2030-01-01T00:00:00Z"), "Unknown wormMode directive. x-amz-object-lock-mode");
  EXPECT_EQ(error("COMPLIANCE", "2030-01-01T00:00:00Z", "ON"), "");
}

TEST(ObjectLock, DatesThatHavePassedAreShownAsInCalifornia) {
  const auto shown = [](const std::string& date) {
    const auto read = s3::read_retention(
        "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>" + date + "</RetainUntilDate></Retention>", k_now);
    return read ? "" : read.error().fields[1].second;
  };
  EXPECT_EQ(shown("2020-01-01T00:00:00Z"), "Tue Dec 31 16:00:00 PST 2019");
  EXPECT_EQ(shown("2020-08-01T00:00:00Z"), "Fri Jul 31 17:00:00 PDT 2020");
  EXPECT_EQ(shown("2020-03-08T09:59:59Z"), "Sun Mar 08 01:59:59 PST 2020");
  EXPECT_EQ(shown("2020-03-08T10:00:00Z"), "Sun Mar 08 03:00:00 PDT 2020");
  EXPECT_EQ(shown("2019-11-03T08:59:59Z"), "Sun Nov 03 01:59:59 PDT 2019");
  EXPECT_EQ(shown("2019-11-03T09:00:00Z"), "Sun Nov 03 01:00:00 PST 2019");
}

TEST(ObjectLock, ContextSaysHowLong) {
  const auto context = s3::lock_context({Retention{RetentionMode::compliance, k_now + 10 * k_day}, "ON"}, k_now);
  ASSERT_EQ(context.size(), 4U);
  EXPECT_EQ(context[0].second, "COMPLIANCE");
  EXPECT_EQ(context[1].second, "2020-09-23T12:26:40Z");
  EXPECT_EQ(context[2], std::pair(std::string("s3:object-lock-remaining-retention-days"), std::string("10")));
  EXPECT_EQ(context[3].second, "ON");
}

class ObjectLockTest : public S3Fixture {
 protected:
  ObjectLockTest() { send("PUT", "/bucket", {}, {{"x-amz-bucket-object-lock-enabled", "true"}}); }

  static std::string md5(const std::string& body) {
    return wire::base64_encode(wire::checksum(wire::ChecksumAlgorithm::md5, body));
  }
  Answer put(const std::string& path, const std::string& body, Fields fields = {}) {
    fields.emplace_back("Content-MD5", md5(body));
    return send("PUT", path, body, fields);
  }
  [[nodiscard]] std::string in_days(int days) const { return wire::format_iso8601(clock_.now() + days * k_day); }
  Answer retain(const std::string& key, const std::string& mode, int days, const Fields& fields = {}) {
    return put(
        "/bucket/" + key + "?retention",
        "<Retention><Mode>" + mode + "</Mode><RetainUntilDate>" + in_days(days) + "</RetainUntilDate></Retention>",
        fields);
  }
  Answer hold(const std::string& key, const std::string& status) {
    return put("/bucket/" + key + "?legal-hold", "<LegalHold><Status>" + status + "</Status></LegalHold>");
  }
  Answer configure(const std::string& rule) {
    return put("/bucket?object-lock", "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>" + rule +
                                          "</ObjectLockConfiguration>");
  }
  Answer by_default(const std::string& retention) {
    return configure("<Rule><DefaultRetention>" + retention + "</DefaultRetention></Rule>");
  }
  Answer remove(const std::string& key, const std::string& version, const Fields& fields = {}) {
    return send("DELETE", "/bucket/" + key + "?versionId=" + version, {}, fields);
  }

  const Fields k_bypass = {{"x-amz-bypass-governance-retention", "true"}};
};

TEST_F(ObjectLockTest, ABucketIsMadeWithIt) {
  EXPECT_EQ(send("GET", "/bucket?object-lock").element("ObjectLockEnabled"), "Enabled");
  EXPECT_EQ(send("GET", "/bucket?versioning").element("Status"), "Enabled");
  const Answer suspended = send("PUT", "/bucket?versioning",
                                "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>");
  EXPECT_EQ(suspended.status, 409);
  EXPECT_EQ(suspended.code(), "InvalidBucketState");
  authorizer_.forbidden = {"s3:PutBucketObjectLockConfiguration"};
  EXPECT_EQ(send("PUT", "/other", {}, {{"x-amz-bucket-object-lock-enabled", "true"}}).status, 403);
}

TEST_F(ObjectLockTest, ConfigurationsHaveRules) {
  EXPECT_EQ(configure("").status, 200);
  EXPECT_EQ(by_default("<Mode>GOVERNANCE</Mode><Years>2</Years>").status, 200);
  EXPECT_EQ(send("GET", "/bucket?object-lock").element("Years"), "2");
  for (const char* wrong :
       {"", "<Mode>GOVERNANCE</Mode>", "<Days>1</Days>", "<Mode>GOVERN</Mode><Days>1</Days>",
        "<Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years>", "<Mode>GOVERNANCE</Mode><Days>x</Days>"}) {
    EXPECT_EQ(by_default(wrong).code(), "MalformedXML") << wrong;
  }
  EXPECT_EQ(configure("<Rule/>").code(), "MalformedXML");
  EXPECT_EQ(put("/bucket?object-lock", "<ObjectLockConfiguration/>").code(), "MalformedXML");
  EXPECT_EQ(by_default("<Mode>GOVERNANCE</Mode><Days>0</Days>").element("Message"),
            "Default retention period must be a positive integer value.");
  EXPECT_EQ(by_default("<Mode>GOVERNANCE</Mode><Years>101</Years>").code(), "InvalidArgument");
  for (const char* path : {"/bucket?object-lock", "/bucket/k?retention", "/bucket/k?legal-hold"}) {
    EXPECT_EQ(send("PUT", path, "<Any/>").element("Message"),
              "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
  }
}

TEST_F(ObjectLockTest, GovernanceLetsPassWhoMay) {
  const std::string version = put("/bucket/k", "x").header("x-amz-version-id");
  EXPECT_EQ(retain("k", "GOVERNANCE", 10).status, 200);
  EXPECT_EQ(send("GET", "/bucket/k?retention").element("Mode"), "GOVERNANCE");
  const Answer locked = remove("k", version);
  EXPECT_EQ(locked.status, 403);
  EXPECT_EQ(locked.element("Message"), "Access Denied because object protected by object lock.");
  EXPECT_EQ(retain("k", "GOVERNANCE", 5).code(), "AccessDenied");
  EXPECT_EQ(retain("k", "GOVERNANCE", 5, k_bypass).status, 200);
  authorizer_.forbidden = {"s3:BypassGovernanceRetention"};
  EXPECT_EQ(remove("k", version, k_bypass).code(), "AccessDenied");
  authorizer_.forbidden.clear();
  EXPECT_EQ(remove("k", version, k_bypass).status, 204);
}

TEST_F(ObjectLockTest, ComplianceLetsNobodyPass) {
  const std::string version =
      put("/bucket/k", "x",
          {{"x-amz-object-lock-mode", "COMPLIANCE"}, {"x-amz-object-lock-retain-until-date", in_days(2)}})
          .header("x-amz-version-id");
  EXPECT_EQ(remove("k", version, k_bypass).status, 403);
  EXPECT_EQ(put("/bucket/k?retention", "<Retention/>", k_bypass).status, 403);
  EXPECT_EQ(retain("k", "COMPLIANCE", 3).status, 200);
  clock_.set(clock_.now() + 4 * k_day);
  EXPECT_EQ(remove("k", version).status, 204);
}

TEST_F(ObjectLockTest, LocksAreOfVersions) {
  const std::string version =
      put("/bucket/k", "x", {{"x-amz-object-lock-legal-hold", "ON"}}).header("x-amz-version-id");
  const std::string later = put("/bucket/k", "y").header("x-amz-version-id");
  EXPECT_EQ(send("DELETE", "/bucket/k").header("x-amz-delete-marker"), "true");
  EXPECT_EQ(remove("k", later).status, 204);
  EXPECT_EQ(remove("k", version).status, 403);
  const Answer many =
      delete_many("<Delete><Object><Key>k</Key><VersionId>" + version + "</VersionId></Object></Delete>");
  EXPECT_EQ(many.element("Code"), "AccessDenied");
  EXPECT_EQ(hold("k", "OFF").code(), "NoSuchKey");  // the newest is a marker
  EXPECT_EQ(put("/bucket/k?legal-hold&versionId=" + version, "<LegalHold><Status>OFF</Status></LegalHold>").status,
            200);
  EXPECT_EQ(send("HEAD", "/bucket/k?versionId=" + version).header("x-amz-object-lock-legal-hold"), "OFF");
  EXPECT_EQ(remove("k", version).status, 204);
}

TEST_F(ObjectLockTest, DefaultsAreGivenToWhatAsksForNothing) {
  by_default("<Mode>GOVERNANCE</Mode><Days>3</Days>");
  EXPECT_EQ(
      send("PUT", "/bucket/k", "x").element("Message"),
      "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters");
  put("/bucket/k", "x");
  EXPECT_EQ(send("HEAD", "/bucket/k").header("x-amz-object-lock-retain-until-date"),
            wire::format_iso8601_millis(clock_.now() + 3 * k_day));
  send("PUT", "/bucket/copy", {}, {{"x-amz-copy-source", "bucket/k"}});
  EXPECT_EQ(send("HEAD", "/bucket/copy").header("x-amz-object-lock-mode"), "GOVERNANCE");
  put("/bucket/own", "x",
      {{"x-amz-object-lock-mode", "COMPLIANCE"}, {"x-amz-object-lock-retain-until-date", in_days(1)}});
  EXPECT_EQ(send("HEAD", "/bucket/own").header("x-amz-object-lock-mode"), "COMPLIANCE");
}

TEST_F(ObjectLockTest, UploadsInPartsAreLockedAsTheyBegan) {
  const std::string id =
      send("POST", "/bucket/k?uploads", {},
           {{"x-amz-object-lock-mode", "GOVERNANCE"}, {"x-amz-object-lock-retain-until-date", in_days(9)}})
          .element("UploadId");
  EXPECT_EQ(send("PUT", "/bucket/k?partNumber=1&uploadId=" + id, "x").element("Message"),
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Part requests with Object Lock parameters");
  const std::string etag = put("/bucket/k?partNumber=1&uploadId=" + id, "x").header("ETag");
  restart();
  const Answer done = send("POST", "/bucket/k?uploadId=" + id,
                           "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + etag +
                               "</ETag></Part></CompleteMultipartUpload>");
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(remove("k", done.header("x-amz-version-id")).status, 403);
}

TEST_F(ObjectLockTest, OnlyWhoMayIsToldOfLocks) {
  put("/bucket/k", "x", {{"x-amz-object-lock-legal-hold", "ON"}});
  retain("k", "GOVERNANCE", 1);
  authorizer_.forbidden = {"s3:GetObjectRetention"};
  EXPECT_EQ(send("HEAD", "/bucket/k").header("x-amz-object-lock-mode"), "");
  EXPECT_EQ(send("HEAD", "/bucket/k").header("x-amz-object-lock-legal-hold"), "ON");
  EXPECT_EQ(send("GET", "/bucket/k?retention").status, 403);
}

TEST_F(ObjectLockTest, UploadsNeedTheRightsToLock) {
  authorizer_.forbidden = {"s3:PutObjectLegalHold"};
  EXPECT_EQ(put("/bucket/k", "x", {{"x-amz-object-lock-legal-hold", "ON"}}).status, 403);
  authorizer_.forbidden = {"s3:PutObjectRetention"};
  const Fields retention = {{"x-amz-object-lock-mode", "GOVERNANCE"},
                            {"x-amz-object-lock-retain-until-date", in_days(9)}};
  EXPECT_EQ(put("/bucket/k", "x", retention).status, 403);
  authorizer_.asked.clear();
  authorizer_.forbidden.clear();
  put("/bucket/k", "x", retention);
  const std::pair<std::string, std::string> days{"s3:object-lock-remaining-retention-days", "9"};
  EXPECT_NE(std::ranges::find(authorizer_.asked[0].context, days), authorizer_.asked[0].context.end());
}

TEST_F(ObjectLockTest, OtherBucketsHaveNone) {
  send("PUT", "/plain");
  send("PUT", "/plain/k", "x");
  for (const char* what : {"retention", "legal-hold"}) {
    EXPECT_EQ(send("GET", std::string("/plain/k?") + what).element("Message"),
              "Bucket is missing Object Lock Configuration");
  }
  EXPECT_EQ(put("/plain/k", "x", {{"x-amz-object-lock-legal-hold", "OFF"}}).element("Message"),
            "Bucket is missing ObjectLockConfiguration");
  EXPECT_EQ(send("DELETE", "/plain/k", {}, k_bypass).code(), "InvalidArgument");
  put("/bucket/k", "x");
  EXPECT_EQ(send("GET", "/bucket/k?retention").code(), "NoSuchObjectLockConfiguration");
  EXPECT_EQ(send("GET", "/bucket/k?legal-hold").status, 404);
  EXPECT_EQ(send("GET", "/bucket/none?legal-hold").code(), "NoSuchKey");
}

TEST_F(ObjectLockTest, LocksGoWithTheirVersion) {
  const std::string version =
      put("/bucket/k", "x", {{"x-amz-object-lock-legal-hold", "OFF"}}).header("x-amz-version-id");
  EXPECT_EQ(remove("k", version).status, 204);
  put("/bucket/next", "x");  // its row may have the number of the one that is gone
  EXPECT_EQ(send("HEAD", "/bucket/next").header("x-amz-object-lock-legal-hold"), "");
}

}  // namespace
}  // namespace sortie::emulator
