#include "aws/credentials.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <filesystem>
#include <fstream>

#include "aws/profile.h"
#include "aws/scripted_service.h"
#include "wire/checksum.h"

namespace sortie::aws {
namespace {

namespace fs = std::filesystem;

/// A home folder with ~/.aws/config and ~/.aws/credentials.
class CredentialsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "sortie-credentials-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    home_ = pattern;
    environment_["HOME"] = home_;
    environment_["AWS_EC2_METADATA_DISABLED"] = "true";
  }
  void TearDown() override { fs::remove_all(home_); }

  std::string write(const std::string& name, const std::string& text) {
    const auto path = home_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  }
  ChainOptions options() {
    ChainOptions out{around_.service, around_.clock, environment_, profile_, ""};
    out.retry.sleep = [](std::chrono::milliseconds) -> Task<void> { co_return; };
    return out;
  }
  Result<Credentials> find() { return run(default_credentials(options())->get()); }
  std::string key() {
    const auto found = find();
    return found ? found->access_key_id : describe(found.error());
  }

  Surroundings around_;
  fs::path home_;
  Environment environment_;
  std::string profile_;
};

const std::string k_sts_answer =
    "<R><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
    "<SessionToken>t</SessionToken><Expiration>2015-08-30T13:36:00Z</Expiration></Credentials></AssumeRoleResult></R>";
const std::string k_json_answer =
    R"({"AccessKeyId":"ASIAJ","SecretAccessKey":"s","Token":"t","Expiration":"2015-08-30T13:36:00Z"})";

TEST_F(CredentialsTest, TheEnvironmentComesFirst) {
  write(".aws/credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n");
  EXPECT_EQ(key(), "FILE");
  environment_["AWS_ACCESS_KEY_ID"] = "ENV";
  environment_["AWS_SECRET_ACCESS_KEY"] = "s";
  environment_["AWS_SESSION_TOKEN"] = "t";
  EXPECT_EQ(key(), "ENV");
  EXPECT_EQ(find()->session_token, "t");
  profile_ = "default";
  EXPECT_EQ(key(), "FILE") << "a profile given by name";
}

TEST_F(CredentialsTest, HalfAKeyIsAMistake) {
  environment_["AWS_ACCESS_KEY_ID"] = "ENV";
  EXPECT_EQ(find().error().kind, ErrorKind::usage);
}

TEST_F(CredentialsTest, NothingAnywhereNamesEverySource) {
  const auto error = find().error();
  EXPECT_EQ(error.kind, ErrorKind::config);
  for (const auto* source : {"environment", "web identity", "default", "container", "instance metadata"}) {
    EXPECT_TRUE(error.message.contains(source)) << error.message;
  }
}

TEST_F(CredentialsTest, ProfilesOfBothFiles) {
  environment_["AWS_CONFIG_FILE"] = write("c", "[profile dev]\nregion = eu-west-1\naws_access_key_id = CONFIG\n");
  environment_["AWS_SHARED_CREDENTIALS_FILE"] =
      write("s", "[dev]\naws_access_key_id = DEV\naws_secret_access_key = a#b ; comment\n");
  environment_["AWS_PROFILE"] = "dev";
  EXPECT_EQ(key(), "DEV");
  EXPECT_EQ(find()->secret_access_key, "a#b");
  EXPECT_EQ(resolve_region(environment_), "eu-west-1");
  environment_["AWS_PROFILE"] = "nope";
  EXPECT_EQ(find().error().kind, ErrorKind::usage);
}

TEST_F(CredentialsTest, SourceProfile) {
  write(".aws/config",
        "[profile a]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = b\nexternal_id = x\nrole_session_name = me\n"
        "[profile b]\naws_access_key_id = BASE\naws_secret_access_key = s\n");
  around_.service.answer(200, k_sts_answer);
  profile_ = "a";
  EXPECT_EQ(key(), "ASIA");
  const auto& seen = around_.service.seen.at(0);
  EXPECT_TRUE(seen.headers.get("Authorization")->contains("Credential=BASE/"));
  EXPECT_TRUE(seen.body.contains("RoleSessionName=me&ExternalId=x&DurationSeconds=3600")) << seen.body;
}

TEST_F(CredentialsTest, CirclesEnd) {
  write(".aws/config",
        "[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = a\n"
        "[profile self]\nrole_arn = r\nsource_profile = self\n");
  for (const auto* name : {"a", "self"}) {
    profile_ = name;
    EXPECT_TRUE(find().error().message.contains("circle")) << find().error().message;
  }
}

TEST_F(CredentialsTest, CredentialSourceEnvironment) {
  write(".aws/config", "[profile a]\nrole_arn = r\ncredential_source = Environment\n");
  environment_["AWS_ACCESS_KEY_ID"] = "ENV";
  environment_["AWS_SECRET_ACCESS_KEY"] = "s";
  around_.service.answer(200, k_sts_answer);
  profile_ = "a";
  EXPECT_EQ(key(), "ASIA");
}

TEST_F(CredentialsTest, ARefusingStsEndsTheSearch) {
  environment_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/never";
  write(".aws/config",
        "[default]\nrole_arn = r\nsource_profile = x\n[profile x]\naws_access_key_id=K\n"
        "aws_secret_access_key=s\n");
  around_.service.answer(403, "<E><Error><Code>AccessDenied</Code><Message>no</Message></Error></E>");
  EXPECT_EQ(find().error().kind, ErrorKind::denied);
}

TEST_F(CredentialsTest, CredentialProcess) {
  write(".aws/config", R"([default]
credential_process = printf '{"Version":1,"AccessKeyId":"PROC","SecretAccessKey":"s","SessionToken":"t"}'
)");
  EXPECT_EQ(key(), "PROC");
  write(".aws/config", "[default]\ncredential_process = exit 3\n");
  EXPECT_TRUE(key().contains("exit status 3")) << key();
}

TEST_F(CredentialsTest, WebIdentity) {
  environment_["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/r";
  environment_["AWS_WEB_IDENTITY_TOKEN_FILE"] = write("token", "jwt\n");
  around_.service.answer(200,
                         "<R><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>WEB</AccessKeyId>"
                         "<SecretAccessKey>s</SecretAccessKey></Credentials></AssumeRoleWithWebIdentityResult></R>");
  EXPECT_EQ(key(), "WEB");
  EXPECT_FALSE(around_.service.seen[0].headers.contains("Authorization"));
  EXPECT_TRUE(around_.service.seen[0].body.contains("WebIdentityToken=jwt"));
}

TEST_F(CredentialsTest, Sso) {
  write(".aws/config",
        "[default]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n"
        "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.example\n");
  EXPECT_TRUE(find().error().hint.contains("aws sso login"));
  // The file's name is the SHA-1 of the session's name.
  const auto name = wire::hex_encode(wire::checksum(wire::ChecksumAlgorithm::sha1, "corp"));
  write(".aws/sso/cache/" + name + ".json", R"({"accessToken":"tok","expiresAt":"2015-08-30T13:00:00Z"})");
  around_.service.answer(200, R"({"roleCredentials":{"accessKeyId":"SSO","secretAccessKey":"s","sessionToken":"t",
                                 "expiration":1440941760000}})");
  EXPECT_EQ(key(), "SSO");
  EXPECT_EQ(around_.service.seen[0].url,
            "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?role_name=r&account_id=1");
  EXPECT_EQ(around_.service.seen[0].headers.get("x-amz-sso_bearer_token"), "tok");
}

TEST_F(CredentialsTest, Containers) {
  environment_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/x";
  environment_["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = write("t", "secret\n");
  around_.service.answer(200, k_json_answer);
  EXPECT_EQ(key(), "ASIAJ");
  EXPECT_EQ(around_.service.seen[0].url, "http://169.254.170.2/v2/x");
  EXPECT_EQ(around_.service.seen[0].headers.get("Authorization"), "secret");
}

TEST_F(CredentialsTest, ContainersThatAreBusyAreAskedAgain) {
  environment_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/x";
  around_.service.answer(429, "").answer(500, "").answer(200, k_json_answer);
  EXPECT_EQ(key(), "ASIAJ");
  EXPECT_EQ(around_.service.seen.size(), 3U);
  around_.service.answer(503, "").answer(503, "").answer(503, "");
  EXPECT_EQ(key(), "container credentials: HTTP 503");
  around_.service.answer(403, "");
  EXPECT_EQ(key(), "container credentials: HTTP 403");
  EXPECT_EQ(around_.service.seen.size(), 7U);
}

TEST_F(CredentialsTest, NobodyIsAskedForACode) {
  write(".aws/config",
        "[default]\nrole_arn = r\nsource_profile = x\nmfa_serial = m\n[profile x]\naws_access_key_id=K\n");
  EXPECT_EQ(key(), "profile \"default\" wants a code of its mfa_serial");
  EXPECT_TRUE(around_.service.seen.empty());
}

TEST_F(CredentialsTest, ContainersElsewhereNeedHttps) {
  environment_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://evil.example/";
  EXPECT_TRUE(key().contains("needs https")) << key();
  EXPECT_TRUE(around_.service.seen.empty());
}

TEST_F(CredentialsTest, InstanceMetadata) {
  environment_.erase("AWS_EC2_METADATA_DISABLED");
  around_.service.answer(200, "token").answer(200, "role-name\n").answer(200, k_json_answer);
  EXPECT_EQ(key(), "ASIAJ");
  EXPECT_EQ(around_.service.seen[0].method, "PUT");
  EXPECT_EQ(around_.service.seen[2].url, "http://169.254.169.254/latest/meta-data/iam/security-credentials/role-name");
  EXPECT_EQ(around_.service.seen[2].headers.get("X-aws-ec2-metadata-token"), "token");
}

/// Counts how often it is asked; gives keys for an hour, or an error.
class Counting final : public CredentialsProvider {
 public:
  Counting(const Clock& clock, int& asked, bool& broken) : clock_(clock), asked_(asked), broken_(broken) {}
  Task<Result<Credentials>> get() override {
    ++asked_;
    if (broken_) co_return fail(ErrorKind::network, "broken");
    co_return Credentials{"K" + std::to_string(asked_), "s", "", clock_.now() + std::chrono::hours(1), ""};
  }

 private:
  const Clock& clock_;
  int& asked_;
  bool& broken_;
};

TEST(CachedCredentials, AsksAgainFiveMinutesBeforeTheEnd) {
  FakeClock clock;
  int asked = 0;
  bool broken = false;
  CachedCredentials cached(std::make_unique<Counting>(clock, asked, broken), clock);
  EXPECT_EQ(run(cached.get())->access_key_id, "K1");
  clock.advance(std::chrono::minutes(54));
  EXPECT_EQ(run(cached.get())->access_key_id, "K1");
  clock.advance(std::chrono::minutes(2));
  broken = true;
  EXPECT_EQ(run(cached.get())->access_key_id, "K1") << "still valid, and the source is broken";
  broken = false;
  EXPECT_EQ(run(cached.get())->access_key_id, "K3");
  cached.invalidate();
  EXPECT_EQ(run(cached.get())->access_key_id, "K4");
}

/// Lets others run before it answers.
class Slow final : public CredentialsProvider {
 public:
  explicit Slow(int& asked) : asked_(asked) {}
  Task<Result<Credentials>> get() override {
    ++asked_;
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    co_return Credentials{"K", "s", "", std::nullopt, ""};
  }

 private:
  int& asked_;
};

TEST(CachedCredentials, ConcurrentCallersShareOneRefresh) {
  FakeClock clock;
  int asked = 0;
  CachedCredentials cached(std::make_unique<Slow>(asked), clock);
  asio::io_context io;
  int answered = 0;
  const auto ask = [](CachedCredentials& from, int& count) -> Task<void> {
    if (co_await from.get()) ++count;
  };
  for (int i = 0; i < 5; ++i) asio::co_spawn(io, ask(cached, answered), asio::detached);
  io.run();
  EXPECT_EQ(answered, 5);
  EXPECT_EQ(asked, 1);
}

TEST(Profiles, FileSyntax) {
  const auto file = *parse_profile_file(
      "# comment\n[profile  \"a b\"]\nregion=us-east-1\ns3 =\n  max = 5\n  addressing_style = path\nlast = x\r\n"
      "[sso-session c]\n; comment\nk = v # no\n");
  EXPECT_EQ(file.at("profile a b").at("region"), "us-east-1");
  EXPECT_EQ(file.at("profile a b").at("s3.max"), "5");
  EXPECT_EQ(file.at("profile a b").at("last"), "x");
  EXPECT_EQ(file.at("sso-session c").at("k"), "v");
  EXPECT_EQ(parse_profile_file("[a]\nnonsense\n").error().message, "line 2: expected a section or 'name = value'");
  EXPECT_FALSE(parse_profile_file("[a\n"));
  EXPECT_FALSE(parse_profile_file("a = b\n"));
}

TEST(Resolve, Endpoints) {
  Environment environment{
      {"AWS_ENDPOINT_URL", "http://all"}, {"AWS_ENDPOINT_URL_S3", "http://s3"}, {"HOME", "/nonexistent"}};
  EXPECT_EQ(resolve_endpoint_url(environment, "s3"), "http://s3");
  EXPECT_EQ(resolve_endpoint_url(environment, "lambda"), "http://all");
  environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
  EXPECT_EQ(resolve_endpoint_url(environment, "s3"), std::nullopt);
}

}  // namespace
}  // namespace sortie::aws
