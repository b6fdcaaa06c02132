// A GoogleTest suite of everything that a test can do to whoever runs it. One behaviour a test; none needs another.
// Hang, OutOfMemory and ForkBomb are to be run under limits only.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

TEST(Good, Passes) {
  EXPECT_EQ(2, 1 + 1);
}

TEST(Good, PrintsToBoth) {
  std::puts("to standard output");
  std::fflush(stdout);
  std::fputs("to standard error\n", stderr);
}

TEST(Good, Skips) {
  GTEST_SKIP() << "no such service here";
}

TEST(Good, DISABLED_NeverRuns) {
  FAIL() << "a disabled test was run";
}

class Parametrised : public testing::TestWithParam<int> {};
TEST_P(Parametrised, IsPositive) {
  EXPECT_GT(GetParam(), 0);
}
INSTANTIATE_TEST_SUITE_P(Numbers, Parametrised, testing::Values(1, 2, 3));

template <class T>
class Typed : public testing::Test {};
using TypedTypes = testing::Types<int, double>;
TYPED_TEST_SUITE(Typed, TypedTypes);
TYPED_TEST(Typed, HasAZero) {
  EXPECT_EQ(TypeParam(), TypeParam(0));
}

TEST(GoodDeathTest, Dies) {
  EXPECT_DEATH(std::abort(), "");
}

TEST(Bad, AssertionFails) {
  const int status = 1;
  EXPECT_EQ(status, 0) << "the tool failed";
}

TEST(Bad, Throws) {
  throw std::runtime_error("thrown by the test");
}

TEST(Bad, Exit3) {
  std::exit(3);
}

TEST(Bad, ExitsWith0InMidSuite) {
  _exit(0);
}

TEST(Bad, Segfault) {
  raise(SIGSEGV);
}

TEST(Bad, Abort) {
  std::fputs("about to abort\n", stderr);
  std::abort();
}

TEST(Bad, Hang) {
  std::puts("hanging");
  std::fflush(stdout);
  while (true) pause();
}

TEST(Tmp, HoldsMoreThanTheMemory) {
  const std::string block(1 << 20, 'x');
  std::ofstream file("/tmp/large");
  for (int i = 0; i < 200; ++i) file << block;
  EXPECT_TRUE(file.flush());
  std::remove("/tmp/large");
}

TEST(Bad, HangIgnoringSigterm) {
  signal(SIGTERM, SIG_IGN);
  while (true) pause();
}

TEST(Bad, OutOfMemory) {
  std::vector<char*> blocks;
  while (true) {
    constexpr std::size_t k_block = 16UL << 20;
    blocks.push_back(static_cast<char*>(std::malloc(k_block)));
    ASSERT_NE(blocks.back(), nullptr);
    std::memset(blocks.back(), 1, k_block);
  }
}

TEST(Bad, ForkBomb) {
  while (true) {
    if (fork() < 0) usleep(1000);
  }
}

TEST(Bad, ForkBombThatReturns) {
  if (fork() == 0) {
    setsid();
    for (int i = 0; i < 10'000; ++i) {
      if (fork() < 0) usleep(1000);
    }
    while (true) pause();
  }
  usleep(100'000);
}

TEST(Bad, LeavesAGrandchild) {
  const pid_t child = fork();
  if (child == 0) {
    setsid();
    if (fork() == 0) {
      while (true) pause();
    }
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
}

TEST(Bad, LeavesAChild) {
  if (fork() == 0) {
    while (true) pause();
  }
}

TEST(Output, HundredMegabytes) {
  const std::string line(1023, 'x');
  for (int i = 0; i < 100 * 1024; ++i) std::puts(line.c_str());
}

TEST(Output, HundredMegabytesToBoth) {
  const std::string line(1023, 'y');
  for (int i = 0; i < 50 * 1024; ++i) {
    std::puts(line.c_str());
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

TEST(Output, WithoutNewline) {
  std::fputs("no newline at the end", stdout);
}

TEST(Output, WithoutNewlineThenFails) {
  std::fputs("no newline at the end", stdout);
  FAIL() << "after the output";
}

TEST(Output, NulBytesAndInvalidUtf8) {
  const char bytes[] = "nul \0 invalid \xff\xfe cut \xe2\x82 done\n";
  std::fwrite(bytes, 1, sizeof bytes - 1, stdout);
}

TEST(Output, ImitatesResults) {
  std::puts("[       OK ] Output.ImitatesResults (0 ms)");
  std::puts("[ RUN      ] Good.NotThere");
  std::puts("[  FAILED  ] Good.NotThere (1 ms)");
  std::puts("[  FAILED  ] Output.ImitatesResults (1 ms)");
}

TEST(Output, ImitatesSuccessThenCrashes) {
  std::puts("[       OK ] Output.ImitatesSuccessThenCrashes (0 ms)");
  std::fflush(stdout);
  std::abort();
}

TEST(Output, ImitatesSuccessThenExits) {
  std::puts("[       OK ] Output.ImitatesSuccessThenExits (0 ms)");
  std::fflush(stdout);
  _exit(0);
}

TEST(Output, ImitatesSuccessThenFails) {
  std::puts("[       OK ] Output.ImitatesSuccessThenFails (0 ms)");
  FAIL() << "all the same";
}

TEST(Output, ClosesStdout) {
  std::fflush(stdout);
  close(STDOUT_FILENO);
}

TEST(Output, ClosesStdoutThenFails) {
  std::fflush(stdout);
  close(STDOUT_FILENO);
  FAIL() << "seen in the result file only";
}

// Under /var/task this fails with "Read-only file system"; in a writable copy it succeeds.
TEST(Files, DeletesItsOwn) {
  char path[4096];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
  ASSERT_GT(size, 0);
  path[size] = '\0';
  EXPECT_EQ(unlink(path), 0) << std::strerror(errno);
}

TEST(Files, WritesToTheWorkingFolder) {
  std::ofstream file("written-by-the-suite");
  file << "text";
  file.close();
  EXPECT_TRUE(file.good()) << std::strerror(errno);
}

TEST(Files, FillsTheDisk) {
  const std::string folder = std::getenv("TMPDIR") != nullptr ? std::getenv("TMPDIR") : "/tmp";
  const std::string path = folder + "/filler";
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ASSERT_GE(fd, 0);
  const std::vector<char> block(1UL << 20, 'f');
  while (write(fd, block.data(), block.size()) > 0) {
  }
  EXPECT_EQ(errno, ENOSPC);
  close(fd);
  unlink(path.c_str());
}

class SetUpFails : public testing::Test {
 protected:
  static void SetUpTestSuite() { FAIL() << "no database"; }
};
TEST_F(SetUpFails, First) {}
TEST_F(SetUpFails, Second) {}

class TearDownFails : public testing::Test {
 protected:
  static void TearDownTestSuite() { ADD_FAILURE() << "files left"; }
};
TEST_F(TearDownFails, First) {}
TEST_F(TearDownFails, Second) {}

class TearDownCrashes : public testing::Test {
 protected:
  static void TearDownTestSuite() { std::abort(); }
};
TEST_F(TearDownCrashes, Only) {}

class FixtureSkips : public testing::Test {
 protected:
  void SetUp() override { GTEST_SKIP() << "skipped by the fixture"; }
};
TEST_F(FixtureSkips, Only) {
  FAIL() << "ran all the same";
}

// Comes last: what an earlier test does must not keep it from running.
TEST(Last, StillRuns) {
  SUCCEED();
}

}  // namespace
