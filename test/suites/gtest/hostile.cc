// Tests that attack what runs them, and good ones around them. Only for inside a sandbox: those that would reach the
// machine's other processes are skipped unless HOST_PID_NAMESPACE names another namespace than theirs.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace {

bool is_contained() {
  char link[64] = {};
  const char* host = std::getenv("HOST_PID_NAMESPACE");
  return host != nullptr && readlink("/proc/self/ns/pid", link, sizeof link - 1) > 0 && std::string(link) != host;
}

void say(const char* words) {
  std::puts(words);
  std::fflush(stdout);
}

[[noreturn]] void wait_for_the_end() {
  while (true) pause();
}

void use_tmp() {
  const std::string path = "/tmp/used-" + std::to_string(getpid());
  std::ofstream file(path);
  file << "a good test's file" << std::flush;
  ASSERT_TRUE(file.good());
  file.close();
  ASSERT_EQ(unlink(path.c_str()), 0);
}

}  // namespace

TEST(Before, Passes) {
  say("before");
}

TEST(Kill, Everything) {
  if (!is_contained()) GTEST_SKIP() << "not in a process namespace of its own";
  say("killing everything");
  kill(-1, SIGKILL);
  wait_for_the_end();
}

TEST(Between, Passes) {}

TEST(Kill, Harness) {
  say("killing the harness");
  kill(getppid(), SIGKILL);
  wait_for_the_end();
}

TEST(Stop, Harness) {
  say("stopping the harness");
  kill(getppid(), SIGSTOP);
  wait_for_the_end();
}

TEST(Fork, AndExit) {
  if (fork() != 0) _exit(0);
}

TEST(Tmp, IsFilled) {
  const int file = open("/tmp/fill", O_CREAT | O_WRONLY, 0600);
  static const std::string block(1 << 20, 'x');
  while (write(file, block.data(), block.size()) > 0) {
  }
  close(file);
}

TEST(Tmp, IsUsedAfterFilling) {
  use_tmp();
}

TEST(Tmp, LosesItsInodes) {
  for (int i = 0; i < 4'000'000; ++i) {
    const int file = open(("/tmp/i" + std::to_string(i)).c_str(), O_CREAT | O_WRONLY, 0600);
    if (file < 0) break;
    close(file);
  }
}

TEST(Tmp, IsUsedAfterInodes) {
  use_tmp();
}

TEST(Tmp, IsClosed) {
  ASSERT_EQ(chmod("/tmp", 0), 0);
}

TEST(Tmp, IsUsedAfterClosing) {
  use_tmp();
}

TEST(Last, StillRuns) {
  use_tmp();
}
