#include "emulator/instance/metadata.h"

#include <boost/json.hpp>

#include "emulator/core/test_support.h"

namespace sortie::emulator {
namespace {

namespace json = boost::json;

class MetadataTest : public ::testing::Test {
 protected:
  struct Answer {
    int status = 0;
    std::string body;
  };

  AwsResult<SessionCredentials> current() {
    ++asked;
    if (!role_is_there) return aws_fail(403, "AccessDenied", "not any more");
    return SessionCredentials{
        .access_key_id = "ASIAX", .secret_access_key = "s", .session_token = "t", .expires = clock.now() + expiry};
  }

  static Answer send(http::Service& service, std::string method, std::string path, http::Headers headers = {}) {
    http::Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.headers = std::move(headers);
    auto response = testing_support::run(service.handle(std::move(request)));
    return {response->status, testing_support::text_of(*response)};
  }

  std::string token(const std::string& seconds = "60") {
    return send(metadata, "PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", seconds}}).body;
  }
  Answer get(const std::string& path, const std::string& with_token) {
    return send(metadata, "GET", path, {{"X-aws-ec2-metadata-token", with_token}});
  }

  static constexpr auto expiry = std::chrono::hours(6);
  FakeClock clock;
  bool role_is_there = true;
  int asked = 0;
  InstanceMetadata metadata{clock,
                            {.id = "i-1",
                             .account = "000000000000",
                             .region = "eu-west-1",
                             .role_name = "tester",
                             .role_arn = "arn:aws:iam::000000000000:role/tester"},
                            [this] { return current(); }};
  ContainerCredentials container{clock, "/v2/credentials/x", "arn:aws:iam::000000000000:role/tester",
                                 [this] { return current(); }};
};

TEST_F(MetadataTest, ATokenComesFirst) {
  EXPECT_EQ(send(metadata, "GET", "/latest/meta-data/").status, 401);
  EXPECT_EQ(get("/latest/meta-data/", "made-up").status, 401);
  EXPECT_EQ(get("/latest/meta-data/", token()).status, 200);
}

TEST_F(MetadataTest, ATokenEnds) {
  const std::string mine = token("60");
  clock.advance(std::chrono::seconds(59));
  EXPECT_EQ(get("/latest/meta-data/instance-id", mine).body, "i-1");
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(get("/latest/meta-data/instance-id", mine).status, 401);
}

TEST_F(MetadataTest, TokensLiveBetweenASecondAndSixHours) {
  for (const char* wrong : {"", "0", "21601", "-1", "6x", "99999999999999999999"}) {
    const auto answer = send(metadata, "PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", wrong}});
    EXPECT_EQ(answer.status, 400) << wrong;
  }
  EXPECT_EQ(send(metadata, "PUT", "/latest/api/token").status, 400);
  EXPECT_EQ(send(metadata, "GET", "/latest/api/token").status, 405);
}

TEST_F(MetadataTest, NoTokenThroughAProxy) {
  const auto answer = send(metadata, "PUT", "/latest/api/token",
                           {{"X-aws-ec2-metadata-token-ttl-seconds", "60"}, {"X-Forwarded-For", "10.0.0.1"}});
  EXPECT_EQ(answer.status, 403);
}

TEST_F(MetadataTest, TokensAreBounded) {
  for (int i = 0; i < 1000; ++i) token("60");
  const auto full = send(metadata, "PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", "60"}});
  EXPECT_EQ(full.status, 503);
  clock.advance(std::chrono::seconds(61));
  EXPECT_EQ(get("/latest/meta-data/instance-id", token()).status, 200);
}

TEST_F(MetadataTest, CredentialsAreThoseOfNow) {
  const std::string mine = token();
  EXPECT_EQ(get("/latest/meta-data/iam/security-credentials/", mine).body, "tester");
  const auto credentials = json::parse(get("/latest/meta-data/iam/security-credentials/tester", mine).body).as_object();
  EXPECT_EQ(credentials.at("Code"), "Success");
  EXPECT_EQ(credentials.at("AccessKeyId"), "ASIAX");
  EXPECT_EQ(credentials.at("SecretAccessKey"), "s");
  EXPECT_EQ(credentials.at("Token"), "t");
  EXPECT_EQ(credentials.at("Expiration"), "2015-08-30T18:36:00Z");
  get("/latest/meta-data/iam/security-credentials/tester", mine);
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(get("/latest/meta-data/iam/security-credentials/other", mine).status, 404);
}

TEST_F(MetadataTest, ARoleThatIsGoneIsSaid) {
  const std::string mine = token();
  role_is_there = false;
  const auto answer = get("/latest/meta-data/iam/security-credentials/tester", mine);
  EXPECT_EQ(json::parse(answer.body).at("Code"), "AssumeRoleUnauthorizedAccess");
  EXPECT_EQ(send(container, "GET", "/v2/credentials/x").status, 500);
}

TEST_F(MetadataTest, TellsWhereItIs) {
  const std::string mine = token();
  EXPECT_EQ(get("/latest/meta-data/placement/region", mine).body, "eu-west-1");
  EXPECT_EQ(get("/latest/meta-data/placement/availability-zone", mine).body, "eu-west-1a");
  const auto document = json::parse(get("/latest/dynamic/instance-identity/document", mine).body).as_object();
  EXPECT_EQ(document.at("region"), "eu-west-1");
  EXPECT_EQ(document.at("accountId"), "000000000000");
  EXPECT_EQ(get("/latest/user-data", mine).status, 404);
}

TEST_F(MetadataTest, ContainersAskUnderTheirOwnPath) {
  const auto answer = send(container, "GET", "/v2/credentials/x");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(answer.body).at("RoleArn"), "arn:aws:iam::000000000000:role/tester");
  EXPECT_EQ(send(container, "GET", "/v2/credentials/y").status, 404);
}

}  // namespace
}  // namespace sortie::emulator
