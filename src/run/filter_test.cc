#include "run/filter.h"

#include <gtest/gtest.h>

namespace sortie::run {
namespace {

TEST(Filter, PatternsAddUpAndExclamationTakesAway) {
  const Filter filter({"A.*", "suite_b::*", "!*Slow"});
  EXPECT_TRUE(filter.chooses({"suite_a", "A.one"}));
  EXPECT_FALSE(filter.chooses({"suite_a", "B.one"}));
  EXPECT_TRUE(filter.chooses({"suite_b", "B.one"}));
  EXPECT_FALSE(filter.chooses({"suite_b", "B.Slow"}));
}

TEST(Filter, OnlyExclusionsTakeAwayFromEverything) {
  const Filter filter({"!A.*"});
  EXPECT_FALSE(filter.chooses({"s", "A.one"}));
  EXPECT_TRUE(filter.chooses({"s", "B.one"}));
}

TEST(Filter, NoPatternsChooseEverything) {
  EXPECT_TRUE(Filter({}).chooses({"s", "t"}));
}

TEST(Filter, SaysWhatWasProbablyMeant) {
  const std::vector<TestId> listed = {{"a_test", "Blob.PutThenGet"}, {"a_test", "Blob.Delete"}, {"a_test", "TestAdd"}};
  EXPECT_EQ(nothing_chosen({"Blbo.*"}, listed), "none of 3 tests matches --filter 'Blbo.*'; did you mean 'Blob.*'?");
  EXPECT_EQ(nothing_chosen({"blob.PutThenGet"}, listed),
            "none of 3 tests matches --filter 'blob.PutThenGet'; did you mean 'Blob.PutThenGet'?");
  EXPECT_EQ(nothing_chosen({"a_test::TestAd"}, listed),
            "none of 3 tests matches --filter 'a_test::TestAd'; did you mean 'a_test::TestAdd'?");
  EXPECT_EQ(nothing_chosen({"Quite.Different", "!*"}, listed),
            "none of 3 tests matches --filter 'Quite.Different' '!*'");
  EXPECT_EQ(nothing_chosen({"x"}, {}), "the suites list no tests");
}

}  // namespace
}  // namespace sortie::run
