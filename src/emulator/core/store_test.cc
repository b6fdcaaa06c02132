#include "emulator/core/store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

namespace sortie::emulator {
namespace {

namespace fs = std::filesystem;

class Kept : public testing::Test {
 protected:
  Kept() {
    std::string name = (fs::temp_directory_path() / "store-test-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~Kept() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path state() const { return folder_ / "deep" / "state"; }
  fs::path folder_;
};

TEST_F(Kept, FolderIsPrivate) {
  const auto store = Store::open(state());
  ASSERT_TRUE(store) << describe(store.error());
  struct stat info{};
  ASSERT_EQ(::stat(state().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
  (*store)->db().exec("CREATE TABLE t (x)");
  ASSERT_EQ(::stat((state() / "state.db").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(Kept, RowsSurvive) {
  Store::open(state()).value()->db().exec("CREATE TABLE t (x); INSERT INTO t VALUES (7)");
  EXPECT_EQ(Store::open(state()).value()->db().execAndGet("SELECT x FROM t").getInt(), 7);
}

TEST_F(Kept, IsLocked) {
  const auto first = Store::open(state());
  const auto second = Store::open(state());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::config);
}

TEST_F(Kept, RefusesANewerState) {
  Store::open(state()).value()->db().exec("PRAGMA user_version=99");
  EXPECT_FALSE(Store::open(state()));
}

TEST_F(Kept, RefusesADamagedState) {
  fs::create_directories(state());
  std::ofstream(state() / "state.db") << "this is not a database, and long enough to be looked at";
  EXPECT_EQ(Store::open(state()).error().kind, ErrorKind::config);
}

TEST_F(Kept, RemovesWhatWasNotFinished) {
  const fs::path blobs = Store::open(state()).value()->blobs("s3").value();
  std::ofstream(blobs / "complete") << "x";
  std::ofstream(blobs / "upload.tmp") << "x";
  fs::create_directories(blobs / "code.tmp" / "inside");
  const auto again = Store::open(state());
  EXPECT_TRUE(fs::exists(blobs / "complete"));
  EXPECT_FALSE(fs::exists(blobs / "upload.tmp"));
  EXPECT_FALSE(fs::exists(blobs / "code.tmp"));
}

TEST(Ephemeral, LeavesNothing) {
  fs::path blobs;
  {
    const auto store = Store::ephemeral().value();
    blobs = store->blobs("s3").value();
    std::ofstream(blobs / "object") << "x";
    EXPECT_TRUE(fs::exists(blobs / "object"));
  }
  EXPECT_FALSE(fs::exists(blobs.parent_path()));
}

TEST(Ephemeral, LeavesNothingWhenKilled) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);  // the watcher becomes our child, to wait for
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto store = Store::ephemeral().value();
    const std::string path = store->blobs("s3").value().string();
    if (::write(ends[1], path.data(), path.size()) < 0) ::_exit(1);
    ::pause();
  }
  char path[4096] = {};
  ASSERT_GT(::read(ends[0], path, sizeof path - 1), 0);
  EXPECT_TRUE(fs::exists(path));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_GT(::waitpid(-1, nullptr, 0), 0) << "the watcher";
  EXPECT_FALSE(fs::exists(path));
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace sortie::emulator
