#include "emulator/core/function_url_host.h"

#include <gtest/gtest.h>

namespace sortie::emulator {
namespace {

TEST(FunctionUrlHost, ReadsAwsForm) {
  const auto host = parse_function_url_host("Abc123.LAMBDA-url.us-east-1.on.AWS");
  ASSERT_TRUE(host);
  EXPECT_EQ(host->name, "abc123.lambda-url.us-east-1.on.aws");
  EXPECT_EQ(host->id, "abc123");
  EXPECT_EQ(host->region, "us-east-1");
  EXPECT_TRUE(host->is_aws);
  EXPECT_EQ(host->port, 0);
}

TEST(FunctionUrlHost, ReadsTheLocalFormAndPorts) {
  const auto host = parse_function_url_host("abc.lambda-url.eu-west-1.localhost:4566");
  ASSERT_TRUE(host);
  EXPECT_EQ(host->name, "abc.lambda-url.eu-west-1.localhost");
  EXPECT_EQ(host->region, "eu-west-1");
  EXPECT_FALSE(host->is_aws);
  EXPECT_EQ(host->port, 4566);
  EXPECT_EQ(parse_function_url_host("abc.lambda-url.eu-west-1.on.aws:80")->port, 80);
}

TEST(FunctionUrlHost, LeavesOtherNamesAlone) {
  for (const char* other :
       {"", ":", "on.aws", ".on.aws", "lambda.us-east-1.amazonaws.com", "127.0.0.1:4566", "[::1]:4566",
        "bucket.localhost", "lambda-url.us-east-1.on.aws", "a.lambda-url.on.aws", "a.other.us-east-1.on.aws",
        "a.b.lambda-url.us-east-1.on.aws", "A_B.lambda-url.us-east-1.on.aws", ".lambda-url.us-east-1.on.aws",
        "a.lambda-url.us-east-1.x.on.aws", "a.lambda-url.us-east-1.on.aws.example.com",
        "my-bucket.lambda-url.us-east-1.localhost"}) {
    EXPECT_FALSE(parse_function_url_host(other)) << other;
  }
  EXPECT_FALSE(parse_function_url_host(std::string(300, 'a') + ".lambda-url.us-east-1.on.aws"));
}

}  // namespace
}  // namespace sortie::emulator
