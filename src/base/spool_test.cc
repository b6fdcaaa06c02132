#include "base/spool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

namespace sortie {
namespace {

std::string all_of(const Spool& spool) {
  std::string text;
  EXPECT_TRUE(spool.read([&text](std::string_view piece) { text += piece; }));
  return text;
}

TEST(Spool, GivesBackWhatItWasGiven) {
  Spool spool(10);
  std::string given;
  EXPECT_EQ(all_of(spool), "");
  for (int i = 0; i < 100'000; ++i) {
    const std::string line = std::to_string(i) + std::string(1, '\0') + "\n";
    spool.append(line);
    given += line;
  }
  EXPECT_EQ(spool.size(), given.size());
  EXPECT_EQ(all_of(spool), given);
  EXPECT_EQ(all_of(spool), given) << "more than once";
  spool.append("more");
  EXPECT_EQ(all_of(spool), given + "more");
}

TEST(Spool, LeavesNoNameBehind) {
  const std::string folder = testing::TempDir() + "spool_names";
  std::filesystem::create_directories(folder);
  ::setenv("TMPDIR", folder.c_str(), 1);
  Spool spool(1);
  spool.append("written out");
  ::unsetenv("TMPDIR");
  EXPECT_EQ(all_of(spool), "written out");
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST(Spool, SaysThatTheDiskFailed) {
  ::setenv("TMPDIR", "/no/such/folder", 1);
  Spool spool(4);
  spool.append("more than four");
  spool.append("and more");
  ::unsetenv("TMPDIR");
  EXPECT_EQ(spool.size(), 22U);
  const auto read = spool.read([](std::string_view) { FAIL(); });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "keep output in a temporary file: No such file or directory");
}

TEST(Spool, MemoryStaysBounded) {
  Spool spool(64 * 1024);
  const std::string piece(1 << 20, 'x');
  rusage before{};
  ::getrusage(RUSAGE_SELF, &before);
  for (int i = 0; i < 200; ++i) spool.append(piece);
  std::uint64_t read = 0;
  EXPECT_TRUE(spool.read([&read](std::string_view bytes) { read += bytes.size(); }));
  rusage after{};
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_EQ(read, 200U << 20U);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 32 * 1024) << "KB";
}

}  // namespace
}  // namespace sortie
