#include "run/stack.h"

#include <gtest/gtest.h>

#include <regex>

#include "aws/scripted_service.h"

namespace sortie::run {
namespace {

constexpr const char* k_exists =
    "<ErrorResponse><Error><Type>Sender</Type><Code>AlreadyExistsException</Code><Message>Stack "
    "exists</Message></Error>"
    "<RequestId>r</RequestId></ErrorResponse>";
constexpr const char* k_refused =
    "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>no</Message></Error>"
    "<RequestId>r</RequestId></ErrorResponse>";

struct StackTest : testing::Test {
  /// The name in the nth request.
  std::string asked_name(std::size_t request) const {
    std::smatch found;
    const std::string& body = surroundings.service.seen.at(request).body;
    EXPECT_TRUE(std::regex_search(body, found, std::regex("StackName=([^&]*)"))) << body;
    return found[1];
  }
  Result<Stack> make(StackSpec spec) {
    spec.settled.sleep = [this](std::chrono::milliseconds pause) -> Task<void> {
      waited += pause;
      co_return;
    };
    return aws::run(Stack::create(target, std::move(spec)));
  }
  Error create(StackSpec spec) {
    auto stack = make(std::move(spec));
    EXPECT_FALSE(stack);
    return stack ? Error{} : stack.error();
  }
  void is_created() {
    surroundings.service.answer(200, "<R><CreateStackResult><StackId>arn:stack/1</StackId></CreateStackResult></R>");
  }
  void is(std::string_view status, std::string_view outputs = {}) {
    surroundings.service.answer(
        200, fmt::format("<R><DescribeStacksResult><Stacks><member><StackId>arn:stack/1</StackId><StackName>s"
                         "</StackName><StackStatus>{}</StackStatus><StackStatusReason>because</StackStatusReason>"
                         "<Outputs>{}</Outputs></member></Stacks></DescribeStacksResult></R>",
                         status, outputs));
  }
  void has_resources(std::string_view operation, std::string_view list, std::string_view members) {
    surroundings.service.answer(200,
                                fmt::format("<R><{0}Result><{1}>{2}</{1}></{0}Result></R>", operation, list, members));
  }
  std::vector<std::string> asked() const {
    std::vector<std::string> names;
    for (const auto& request : surroundings.service.seen) {
      const std::string_view body = request.body;
      names.emplace_back(body.substr(7, body.find('&') - 7));  // behind `Action=`
    }
    return names;
  }
  using Names = std::vector<std::string>;
  std::chrono::milliseconds waited{0};
  aws::Surroundings surroundings;
  aws::ClientConfig config = surroundings.config();
  Target target{"aws",
                "us-east-1",
                aws::Lambda(config),
                aws::Iam(config),
                aws::Logs(config),
                aws::Sts(config),
                aws::CloudFormation(config)};
};

TEST_F(StackTest, AMadeUpNameIsShortReadableAndItsOwn) {
  surroundings.service.answer(400, k_refused).answer(400, k_refused);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(create({.label = "network__and-more resources", .template_text = "{}", .digest = "3f9c21d0"}).kind,
              ErrorKind::config);
  }
  EXPECT_TRUE(std::regex_match(asked_name(0), std::regex("sortie-network-and-[a-z0-9]{6}"))) << asked_name(0);
  EXPECT_NE(asked_name(0), asked_name(1));
}

TEST_F(StackTest, AStackThatIsKeptIsNamedByItsTemplate) {
  surroundings.service.answer(400, k_refused);
  create({.label = "iam", .template_text = "{}", .digest = "3f9c21d0", .keep = true});
  EXPECT_EQ(asked_name(0), "sortie-iam-3f9c21");
}

TEST_F(StackTest, AnotherNameIsMadeUpWhenOneIsTaken) {
  surroundings.service.answer(400, k_exists).answer(400, k_refused);
  create({.label = "iam", .template_text = "{}"});
  ASSERT_EQ(surroundings.service.seen.size(), 2U);
  EXPECT_NE(asked_name(0), asked_name(1));
}

TEST_F(StackTest, AStackOfAnothersIsNeitherUsedNorRemoved) {
  surroundings.service.answer(400, k_exists);
  const Error error = create({.label = "iam", .template_text = "{}", .name = "mine"});
  EXPECT_EQ(error.kind, ErrorKind::config);
  EXPECT_EQ(describe(error), "stack mine: there is a stack of this name already");
  EXPECT_EQ(surroundings.service.seen.size(), 1U) << "nothing is removed";
}

constexpr const char* k_role_output =
    "<member><OutputKey>RoleArn</OutputKey><OutputValue>arn:aws:iam::1:role/r</OutputValue></member>"
    "<member><OutputKey>Bucket</OutputKey><OutputValue>b</OutputValue></member>";
constexpr const char* k_bucket =
    "<member><LogicalResourceId>B</LogicalResourceId><PhysicalResourceId>b</PhysicalResourceId>"
    "<ResourceType>AWS::S3::Bucket</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>";

TEST_F(StackTest, WaitsUntilItIsThereAndReadsOutputsAndRole) {
  is_created();
  is("CREATE_IN_PROGRESS");
  is("CREATE_IN_PROGRESS");
  is("CREATE_COMPLETE", k_role_output);
  has_resources("DescribeStackResources", "StackResources", k_bucket);
  auto stack = make({.label = "network", .template_text = "{}"});
  ASSERT_TRUE(stack) << describe(stack.error());
  EXPECT_EQ(waited, std::chrono::milliseconds(5 + 10));
  EXPECT_EQ(stack->role_arn(), "arn:aws:iam::1:role/r");
  EXPECT_EQ(stack->outputs().at("Bucket"), "b");
  EXPECT_EQ(stack->summary(), "network: bucket");

  surroundings.service.seen.clear();
  surroundings.service.answer(200, "<R/>");
  is("DELETE_IN_PROGRESS");
  is("DELETE_COMPLETE");
  EXPECT_TRUE(aws::run(stack->remove()));
  EXPECT_EQ(asked(), (Names{"DeleteStack", "DescribeStacks", "DescribeStacks"}));
  EXPECT_TRUE(aws::run(stack->remove()));
  EXPECT_EQ(asked().size(), 3U) << "once is enough";
}

TEST_F(StackTest, AFailureNamesTheFirstResourceAndIsRemoved) {
  is_created();
  is("CREATE_FAILED");
  const auto event = [](std::string_view name, std::string_view status, std::string_view reason) {
    return fmt::format(
        "<member><LogicalResourceId>{}</LogicalResourceId><ResourceType>AWS::S3::Bucket</ResourceType>"
        "<ResourceStatus>{}</ResourceStatus><ResourceStatusReason>{}</ResourceStatusReason></member>",
        name, status, reason);
  };
  has_resources("DescribeStackEvents", "StackEvents",  // the newest comes first
                event("Other", "CREATE_FAILED", "Resource creation cancelled") +
                    event("Bucket", "CREATE_FAILED", "name taken") + event("Bucket", "CREATE_IN_PROGRESS", ""));
  surroundings.service.answer(200, "<R/>");
  is("DELETE_COMPLETE");
  const Error error = create({.label = "iam", .template_text = "{}"});
  EXPECT_NE(describe(error).find("CREATE_FAILED: Bucket (AWS::S3::Bucket): name taken"), std::string::npos)
      << describe(error);
  EXPECT_EQ(asked(), (Names{"CreateStack", "DescribeStacks", "DescribeStackEvents", "DeleteStack", "DescribeStacks"}));
}

TEST_F(StackTest, GivesUpOnAStackThatIsNeverDone) {
  is_created();
  for (int i = 0; i < 4; ++i) is("CREATE_IN_PROGRESS");
  surroundings.service.answer(200, "<R/>");
  is("DELETE_COMPLETE");
  const Error error =
      create({.label = "iam", .template_text = "{}", .settled = {.total = std::chrono::milliseconds(30)}});
  EXPECT_EQ(error.kind, ErrorKind::timeout);
  EXPECT_EQ(waited, std::chrono::milliseconds(5 + 10 + 20));
  EXPECT_EQ(asked().at(5), "DeleteStack");
}

TEST_F(StackTest, AStackThatIsKeptIsTakenUpAndLeftThere) {
  surroundings.service.answer(400, k_exists);
  is("UPDATE_COMPLETE", k_role_output);
  has_resources("DescribeStackResources", "StackResources", k_bucket);
  auto stack = make({.label = "iam", .template_text = "{}", .digest = "3f9c21d0", .keep = true});
  ASSERT_TRUE(stack) << describe(stack.error());
  surroundings.service.seen.clear();
  EXPECT_TRUE(aws::run(stack->remove()));
  EXPECT_TRUE(asked().empty());
}

TEST_F(StackTest, ATemplateWithoutARoleIsRefusedWithAHintAndRemoved) {
  is_created();
  is("CREATE_COMPLETE");
  has_resources("DescribeStackResources", "StackResources", k_bucket);
  surroundings.service.answer(200, "<R/>");
  is("DELETE_COMPLETE");
  const Error error = create({.label = "iam", .template_text = "{}"});
  EXPECT_EQ(error.kind, ErrorKind::config);
  EXPECT_NE(error.hint.find("RoleArn"), std::string::npos);
  EXPECT_EQ(asked().at(3), "DeleteStack");
}

TEST_F(StackTest, SaysWhatKeepsItFromBeingRemoved) {
  is_created();
  is("CREATE_COMPLETE", k_role_output);
  has_resources("DescribeStackResources", "StackResources", k_bucket);
  auto stack = make({.label = "iam", .template_text = "{}"});
  ASSERT_TRUE(stack);
  surroundings.service.answer(200, "<R/>");
  is("DELETE_FAILED");
  has_resources("DescribeStackEvents", "StackEvents",
                "<member><LogicalResourceId>B</LogicalResourceId><ResourceType>AWS::S3::Bucket</ResourceType>"
                "<ResourceStatus>DELETE_FAILED</ResourceStatus><ResourceStatusReason>not empty</ResourceStatusReason>"
                "</member>");
  const auto removed = aws::run(stack->remove());
  ASSERT_FALSE(removed);
  EXPECT_NE(removed.error().message.find("B (AWS::S3::Bucket): not empty"), std::string::npos)
      << removed.error().message;
}

TEST_F(StackTest, ATemplateThatIsTooLargeIsNotSent) {
  const Error error = create({.label = "iam", .template_text = std::string(51'201, ' ')});
  EXPECT_EQ(error.kind, ErrorKind::config);
  EXPECT_TRUE(asked().empty());
}

}  // namespace
}  // namespace sortie::run
