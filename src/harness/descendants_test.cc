#include "harness/descendants.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

namespace sortie::harness {
namespace {

/// A child that lives until it is ended.
class Child {
 public:
  Child() : pid_(::fork()) {
    while (pid_ == 0) ::pause();
  }
  ~Child() { end(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

bool has(const std::vector<Descendant>& descendants, pid_t pid) {
  return std::ranges::any_of(descendants, [&](const Descendant& descendant) { return descendant.pid == pid; });
}

TEST(DescendantWatch, SeesWhoWasBornSinceItLooked) {
  const Child suite;
  DescendantWatch watch(suite.pid());
  const std::vector<Descendant> before = watch.look();
  EXPECT_FALSE(has(before, suite.pid()));
  for (int i = 0; i < 5; ++i) {
    const Child child;
    EXPECT_TRUE(has(watch.look(), child.pid()));
    EXPECT_EQ(newcomers(before, watch.look()).size(), 1U);
  }
}

TEST(DescendantWatch, ACloseLookLeavesOutWhoHasEnded) {
  const Child suite;
  Child child;
  DescendantWatch watch(suite.pid());
  EXPECT_TRUE(has(watch.look(), child.pid()));
  const pid_t pid = child.pid();
  child.end();
  EXPECT_FALSE(has(watch.look_closely(), pid));
  EXPECT_FALSE(has(watch.look(), pid));
}

}  // namespace
}  // namespace sortie::harness
