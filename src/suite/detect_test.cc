#include <gtest/gtest.h>

#include <algorithm>

#include "suite/frameworks.h"
#include "suite/reading.h"

namespace sortie::suite {
namespace {

TEST(Detect, KnowsEachFrameworkByItsBytes) {
  const std::string old_go_test = "\xff Go buildinf: testing.(*M).Run ";
  const std::string go_test = old_go_test + " test.paniconexit0 ";
  EXPECT_EQ(detect_framework("xx gtest_list_tests xx").name(), "gtest");
  EXPECT_EQ(detect_framework("xx _ZN7testing8internal23MakeAndRegisterTestInfoEPKc xx").name(), "gtest");
  EXPECT_EQ(detect_framework(go_test + " test2json ").name(), "go");
  EXPECT_EQ(detect_framework(go_test).name(), "go-before-1.20");
  EXPECT_EQ(detect_framework(old_go_test).name(), "go-before-1.16");
  const std::string ginkgo = go_test + "github.com/onsi/ginkgo.RunSpecs";
  EXPECT_EQ(detect_framework(ginkgo + " Override the default reporter output file path.").name(), "ginkgo1");
  EXPECT_EQ(detect_framework(ginkgo).name(), "ginkgo1-early");
  EXPECT_EQ(detect_framework(go_test + "github.com/onsi/ginkgo/v2.RunSpecs").name(), "ginkgo2");
  EXPECT_EQ(detect_framework("\xff Go buildinf: an ordinary program").name(), "plain");
  EXPECT_EQ(detect_framework("#!/bin/sh\n").name(), "plain");
  EXPECT_EQ(detect_framework("").name(), "plain");
}

TEST(Detect, FindsByName) {
  for (const char* name :
       {"gtest", "go", "go-before-1.20", "go-before-1.16", "ginkgo1", "ginkgo1-early", "ginkgo2", "plain"}) {
    ASSERT_NE(find_framework(name), nullptr) << name;
    EXPECT_EQ(find_framework(name)->name(), name);
  }
  EXPECT_EQ(find_framework("catch2"), nullptr);
}

TEST(Plain, IsOneTestNamedLikeTheExecutable) {
  EXPECT_EQ(plain().fixed_list("bin/smoke.sh"), named({"smoke.sh"}));
  EXPECT_EQ(gtest().fixed_list("bin/suite"), std::nullopt);
}

TEST(Plain, IsNotCutIntoShards) {
  const CommandSpec invocation = plain().selection(named({"t"}), "/s");
  EXPECT_NE(std::ranges::find(invocation.cleared, "TEST_TOTAL_SHARDS"), invocation.cleared.end());
  EXPECT_NE(std::ranges::find(invocation.env, std::pair<std::string, std::string>("TEST_TOTAL_SHARDS", "1")),
            invocation.env.end());
}

TEST(Plain, PassesOnlyWithStatus0) {
  EXPECT_EQ(read_output(plain(), {"t"}, "out").outcome("t"), Outcome::passed);
  EXPECT_EQ(read_output(plain(), {"t"}, "out", {.code = 3}).message("t"), "exited with status 3");
  EXPECT_EQ(read_output(plain(), {"t"}, "out", {.signal = 11}).outcome("t"), Outcome::lost);
}

}  // namespace
}  // namespace sortie::suite
