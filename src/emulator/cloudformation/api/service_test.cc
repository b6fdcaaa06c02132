#include "emulator/cloudformation/api/service.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "emulator/cloudformation/engine/engine_test_support.h"
#include "emulator/core/test_support.h"

namespace sortie::emulator::cloudformation {
namespace {

class AllowAll final : public Authorizer {
 public:
  AwsResult<void> authorize(const Call& /*call*/, const AuthorizationRequest& request) override {
    asked.push_back(request.action + " " + request.resource);
    if (request.action == forbidden) return aws_fail(403, "AccessDenied", "not authorized");
    return {};
  }
  std::vector<std::string> asked;
  std::string forbidden;
};

class ServiceTest : public testing::Test {
 protected:
  struct Answer {
    int status = 0;
    std::string body;
  };
  Answer ask(const std::string& form) {
    Call call;
    call.service = "cloudformation";
    call.region = "eu-west-1";
    call.request_id = "id";
    call.request.body = form;
    auto response = emulator::testing_support::run(service_.handle(std::move(call)));
    io_.restart();
    io_.run();
    return {response.status, emulator::testing_support::text_of(response)};
  }

  asio::io_context io_;
  FakeClock clock_;
  std::unique_ptr<Store> store_ = Store::ephemeral().value();
  AllowAll authorizer_;
  testing_support::NoIdentities identities_;
  testing_support::ScriptedServices services_;
  testing_support::NoObjects objects_;
  Service service_{io_.get_executor(), clock_,    *store_,  authorizer_,
                   identities_,        services_, objects_, {.account = "111111111111"}};
};

constexpr std::string_view k_template =
    "&TemplateBody=%7B%22Resources%22%3A%7B%22A%22%3A%7B%22Type%22%3A%22AWS%3A%3ASSM%3A%3AParameter%22%2C%22Properties%"
    "22"
    "%3A%7B%22Name%22%3A%22%2Fa%22%2C%22Type%22%3A%22String%22%2C%22Value%22%3A%22v%22%7D%7D%7D%7D";

TEST_F(ServiceTest, CreatesDescribesAndDeletesAStack) {
  EXPECT_EQ(ask("Action=CreateStack&StackName=s" + std::string(k_template)).status, 200);
  EXPECT_EQ(services_.calls, std::vector<std::string>{"ssm PutParameter /a"});
  EXPECT_NE(ask("Action=DescribeStacks&StackName=s").body.find("<StackStatus>CREATE_COMPLETE<"), std::string::npos);
  EXPECT_EQ(ask("Action=DeleteStack&StackName=s").status, 200);
  EXPECT_EQ(services_.calls.back(), "ssm DeleteParameter /a");
  EXPECT_EQ(ask("Action=DescribeStacks&StackName=s").status, 400);
}

TEST_F(ServiceTest, AuthorizesBeforeItAnswers) {
  authorizer_.forbidden = "cloudformation:CreateStack";
  EXPECT_EQ(ask("Action=CreateStack&StackName=s" + std::string(k_template)).status, 403);
  EXPECT_EQ(authorizer_.asked.at(0),
            "cloudformation:CreateStack arn:aws:cloudformation:eu-west-1:111111111111:stack/s/*");
  EXPECT_TRUE(services_.calls.empty());
}

TEST_F(ServiceTest, RefusesByNameWhatItDoesNotHave) {
  for (const char* action : {"CreateStackSet", "NeverHeardOf"}) {
    const Answer answer = ask(std::string("Action=") + action);
    EXPECT_EQ(answer.status, 501) << action;
    EXPECT_NE(answer.body.find(action), std::string::npos);
  }
  EXPECT_NE(ask("Action=DeleteStack&StackName=s&DeletionMode=FORCE_DELETE_STACK").body.find("FORCE_DELETE_STACK"),
            std::string::npos);
  EXPECT_EQ(ask("").status, 400);
  EXPECT_EQ(ask("Action=ListStacks&Version=2001-01-01").status, 400);
}

TEST_F(ServiceTest, NamesEachOperationOnce) {
  const auto operations = Service::operations();
  std::set<std::string_view> names;
  for (const OperationSummary& operation : operations) names.insert(operation.name);
  EXPECT_EQ(names.size(), operations.size());
  EXPECT_EQ(std::ranges::count(operations, true, &OperationSummary::supported), 24);
  const auto create = std::ranges::find(operations, "CreateStack", &OperationSummary::name);
  ASSERT_NE(create, operations.end());
  EXPECT_EQ(create->lacks, "notifications, rollback triggers");
}

}  // namespace
}  // namespace sortie::emulator::cloudformation
