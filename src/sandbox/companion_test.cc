#include <sys/socket.h>

#include <csignal>

#include "sandbox/sandbox_fixture.h"

/// Programs beside a sandbox's own.
namespace sortie::sandbox {
namespace {

class Companions : public testing::TestWithParam<Box::Kind> {
 protected:
  void SetUp() override {
    if (GetParam() == Box::Kind::isolated) SKIP_WITHOUT_NAMESPACES();
    box_.emplace(Spec{}, GetParam());
  }
  Box& box() { return *box_; }

 private:
  std::optional<Box> box_;
};
INSTANTIATE_TEST_SUITE_P(Both, Companions, testing::Values(Box::Kind::isolated, Box::Kind::plain),
                         [](const auto& info) { return info.param == Box::Kind::plain ? "Plain" : "Isolated"; });

TEST_P(Companions, EndsOnTheirOwn) {
  auto first = box().start_beside({"/bin/sh", "-c", "exit 3"});
  auto second = box().start_beside({"/bin/sleep", "10000"});
  ASSERT_TRUE(first && second);
  EXPECT_EQ(box().wait(**first).code, 3);
  EXPECT_EQ(box().shell("exit 4").status.code, 4);
  (*second)->signal(SIGTERM);
  EXPECT_EQ(box().wait(**second).signal, SIGTERM);
}

TEST_P(Companions, OutliveTheProgram) {
  auto beside = box().start_beside({"/bin/cat", "/dev/zero"});  // blocked: nobody reads
  ASSERT_TRUE(beside);
  // Its child is left alone while something runs beside.
  EXPECT_EQ(box().shell("sleep 10000 >/dev/null 2>&1 & exit 5").status.code, 5);
  box()->kill_all();
  EXPECT_EQ(box().wait(**beside).signal, SIGKILL);
  EXPECT_EQ(box().shell("exit 6").status.code, 6);
}

TEST_P(Companions, AreKilledWithEverything) {
  auto beside = box().start_beside({"/bin/sleep", "10000"});
  ASSERT_TRUE(beside && box().start({"/bin/sleep", "10000"}));
  box()->freeze();
  box()->kill_all();
  EXPECT_EQ(box().wait().signal, SIGKILL);
  EXPECT_EQ(box().wait(**beside).signal, SIGKILL);
}

TEST_P(Companions, SayThatTheyCannotBeStarted) {
  auto none = box().start_beside({"/no/such/program"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::not_found);
}

TEST_P(Companions, AreLimited) {
  std::vector<std::unique_ptr<Companion>> all;
  for (std::size_t i = 0; i < Sandbox::k_companions; ++i) {
    auto one = box().start_beside({"/bin/sleep", "10000"});
    ASSERT_TRUE(one) << i;
    all.push_back(*std::move(one));
  }
  EXPECT_FALSE(box().start_beside({"/bin/sleep", "10000"}));
  all.back()->signal(SIGKILL);
  EXPECT_EQ(box().wait(*all.back()).signal, SIGKILL);
  EXPECT_TRUE(box().start_beside({"/bin/sleep", "10000"}));
  EXPECT_EQ(box().shell("exit 1").status.code, 1);
}

TEST_P(Companions, AreReachedByTheSandboxesSockets) {
  auto first = box().open_socket();
  auto second = box().open_socket();
  ASSERT_TRUE(first && second);
  int type = 0;
  socklen_t size = sizeof type;
  EXPECT_EQ(getsockopt(first->get(), SOL_SOCKET, SO_TYPE, &type, &size), 0);
  EXPECT_EQ(type, SOCK_STREAM);
  EXPECT_NE(first->get(), second->get());
  EXPECT_EQ(box().shell("exit 2").status.code, 2);
}

TEST_P(Companions, AreGoneWithTheSandbox) {
  auto beside = box().start_beside({"/bin/sleep", "10000"});
  ASSERT_TRUE(beside);
  box().destroy();
  EXPECT_EQ(box().wait(**beside).signal, SIGKILL);
}

}  // namespace
}  // namespace sortie::sandbox
