#include <set>

#include "emulator/s3/s3_fixture.h"

namespace sortie::emulator {
namespace {

class VersionsTest : public S3Fixture {
 protected:
  VersionsTest() {
    send("PUT", "/bucket");
    set("Enabled");
  }
  void set(const std::string& status) {
    send("PUT", "/bucket?versioning",
         "<VersioningConfiguration><Status>" + status + "</Status></VersioningConfiguration>");
  }
  std::string put(const std::string& key) { return send("PUT", "/bucket/" + key, "x").header("x-amz-version-id"); }
};

/// As boto3's `object_versions.delete()` does it.
TEST_F(VersionsTest, AListingGoesOnBehindAVersionThatIsGone) {
  std::set<std::string> made;
  for (int i = 0; i < 7; ++i) made.insert(put(i < 5 ? "a" : "b"));
  std::string marker;
  while (!made.empty()) {
    const Answer page = send("GET", "/bucket?versions&max-keys=2" + marker);
    ASSERT_EQ(page.status, 200) << page.body;
    const auto ids = page.elements("VersionId");
    ASSERT_FALSE(ids.empty());
    for (const auto& id : ids) {
      EXPECT_EQ(made.erase(id), 1U);
      EXPECT_EQ(send("DELETE", "/bucket/" + page.element("Key") + "?versionId=" + id).status, 204);
    }
    marker =
        "&key-marker=" + page.element("NextKeyMarker") + "&version-id-marker=" + page.element("NextVersionIdMarker");
  }
  EXPECT_EQ(send("GET", "/bucket?versions&key-marker=a&version-id-marker=HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD").code(),
            "InvalidArgument");
}

TEST_F(VersionsTest, BehindANullVersionThatIsGoneNothingIsLeftOut) {
  set("Suspended");
  put("a");
  set("Enabled");
  const std::string kept = put("a");
  send("DELETE", "/bucket/a?versionId=null");
  const Answer page = send("GET", "/bucket?versions&key-marker=a&version-id-marker=null");
  EXPECT_EQ(page.element("VersionId"), kept);
}

TEST_F(VersionsTest, DeletingAVersionThatIsGoneSucceeds) {
  const std::string id = put("a");
  for (int i = 0; i < 2; ++i) {
    const Answer gone = send("DELETE", "/bucket/a?versionId=" + id);
    EXPECT_EQ(gone.status, 204);
    EXPECT_EQ(gone.header("x-amz-version-id"), id);
  }
  EXPECT_EQ(send("DELETE", "/bucket/a?versionId=null").status, 204);
  const Answer many = delete_many("<Delete><Object><Key>a</Key><VersionId>" + id + "</VersionId></Object></Delete>");
  EXPECT_EQ(many.elements("Deleted").size(), 1U);
  EXPECT_EQ(send("DELETE", "/bucket/a?versionId=HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD").code(), "NoSuchVersion");
}

TEST_F(VersionsTest, MarkersSayWhatTheyAre) {
  put("a");
  const Answer removed = send("DELETE", "/bucket/a");
  EXPECT_EQ(removed.header("x-amz-delete-marker"), "true");
  const std::string marker = removed.header("x-amz-version-id");
  for (const char* method : {"GET", "HEAD"}) {
    const Answer newest = send(method, "/bucket/a");
    EXPECT_EQ(newest.status, 404);
    EXPECT_EQ(newest.header("x-amz-delete-marker"), "true");
    EXPECT_EQ(newest.header("x-amz-version-id"), marker);
    const Answer named = send(method, "/bucket/a?versionId=" + marker);
    EXPECT_EQ(named.status, 405);
    EXPECT_EQ(named.header("x-amz-delete-marker"), "true");
    EXPECT_EQ(named.header("Allow"), "DELETE");
    EXPECT_NE(named.header("Last-Modified"), "");
  }
  const Answer copied = send("PUT", "/bucket/b", {}, {{"x-amz-copy-source", "/bucket/a?versionId=" + marker}});
  EXPECT_EQ(copied.status, 400);
  EXPECT_TRUE(copied.element("Message").contains("delete marker")) << copied.body;
  const Answer undone = send("DELETE", "/bucket/a?versionId=" + marker);
  EXPECT_EQ(undone.header("x-amz-delete-marker"), "true");
  EXPECT_EQ(send("GET", "/bucket/a").status, 200);
}

TEST_F(VersionsTest, SuspendedBucketsHaveOneNullVersion) {
  const std::string old = put("a");
  set("Suspended");
  EXPECT_EQ(put("a"), "null");
  EXPECT_EQ(put("a"), "null");
  EXPECT_EQ(send("GET", "/bucket?versions").elements("VersionId").size(), 2U);
  const Answer removed = send("DELETE", "/bucket/a");
  EXPECT_EQ(removed.header("x-amz-version-id"), "null");
  EXPECT_EQ(removed.header("x-amz-delete-marker"), "true");
  EXPECT_EQ(send("GET", "/bucket/a?versionId=null").status, 405) << "the marker took the null version's place";
  EXPECT_EQ(send("GET", "/bucket/a?versionId=" + old).status, 200);
}

}  // namespace
}  // namespace sortie::emulator
