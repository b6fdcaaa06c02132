#include "package/names.h"

#include <gtest/gtest.h>

namespace sortie::package {
namespace {

using Names = std::vector<std::string>;

TEST(Names, TheLastPartWhereItIsEnough) {
  EXPECT_EQ(shortest_names({"build/a_test", "build/b_test", "/x/y/c_test"}), (Names{"a_test", "b_test", "c_test"}));
}

TEST(Names, AsManyPartsAsTellThemApart) {
  EXPECT_EQ(shortest_names({"a/unit_test", "b/unit_test"}), (Names{"a/unit_test", "b/unit_test"}));
  EXPECT_EQ(shortest_names({"/r/a/x/unit_test", "/r/b/x/unit_test", "/r/c/other"}),
            (Names{"a/x/unit_test", "b/x/unit_test", "other"}));
  EXPECT_EQ(shortest_names({"/r/a/t", "/r/b/t", "/r/x/a/t"}), (Names{"r/a/t", "b/t", "x/a/t"}));
}

TEST(Names, APathThatIsTheEndOfAnother) {
  EXPECT_EQ(shortest_names({"/t", "/x/t"}), (Names{"t", "x/t"}));
}

TEST(Names, TheSameFileHasOneName) {
  EXPECT_EQ(shortest_names({"a/t", "./a/t", "b/../a/t"}), (Names{"t", "t", "t"}));
}

}  // namespace
}  // namespace sortie::package
