#include "base/output_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

namespace sortie {
namespace {

namespace fs = std::filesystem;
using Writing = OutputFile::Writing;

struct OutputFileTest : testing::TestWithParam<Writing> {
  void SetUp() override {
    std::string pattern = testing::TempDir() + "output-XXXXXX";
    folder = ::mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(folder); }
  [[nodiscard]] std::string path(const std::string& name) const { return folder + "/" + name; }
  static void fill(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
  static std::string content(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] std::size_t names() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {}));
  }
  static Result<void> write(const std::string& path, std::string_view text) {
    ASSIGN_OR_RETURN(OutputFile file, OutputFile::open(path, GetParam()));
    file.write(text);
    return file.close();
  }
  static struct stat status(const std::string& path) {
    struct stat found{};
    EXPECT_EQ(::lstat(path.c_str(), &found), 0);
    return found;
  }
  std::string folder;
};

INSTANTIATE_TEST_SUITE_P(BothWays, OutputFileTest, testing::Values(Writing::at_once, Writing::as_it_comes));

TEST_P(OutputFileTest, ANewFileHasTheModeOfTheUmask) {
  const mode_t before = ::umask(027);
  EXPECT_TRUE(write(path("new"), "text"));
  ::umask(before);
  EXPECT_EQ(content(path("new")), "text");
  EXPECT_EQ(status(path("new")).st_mode & 07777U, 0640U);
  EXPECT_EQ(names(), 1U);
}

TEST_P(OutputFileTest, NothingWrittenIsAnEmptyFile) {
  fill(path("old"), "old");
  EXPECT_TRUE(write(path("old"), ""));
  EXPECT_EQ(content(path("old")), "");
}

TEST_P(OutputFileTest, ARegularFileKeepsModeAndOwner) {
  fill(path("old"), "much that was there before");
  fs::permissions(path("old"), fs::perms(0604));
  if (::geteuid() == 0) ASSERT_EQ(::chown(path("old").c_str(), 1234, 5678), 0);
  const struct stat before = status(path("old"));
  EXPECT_TRUE(write(path("old"), "new"));
  const struct stat after = status(path("old"));
  EXPECT_EQ(content(path("old")), "new");
  EXPECT_EQ(after.st_mode, before.st_mode);
  EXPECT_EQ(after.st_uid, before.st_uid);
  EXPECT_EQ(after.st_gid, before.st_gid);
  EXPECT_EQ(names(), 1U);
}

TEST_P(OutputFileTest, LinksAreFollowed) {
  fs::create_directory(path("there"));
  fill(path("there/file"), "old");
  fs::create_symlink("there/file", path("near"));
  fs::create_symlink(path("near"), path("far"));
  EXPECT_TRUE(write(path("far"), "new"));
  EXPECT_EQ(content(path("there/file")), "new");
  EXPECT_TRUE(fs::is_symlink(path("near")) && fs::is_symlink(path("far")));
}

TEST_P(OutputFileTest, ADanglingLinkGetsWhatItNames) {
  fs::create_symlink("not-there-yet", path("link"));
  EXPECT_TRUE(write(path("link"), "new"));
  EXPECT_EQ(content(path("not-there-yet")), "new");
  EXPECT_TRUE(fs::is_symlink(path("link")));
}

TEST_P(OutputFileTest, FurtherNamesOfAFileSeeTheNewContent) {
  fill(path("one"), "old and long");
  fs::create_hard_link(path("one"), path("two"));
  EXPECT_TRUE(write(path("one"), "new"));
  EXPECT_EQ(content(path("two")), "new");
}

TEST_P(OutputFileTest, APipeIsWrittenThrough) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  std::string read;
  std::thread reader([&] { read = content(path("pipe")); });
  EXPECT_TRUE(write(path("pipe"), "through"));
  reader.join();
  EXPECT_EQ(read, "through");
  EXPECT_TRUE(S_ISFIFO(status(path("pipe")).st_mode));
}

TEST_P(OutputFileTest, ADeviceIsWrittenThrough) {
  EXPECT_TRUE(write("/dev/null", "gone"));
  EXPECT_TRUE(S_ISCHR(status("/dev/null").st_mode));
  const auto full = write("/dev/full", "x");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().message, "write /dev/full: No space left on device");
  EXPECT_TRUE(S_ISCHR(status("/dev/full").st_mode));
}

TEST_P(OutputFileTest, OurOwnStandardOutputKeepsItsPlace) {
  const int saved = ::dup(STDOUT_FILENO);
  const int file = ::open(path("shown").c_str(), O_WRONLY | O_CREAT, 0600);
  ::dup2(file, STDOUT_FILENO);
  EXPECT_EQ(::write(STDOUT_FILENO, "before ", 7), 7);
  for (const std::string& name : {std::string("/dev/stdout"), path("shown")}) EXPECT_TRUE(write(name, "report "));
  EXPECT_EQ(::write(STDOUT_FILENO, "after", 5), 5);
  ::dup2(saved, STDOUT_FILENO);
  ::close(saved);
  ::close(file);
  EXPECT_EQ(content(path("shown")), "before report report after");
}

TEST_P(OutputFileTest, WhatCannotBeWrittenIsFoundOutAtOnce) {
  fill(path("file"), "");
  fs::create_symlink("loop", path("loop"));
  for (const std::string& name : {path("no/such/folder"), path("file/x"), folder, path("new/"), path("loop"),
                                  std::string(), std::string("/proc/new")}) {
    const auto opened = OutputFile::open(name, GetParam());
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error().kind, ErrorKind::config) << name;
  }
  EXPECT_EQ(names(), 2U) << "trying leaves nothing";
}

TEST(OutputFile, UntilItIsClosedTheOldContentStays) {
  const std::string path = testing::TempDir() + "output-unclosed";
  std::ofstream(path) << "old";
  {
    auto file = OutputFile::open(path, Writing::at_once);
    ASSERT_TRUE(file);
    file->write("half of the new");
  }
  std::ifstream kept(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(kept), {}), "old");
}

}  // namespace
}  // namespace sortie
