#include "emulator/lambda/catalogue/names.h"

#include <gtest/gtest.h>

namespace sortie::emulator::lambda {
namespace {

constexpr char k_account[] = "111111111111";

AwsResult<FunctionRef> parse(std::string_view text, std::string_view qualifier = {}, NameUse use = NameUse::other) {
  return parse_function_name(text, qualifier, "us-east-1", k_account, use);
}

TEST(FunctionName, EverySpellingMeansTheSameFunction) {
  for (auto text : {"f", "function:f", "111111111111:function:f", "us-east-1:111111111111:function:f",
                    "arn:aws:lambda:us-east-1:111111111111:function:f"}) {
    auto ref = parse(text);
    ASSERT_TRUE(ref) << text;
    EXPECT_EQ(ref->arn(), "arn:aws:lambda:us-east-1:111111111111:function:f") << text;
  }
}

TEST(FunctionName, TakesTheQualifierFromEitherPlace) {
  EXPECT_EQ(parse("f:$LATEST")->qualifier, "$LATEST");
  EXPECT_EQ(parse("f", "live")->qualifier, "live");
  EXPECT_EQ(parse("f:live", "live")->arn(), "arn:aws:lambda:us-east-1:111111111111:function:f:live");
}

TEST(FunctionName, RefusesQualifiersThatDiffer) {
  auto ref = parse("f:$LATEST", "1");
  ASSERT_FALSE(ref);
  EXPECT_EQ(ref.error().message,
            "The derived qualifier from the function name does not match the specified qualifier.");
}

TEST(FunctionName, RefusesWhatDoesNotMatchThePattern) {
  for (auto text :
       {"*", "my-function!", "f:invalid!", "invalid-account:function:my-function", "function:f:$LATEST:extra",
        "arn:aws:lambda:invalid-region:111111111111:function:f", "arn:aws:lambda::111111111111:function:f",
        "arn:aws:lambda:us-east-1::function:f", "arn:aws:ec2:us-east-1:111111111111:instance:i-1",
        "arn:aws:lambda:us-east-1:123400000000@function:f", ""}) {
    auto ref = parse(text);
    ASSERT_FALSE(ref) << text;
    EXPECT_EQ(ref.error().code, "ValidationException") << text;
  }
}

TEST(FunctionName, AnIncompleteArnIsAFunctionCalledFunction) {
  EXPECT_EQ(parse("function")->name, "function");
}

TEST(FunctionName, SaysWhichRegionIsNotReachable) {
  auto ref = parse("arn:aws:lambda:eu-west-1:111111111111:function:f");
  ASSERT_FALSE(ref);
  EXPECT_EQ(ref.error().status, 404);
  EXPECT_EQ(ref.error().message, "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')");
}

TEST(FunctionName, LimitsAreAwss) {
  auto name = parse(std::string(65, 'a'), {}, NameUse::create);
  ASSERT_FALSE(name);
  EXPECT_EQ(name.error().code, "InvalidParameterValueException");
  auto create = parse("my-function:" + std::string(129, 'a'), {}, NameUse::create);
  ASSERT_FALSE(create);
  EXPECT_EQ(create.error().message, "1 validation error detected: Value 'my-function:" + std::string(129, 'a') +
                                        "' at 'functionName' failed to satisfy constraint: Member must have length "
                                        "less than or equal to 140");
  auto qualifier = parse("f", std::string(129, 'a'));
  ASSERT_FALSE(qualifier);
  EXPECT_NE(qualifier.error().message.find("at 'qualifier'"), std::string::npos);
}

}  // namespace
}  // namespace sortie::emulator::lambda
