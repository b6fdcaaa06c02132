#include "emulator/s3/s3_fixture.h"

namespace sortie::emulator {
namespace {

class ConfigurationsTest : public S3Fixture {
 protected:
  ConfigurationsTest() { send("PUT", "/bucket"); }
};

TEST_F(ConfigurationsTest, AreKeptById) {
  const std::string document = "<MetricsConfiguration><Id>a</Id></MetricsConfiguration>";
  EXPECT_EQ(send("PUT", "/bucket?metrics&id=a", document).status, 204);
  EXPECT_EQ(send("GET", "/bucket?metrics&id=a").element("Id"), "a");
  EXPECT_EQ(send("GET", "/bucket?metrics&id=b").code(), "NoSuchConfiguration");
  EXPECT_EQ(send("GET", "/bucket?analytics&id=a").code(), "NoSuchConfiguration");
  EXPECT_EQ(send("PUT", "/bucket?metrics&id=b", document).code(), "MalformedXML");
  EXPECT_EQ(send("PUT", "/bucket?metrics&id=a/b", document).code(), "InvalidConfigurationId");
  EXPECT_EQ(send("DELETE", "/bucket?metrics&id=a").status, 204);
  EXPECT_EQ(send("DELETE", "/bucket?metrics&id=a").status, 404);
}

TEST_F(ConfigurationsTest, TiersHaveTheirDays) {
  auto code = [&](const std::string& tier, const std::string& days) {
    return send("PUT", "/bucket?intelligent-tiering&id=a",
                "<IntelligentTieringConfiguration><Id>a</Id><Status>Enabled</Status><Tiering><AccessTier>" + tier +
                    "</AccessTier><Days>" + days + "</Days></Tiering></IntelligentTieringConfiguration>")
        .code();
  };
  EXPECT_EQ(code("ARCHIVE_ACCESS", "90"), "");
  EXPECT_EQ(code("ARCHIVE_ACCESS", "89"), "InvalidArgument");
  EXPECT_EQ(code("DEEP_ARCHIVE_ACCESS", "179"), "InvalidArgument");
  EXPECT_EQ(code("OTHER", "90"), "MalformedXML");
}

TEST_F(ConfigurationsTest, HaveActionsOfTheirOwn) {
  authorizer_.forbidden = {"s3:GetInventoryConfiguration", "s3:PutInventoryConfiguration"};
  EXPECT_EQ(send("GET", "/bucket?inventory").status, 403);
  EXPECT_EQ(send("PUT", "/bucket?inventory&id=a", "x").status, 403);
  EXPECT_EQ(send("DELETE", "/bucket?inventory&id=a").status, 403);
}

}  // namespace
}  // namespace sortie::emulator
