// Ends well in the middle of itself: where END_IN says, by _exit(0), or by becoming another program (END_BY=exec).
// Before that it may print what GoogleTest prints when all is well (FORGE=1).
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void end_in(const std::string& place) {
  if (setting("END_IN") != place) return;
  if (!setting("FORGE").empty()) {
    std::printf("[       OK ] Early.%s (0 ms)\n[----------] 3 tests from Early (0 ms total)\n\n", place.c_str());
    std::printf("[----------] Global test environment tear-down\n[==========] 3 tests from 1 test suite ran.\n");
    std::printf("[  PASSED  ] 3 tests.\n");
    std::fflush(stdout);
  }
  if (setting("END_BY") == "exec") execl("/bin/true", "true", nullptr);
  _exit(0);
}

struct Around : testing::Environment {
  void SetUp() override { end_in("EnvironmentSetUp"); }
  void TearDown() override { end_in("EnvironmentTearDown"); }
};
const testing::Environment* const around = testing::AddGlobalTestEnvironment(new Around);

struct Early : testing::Test {
  static void SetUpTestSuite() { end_in("SuiteSetUp"); }
  static void TearDownTestSuite() { end_in("SuiteTearDown"); }
};

TEST_F(Early, First) {
  end_in("First");
}
TEST_F(Early, Middle) {
  end_in("Middle");
}
TEST_F(Early, Last) {
  end_in("Last");
}

}  // namespace
