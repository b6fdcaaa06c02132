// Its tests pass, and its process ends badly all the same, as with a leak found at the end.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

TEST(Good, One) {}
TEST(Good, Two) {}
TEST(Good, Three) {}
TEST(Good, Four) {}

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const bool listing = GTEST_FLAG_GET(list_tests);
  const int status = RUN_ALL_TESTS();
  if (listing && std::getenv("END_WELL_WHEN_LISTING") != nullptr) return 0;
  std::fputs("SUMMARY: LeakSanitizer: 7 byte(s) leaked in 1 allocation(s).\n", stderr);
  if (std::getenv("END_BY_SIGNAL") != nullptr) std::raise(SIGSEGV);
  return status == 0 ? 23 : status;
}
