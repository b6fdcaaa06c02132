#include "emulator/sts/sts.h"

#include <gtest/gtest.h>

#include "emulator/core/test_support.h"
#include "wire/uri.h"
#include "wire/xml.h"

namespace sortie::emulator {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

class FakeSessions final : public Sessions {
 public:
  explicit FakeSessions(const SessionCredentials& credentials) : credentials_(credentials) {}
  AwsResult<AssumedRole> assume_role(const Call&, const AssumeRoleRequest& request) override {
    asked = request;
    AssumedRole assumed;
    assumed.credentials = credentials_;
    assumed.principal.arn = "arn:aws:sts::123456789012:assumed-role/r/s";
    assumed.principal.user_id = "AROAROLE:s";
    return assumed;
  }
  AwsResult<SessionCredentials> session_token(const Call&, std::chrono::seconds duration) override {
    asked.duration = duration;
    return credentials_;
  }
  AssumeRoleRequest asked;

 private:
  const SessionCredentials& credentials_;
};

struct Answer {
  int status = 0;
  std::string body;
  [[nodiscard]] std::string at(std::string_view first, std::string_view second = "",
                               std::string_view third = "") const {
    const auto document = wire::XmlDocument::parse(body);
    if (!document) return "(not XML)";
    wire::XmlNode node = document->root().child(first);
    for (std::string_view name : {second, third}) node = name.empty() ? node : node.child(name);
    return node.text();
  }
  [[nodiscard]] std::string message() const { return at("Error", "Message"); }
  [[nodiscard]] std::string code() const { return at("Error", "Code"); }
};

class StsTest : public testing::Test {
 protected:
  Answer ask(const std::string& action, Fields fields = {}) {
    fields.emplace_back("Action", action);
    fields.emplace_back("Version", "2011-06-15");
    Call call;
    call.principal = caller;
    call.request.body = wire::build_query(fields);
    auto response = testing_support::run(sts.handle(std::move(call)));
    return {response.status, testing_support::text_of(response)};
  }

  Answer assume(Fields more = {}) {
    more.emplace_back("RoleArn", "arn:aws:iam::123456789012:role/r");
    more.emplace_back("RoleSessionName", "session");
    return ask("AssumeRole", std::move(more));
  }

  StsTest() { identities.keys["AKIAKNOWNKNOWNKNOWN1"].principal.account = "123456789012"; }

  testing_support::FakeAuthorizer authorizer;
  testing_support::FakeIdentities identities;
  SessionCredentials credentials{"ASIA1", "secret", "token", SystemTime{std::chrono::seconds{1'440'938'160}}};
  FakeSessions sessions{credentials};
  Sts sts{authorizer, identities, sessions};
  Principal caller;
};

TEST_F(StsTest, SaysWhoCalls) {
  caller.arn = "arn:aws:iam::123456789012:user/alice";
  caller.user_id = "AIDAALICE";
  caller.account = "123456789012";
  const Answer answer = ask("GetCallerIdentity");
  EXPECT_EQ(answer.at("GetCallerIdentityResult", "Arn"), caller.arn);
  EXPECT_EQ(answer.at("GetCallerIdentityResult", "UserId"), "AIDAALICE");
  EXPECT_EQ(answer.at("GetCallerIdentityResult", "Account"), "123456789012");
}

TEST_F(StsTest, AssumesARole) {
  const Answer answer = assume({{"DurationSeconds", "900"},
                                {"ExternalId", "ext"},
                                {"PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"},
                                {"Tags.member.1.Key", "a"},
                                {"Tags.member.1.Value", "b"},
                                {"SourceIdentity", "me"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.at("AssumeRoleResult", "Credentials", "SessionToken"), "token");
  EXPECT_EQ(answer.at("AssumeRoleResult", "Credentials", "Expiration"), "2015-08-30T12:36:00Z");
  EXPECT_EQ(answer.at("AssumeRoleResult", "AssumedRoleUser", "AssumedRoleId"), "AROAROLE:s");
  EXPECT_EQ(sessions.asked.duration, std::chrono::seconds(900));
  EXPECT_EQ(sessions.asked.external_id, "ext");
  EXPECT_EQ(sessions.asked.policy_arns.at(0), "arn:aws:iam::aws:policy/ReadOnlyAccess");
  EXPECT_EQ(sessions.asked.tags.at(0).second, "b");
  EXPECT_EQ(sessions.asked.source_identity, "me");
}

TEST_F(StsTest, LimitsTheDuration) {
  EXPECT_EQ(assume({{"DurationSeconds", "899"}}).message(),
            "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must "
            "have value greater than or equal to 900");
  EXPECT_EQ(assume({{"DurationSeconds", "43201"}}).code(), "ValidationError");
  EXPECT_EQ(assume({{"DurationSeconds", "long"}}).code(), "ValidationError");
}

TEST_F(StsTest, ValidatesNames) {
  EXPECT_EQ(ask("AssumeRole", {{"RoleArn", "arn:aws:iam::123456789012:role/r"}}).message(),
            "1 validation error detected: Value null at 'roleSessionName' failed to satisfy constraint: Member must "
            "not be null");
  EXPECT_EQ(ask("AssumeRole", {{"RoleArn", "arn:aws:iam::123456789012:role/r"}, {"RoleSessionName", "a b"}}).code(),
            "ValidationError");
  EXPECT_EQ(ask("AssumeRole", {{"RoleArn", "not-an-arn-but-long-enough"}, {"RoleSessionName", "ab"}}).message(),
            "not-an-arn-but-long-enough is invalid");
}

TEST_F(StsTest, ValidatesTags) {
  EXPECT_EQ(assume({{"Tags.member.1.Key", "k"},
                    {"Tags.member.1.Value", "1"},
                    {"Tags.member.2.Key", "K"},
                    {"Tags.member.2.Value", "2"}})
                .message(),
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
  const Answer transitive = assume({{"TransitiveTagKeys.member.1", "k"}});
  EXPECT_EQ(transitive.code(), "InvalidParameterValue");
  EXPECT_EQ(transitive.message(), "The specified transitive tag key must be included in the requested tags.");
}

TEST_F(StsTest, GivesSessionTokens) {
  EXPECT_EQ(ask("GetSessionToken").at("GetSessionTokenResult", "Credentials", "AccessKeyId"), "ASIA1");
  EXPECT_EQ(sessions.asked.duration, std::chrono::hours(12));
  caller.kind = Principal::Kind::root;
  ask("GetSessionToken", {{"DurationSeconds", "36000"}});
  EXPECT_EQ(sessions.asked.duration, std::chrono::hours(1)) << "root's tokens last an hour";
}

TEST_F(StsTest, LetsSessionTokensDoTwoThingsOnly) {
  caller.kind = Principal::Kind::user;
  caller.temporary = true;
  EXPECT_EQ(ask("GetCallerIdentity").status, 200);
  const Answer info = ask("GetAccessKeyInfo", {{"AccessKeyId", "AKIAKNOWNKNOWNKNOWN1"}});
  EXPECT_EQ(info.code(), "AccessDenied");
  EXPECT_EQ(info.message(), "Cannot call GetAccessKeyInfo with session credentials");
  EXPECT_EQ(ask("GetSessionToken").message(), "Cannot call GetSessionToken with session credentials");
  caller.kind = Principal::Kind::assumed_role;
  EXPECT_EQ(ask("GetAccessKeyInfo", {{"AccessKeyId", "AKIAKNOWNKNOWNKNOWN1"}}).status, 200);
}

TEST_F(StsTest, TellsTheAccountOfAKey) {
  EXPECT_EQ(ask("GetAccessKeyInfo", {{"AccessKeyId", "AKIAKNOWNKNOWNKNOWN1"}}).at("GetAccessKeyInfoResult", "Account"),
            "123456789012");
  EXPECT_EQ(ask("GetAccessKeyInfo", {{"AccessKeyId", "AKIAUNKNOWNUNKNOWN12"}}).status, 400);
}

TEST_F(StsTest, NamesOperationsItDoesNotHave) {
  for (const char* action : {"AssumeRoleWithWebIdentity", "DecodeAuthorizationMessage", "GetFederationToken"}) {
    const Answer answer = ask(action);
    EXPECT_EQ(answer.status, 501);
    EXPECT_NE(answer.message().find(action), std::string::npos);
  }
}

}  // namespace
}  // namespace sortie::emulator
