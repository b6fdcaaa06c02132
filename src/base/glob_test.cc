#include "base/glob.h"

#include <string>

namespace sortie {
namespace {

TEST(Glob, Matches) {
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("Blob.*", "Blob.PutThenGet"));
  EXPECT_TRUE(glob_matches("*Get", "Blob.PutThenGet"));
  EXPECT_TRUE(glob_matches("B?ob.*Then*", "Blob.PutThenGet"));
  EXPECT_FALSE(glob_matches("Blob", "Blob.PutThenGet"));
  EXPECT_FALSE(glob_matches("?", ""));
  EXPECT_FALSE(glob_matches("", "a"));
}

TEST(Glob, ManyStarsStayLinear) {
  EXPECT_TRUE(glob_matches("*a*a*a*a*b", std::string(200, 'a') + "b"));
  EXPECT_FALSE(glob_matches("*a*a*a*a*b", std::string(2000, 'a')));
}

TEST(Glob, AQuestionMarkMayBeItself) {
  EXPECT_FALSE(glob_matches("wh?", "why", QuestionMark::itself));
  EXPECT_TRUE(glob_matches("wh?*", "wh?y", QuestionMark::itself));
}

}  // namespace
}  // namespace sortie
