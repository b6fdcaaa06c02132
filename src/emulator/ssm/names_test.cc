#include "emulator/ssm/names.h"

#include <gtest/gtest.h>

#include "emulator/ssm/filters.h"

namespace sortie::emulator::ssm {
namespace {

Call here() {
  Call call;
  call.region = "eu-west-1";
  call.account = "111111111111";
  return call;
}

std::string parsed(std::string_view text) {
  const auto name = parse_name(here(), text);
  return name ? name->name + " " + name->selector : name.error().code;
}

TEST(ParameterNames, MayBeFollowedByAVersionOrALabel) {
  EXPECT_EQ(parsed("/a/b"), "/a/b ");
  EXPECT_EQ(parsed("a:12"), "a 12");
  EXPECT_EQ(parsed("a:prod"), "a prod");
  for (const char* wrong : {"", ":", "a:", "a:0", "a:1x", "a b", "/", "a/", "é", "a:b:c"}) {
    EXPECT_EQ(parsed(wrong), "ValidationException") << wrong;
  }
}

TEST(ParameterNames, MayBeArns) {
  EXPECT_EQ(parsed("arn:aws:ssm:eu-west-1:111111111111:parameter/a/b:3"), "/a/b 3");
  EXPECT_EQ(parsed("arn:aws:ssm:eu-west-1:111111111111:parameter/a"), "a ");
  EXPECT_EQ(parsed("arn:aws:ssm:eu-west-1:222222222222:parameter/a"), "ParameterNotFound");
  EXPECT_EQ(parsed("arn:aws:s3:::a"), "ValidationException");
}

TEST(ParameterNames, ThatAreNew) {
  EXPECT_TRUE(check_new_name(here(), "/a/b.c-d_e"));
  EXPECT_TRUE(check_new_name(here(), "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15"));
  EXPECT_EQ(check_new_name(here(), "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16").error().code,
            "HierarchyLevelLimitExceededException");
  EXPECT_EQ(check_new_name(here(), "a/b").error().message, "Parameter name must be a fully qualified name.");
  EXPECT_EQ(check_new_name(here(), "/AWS/x").error().code, "AccessDeniedException");
}

TEST(ParameterPaths, HoldWhatIsBelow) {
  EXPECT_EQ(parse_path("/a/").value(), "/a");
  EXPECT_EQ(parse_path("/").value(), "/");
  for (const char* wrong : {"", "a", "//", "/a//b"}) EXPECT_FALSE(parse_path(wrong)) << wrong;
  EXPECT_TRUE(lies_below("/a/b", "/a", false));
  EXPECT_FALSE(lies_below("/a/b/c", "/a", false));
  EXPECT_TRUE(lies_below("/a/b/c", "/a", true));
  EXPECT_FALSE(lies_below("/ab", "/a", true));
  EXPECT_FALSE(lies_below("/a", "/a", true));
  EXPECT_TRUE(lies_below("plain", "/", false));
}

}  // namespace
}  // namespace sortie::emulator::ssm
