// A main that does what the variable MAIN says: what real ones do around, before and instead of RUN_ALL_TESTS.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

TEST(First, Fails) {
  FAIL() << "broken";
}
TEST(Second, Passes) {}
TEST(Second, DISABLED_Fails) {
  FAIL() << "run all the same";
}

int main(int argc, char** argv) {
  const char* variable = std::getenv("MAIN");
  const std::string wish = variable != nullptr ? variable : "";
  if (wish == "noisy") {
    std::fputs("First.\n  NotThere\nwaiting ...", stdout);
    std::fputs("Second.\n  NotThere\n", stderr);
  }
  if (wish == "ignores arguments") {
    testing::InitGoogleTest();
    return RUN_ALL_TESTS();
  }
  if (wish == "does nothing") return 0;
  testing::InitGoogleTest(&argc, argv);
  if (wish == "initialises twice") testing::InitGoogleTest(&argc, argv);
  if (wish == "coloured, untimed") {
    GTEST_FLAG_SET(color, "yes");
    GTEST_FLAG_SET(print_time, false);
  }
  int status = RUN_ALL_TESTS();
  if (wish == "twice") status = RUN_ALL_TESTS();
  if (wish == "noisy") std::fputs("bye", stdout);
  return wish == "returns 23" ? 23 : status;
}
