#include "emulator/iam/policy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "emulator/iam/aws_policies.h"

namespace sortie::emulator::iam {
namespace {

std::string statement(std::string_view members) {
  return fmt::format(R"({{"Version":"2012-10-17","Statement":[{{{}}}]}})", members);
}

struct Case {
  PolicyKind kind;
  std::string document;
  std::string message;  ///< empty: accepted
};

class Documents : public testing::TestWithParam<Case> {};

TEST_P(Documents, AreJudgedInAwsWords) {
  const Case& c = GetParam();
  const auto policy = parse_policy(c.document, c.kind);
  EXPECT_EQ(policy ? "" : policy.error().message, c.message) << c.document;
  if (!policy) {
    EXPECT_EQ(policy.error().code, "MalformedPolicyDocument");
  }
}

constexpr auto I = PolicyKind::identity;
constexpr auto T = PolicyKind::trust;
constexpr auto R = PolicyKind::resource;
const std::string k_syntax = "Syntax errors in policy.";

INSTANTIATE_TEST_SUITE_P(
    Identity, Documents,
    testing::ValuesIn(std::vector<Case>{
        {I, statement(R"("Effect":"Allow","Action":"s3:*","Resource":"*")"), ""},
        {I,
         R"({"Version":"2012-10-17","Id":"x","Statement":{"Effect":"Deny","NotAction":["iam:*"],"NotResource":["arn:aws:s3:::b/*"]}})",
         ""},
        {I,
         statement(
             R"("Sid":"A1","Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":true},"NumericLessThan":{"s3:max-keys":10}})"),
         ""},
        {I, statement(R"("Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}/*")"), ""},
        {I, statement(R"("Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:*:*:b*")"), ""},
        {I, "This is not JSON", k_syntax},
        {I, "[]", k_syntax},
        {I, R"({"Version":"2012-10-17"})", k_syntax},
        {I, R"({"Version":"2012-10-17","Statement":[]})", k_syntax},
        {I, R"({"Version":"2012-10-17","Statement":["x"]})", k_syntax},
        {I, R"({"Version":"2013-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})", k_syntax},
        {I, R"({"Version":"2012-10-17","Extra":1,"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})",
         k_syntax},
        {I, R"({"Version":"2012-10-17","Id":[],"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})", k_syntax},
        {I, R"({"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})",
         "Policy document must be version 2012-10-17 or greater."},
        {I, R"({"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})",
         "Policy document must be version 2012-10-17 or greater."},
        {I, statement(R"("Action":"*","Resource":"*")"), k_syntax},
        {I, statement(R"("Effect":"allow","Action":"*","Resource":"*")"), k_syntax},
        {I, statement(R"("Effect":"Allow","Action":"*","NotAction":"*","Resource":"*")"), k_syntax},
        {I, statement(R"("Effect":"Allow","Action":"*","Resource":"*","NotResource":"*")"), k_syntax},
        {I, statement(R"("Effect":"Allow","Resource":"*")"), "Policy statement must contain actions."},
        {I, statement(R"("Effect":"Allow","Action":[],"Resource":"*")"), "Policy statement must contain actions."},
        {I, statement(R"("Effect":"Allow","Action":"s3:*")"), "Policy statement must contain resources."},
        {I, statement(R"("Effect":"Allow","Action":"GetObject","Resource":"*")"),
         "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
        {I, statement(R"("Effect":"Allow","Action":"s3:Get:Object","Resource":"*")"),
         "Actions/Condition can contain only one colon."},
        {I, statement(R"("Effect":"Allow","Action":"s 3:Get","Resource":"*")"), "Vendor s 3 is not valid"},
        {I, statement(R"("Effect":"Allow","Action":"s3:*","Resource":"bucket")"),
         "Resource bucket must be in ARN format or \"*\"."},
        {I, statement(R"("Effect":"Allow","Action":"s3:*","Resource":"arn:foo:s3:::b")"),
         "Partition \"foo\" is not valid for resource \"arn:foo:s3:::b\"."},
        {I, statement(R"("Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3")"),
         "The policy failed legacy parsing"},
        {I, statement(R"("Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:us-east-1::b")"),
         "Resource arn:aws:s3:us-east-1::b can not contain region information."},
        {I, statement(R"("Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*")"),
         "Policy document should not specify a principal."},
        {I, statement(R"("Sid":"a b","Effect":"Allow","Action":"s3:*","Resource":"*")"),
         "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
         "[0-9A-Za-z]*"},
        {I,
         R"({"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"}]})",
         "Statement IDs (SID) in a single policy must be unique."},
        {I, statement(R"("Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringIs":{"a:b":"c"}})"),
         k_syntax},
        {I,
         statement(
             R"("Effect":"Allow","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"soon"}})"),
         k_syntax},
        {I, statement(R"("Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"b":"c"}})"),
         "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
        {I,
         std::string("{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:\x01\","
                     "\"Resource\":\"*\"}}"),
         k_syntax},
        {I, std::string(200'000, ' '), k_syntax},
        {I, std::string(100'000, '['), k_syntax},
    }));

INSTANTIATE_TEST_SUITE_P(
    Trust, Documents,
    testing::ValuesIn(std::vector<Case>{
        {T, statement(R"("Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole")"),
         ""},
        {T,
         statement(
             R"("Effect":"Allow","Principal":{"AWS":["123456789012","arn:aws:iam::123456789012:user/x"]},"Action":["sts:AssumeRole","sts:TagSession"])"),
         ""},
        {T,
         R"({"Version":"2008-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}})",
         ""},
        {T, "nonsense", "This policy contains invalid Json"},
        {T,
         statement(
             R"("Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole","Resource":"*")"),
         "Has prohibited field Resource"},
        {T, statement(R"("Effect":"Allow","Action":"sts:AssumeRole")"), "Missing required field Principal"},
        {T, statement(R"("Effect":"Allow","Principal":"*")"), "Missing required field Action"},
        {T, statement(R"("Principal":"*","Action":"sts:AssumeRole")"), "Missing required field Effect"},
        {T, R"({"Version":"2012-10-17"})", "Missing required field Statement"},
        {T, statement(R"("Effect":"Allow","Principal":"*","Action":"s3:GetObject")"),
         "AssumeRole policy may only specify STS AssumeRole actions."},
        {T, statement(R"("Effect":"Allow","Principal":"*","Action":"*")"),
         "AssumeRole policy may only specify STS AssumeRole actions."},
        {T, statement(R"("Effect":"Maybe","Principal":"*","Action":"sts:AssumeRole")"), "Invalid effect: Maybe"},
        {T, statement(R"("Effect":"Allow","Principal":{"AWS":"someone"},"Action":"sts:AssumeRole")"),
         "Invalid principal in policy: \"AWS\":\"someone\""},
        {T, statement(R"("Effect":"Allow","Principal":{"Service":"lambda"},"Action":"sts:AssumeRole")"),
         "Invalid principal in policy: \"SERVICE\":\"lambda\""},
        {T, statement(R"("Effect":"Allow","Principal":{"Robot":"x"},"Action":"sts:AssumeRole")"),
         "Invalid principal in policy: \"Robot\""},
        {T, statement(R"("Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Color":"red")"),
         "Unknown field Color"},
    }));

INSTANTIATE_TEST_SUITE_P(
    Resource, Documents,
    testing::ValuesIn(std::vector<Case>{
        {R,
         statement(
             R"("Sid":"with space","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*")"),
         ""},
        {R,
         statement(
             R"("Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"s3:*","Resource":"*")"),
         ""},
        {R, statement(R"("Effect":"Allow","Action":"s3:GetObject","Resource":"*")"),
         "Missing required field Principal"},
        {R, statement(R"("Effect":"Allow","Principal":"*","Action":"s3:GetObject")"),
         "Missing required field Resource"},
    }));

TEST(Policy, EveryAwsManagedPolicyIsValid) {
  for (const AwsPolicy& policy : aws_policies()) {
    EXPECT_TRUE(parse_policy(policy.document, PolicyKind::identity)) << policy.name;
  }
}

TEST(Policy, QuotasCountNoWhiteSpace) {
  EXPECT_EQ(policy_size(" {\n\t\"a\" : 1\r}"), 7U);
}

}  // namespace
}  // namespace sortie::emulator::iam
