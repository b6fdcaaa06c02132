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
  Error create(StackSpec spec) {
    auto stack = aws::run(Stack::create(target, std::move(spec)));
    EXPECT_FALSE(stack);
    return stack ? Error{} : stack.error();
  }
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

}  // namespace
}  // namespace sortie::run
