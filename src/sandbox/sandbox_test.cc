#include "sandbox/sandbox.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <filesystem>
#include <fstream>

#include "sandbox/sandbox_fixture.h"

namespace sortie::sandbox {
namespace {

Spec with_listener(std::uint16_t port) {
  Spec spec;
  spec.listen.push_back({"169.254.100.1", port});
  return spec;
}

/// Waits up to `milliseconds` for a connection and takes it.
bool accept_one(const UniqueFd& listener, int milliseconds) {
  pollfd readable = {listener.get(), POLLIN, 0};
  if (poll(&readable, 1, milliseconds) != 1) return false;
  return static_cast<bool>(UniqueFd(accept(listener.get(), nullptr, nullptr)));
}

class SandboxKinds : public testing::TestWithParam<Box::Kind> {
 protected:
  void SetUp() override {
    if (GetParam() == Box::Kind::isolated) SKIP_WITHOUT_NAMESPACES();
  }
};
INSTANTIATE_TEST_SUITE_P(Both, SandboxKinds, testing::Values(Box::Kind::isolated, Box::Kind::plain),
                         [](const auto& info) { return info.param == Box::Kind::plain ? "Plain" : "Isolated"; });

TEST_P(SandboxKinds, TellsExitCodeAndOutput) {
  Box box({}, GetParam());
  const Outcome outcome = box.shell("echo out; echo err >&2; exit 7");
  EXPECT_EQ(outcome.status.code, 7);
  EXPECT_EQ(outcome.status.signal, 0);
  EXPECT_EQ(outcome.out, "out\n");
  EXPECT_EQ(outcome.err, "err\n");
}

TEST(Sandbox, ItsShellIsBashAsInLambda) {
  SKIP_WITHOUT_NAMESPACES();
  if (!std::filesystem::exists("/bin/bash")) GTEST_SKIP() << "no bash here";
  Box box;
  EXPECT_EQ(box.shell("set -o pipefail; echo ${BASH_VERSION:+bash}").out, "bash\n");
  EXPECT_EQ(box.run({"/usr/bin/env", "sh", "-c", "echo ${BASH_VERSION:+bash}"}).out, "bash\n");
}

TEST_P(SandboxKinds, TellsTheSignal) {
  Box box({}, GetParam());
  EXPECT_EQ(box.shell("kill -SEGV $$").status.signal, SIGSEGV);
}

TEST_P(SandboxKinds, SaysThatAProgramIsMissing) {
  Box box({}, GetParam());
  const Outcome outcome = box.run({"/no/such/program"});
  ASSERT_FALSE(outcome.started);
  EXPECT_EQ(outcome.started.error().kind, ErrorKind::not_found);
}

TEST_P(SandboxKinds, SaysThatAFileIsNoProgram) {
  Box box({}, GetParam());
  const Outcome outcome = box.run({"/etc/passwd"});
  ASSERT_FALSE(outcome.started);
  EXPECT_EQ(outcome.started.error().kind, ErrorKind::denied);
}

TEST_P(SandboxKinds, StartsAgainAfterAFailedStart) {
  Box box({}, GetParam());
  box.run({"/no/such/program"});
  EXPECT_EQ(box.shell("exit 3").status.code, 3);
}

TEST_P(SandboxKinds, PassesAllOfALargeOutput) {
  Box box({}, GetParam());
  EXPECT_EQ(box.shell("head -c 30000000 /dev/zero").out.size(), 30'000'000U);
}

TEST_P(SandboxKinds, EndsWhatAProgramLeavesBehind) {
  Box box({}, GetParam());
  // The grandchild would keep the pipe open and the outcome would never come.
  const Outcome outcome = box.shell("(setsid sleep 10000 &) ; echo done");
  EXPECT_EQ(outcome.out, "done\n");
}

TEST_P(SandboxKinds, SignalsTheProgramAlone) {
  Box box({}, GetParam());
  ASSERT_TRUE(box.start({"/bin/sleep", "10000"}));
  box->signal(SIGTERM);
  EXPECT_EQ(box.wait().signal, SIGTERM);
}

TEST_P(SandboxKinds, KillsEverything) {
  Box box({}, GetParam());
  ASSERT_TRUE(box.start({"/bin/sh", "-c", "trap '' TERM INT; sleep 10000 & wait"}));
  box->kill_all();
  EXPECT_EQ(box.wait().signal, SIGKILL);
  EXPECT_EQ(box.shell("exit 4").status.code, 4);
}

TEST_P(SandboxKinds, KillsWhatIsFrozen) {
  Box box({}, GetParam());
  ASSERT_TRUE(box.start({"/bin/sleep", "10000"}));
  box->freeze();
  box->kill_all();
  EXPECT_EQ(box.wait().signal, SIGKILL);
}

TEST_P(SandboxKinds, ConnectsProgramsToTheListeners) {
  Box box(with_listener(9001), GetParam());
  const ListenAddress address = box->address(0);
  const auto listeners = box->take_listeners();
  EXPECT_EQ(box.inside("connect", {address.address, std::to_string(address.port)}).out, "connect ok\n");
  EXPECT_TRUE(accept_one(listeners.at(0), 0));
}

TEST_P(SandboxKinds, StandsStillWhileFrozen) {
  Box box(with_listener(9001), GetParam());
  const ListenAddress address = box->address(0);
  const auto listeners = box->take_listeners();
  const std::string program = box->inside_path("/var/task/inside");
  ASSERT_TRUE(box.start({program, "--inside", "connect-forever", address.address, std::to_string(address.port)}));
  ASSERT_TRUE(accept_one(listeners[0], 10'000));
  box->freeze();
  int connections = 0;  // freezing is not instantaneous; standing still is that nothing comes at some time
  while (accept_one(listeners[0], 100) && connections < 100'000) ++connections;
  EXPECT_LT(connections, 100'000);
  box->thaw();
  EXPECT_TRUE(accept_one(listeners[0], 10'000));
}

TEST_P(SandboxKinds, StopsMemoryThatGrowsWithoutEnd) {
  Spec spec;
  spec.memory_bytes = 64 << 20;
  Box box(std::move(spec), GetParam());
  const ExitStatus status = box.inside("use-memory").status;
  EXPECT_EQ(status.signal, SIGKILL);
  EXPECT_TRUE(status.out_of_memory);
  EXPECT_GT(box->memory_peak_bytes(), 32U << 20);
}

TEST_P(SandboxKinds, SaysNothingOfMemoryWhenItWasEnough) {
  Box box({}, GetParam());
  EXPECT_FALSE(box.shell("kill -KILL $$").status.out_of_memory);
}

TEST_P(SandboxKinds, ContainsAForkBomb) {
  if (GetParam() == Box::Kind::plain && geteuid() == 0 && probe().memory == Capabilities::Memory::watched) {
    GTEST_SKIP() << "nothing limits root's processes without control groups";
  }
  Spec spec;
  spec.max_processes = 40;
  Box box(std::move(spec), GetParam());
  const Outcome outcome = box.inside("fork-bomb");
  EXPECT_EQ(outcome.out.substr(outcome.out.find(' ')), " EAGAIN\n");
  EXPECT_LT(std::stoi(outcome.out), 41);
  EXPECT_EQ(box.shell("exit 5").status.code, 5);
}

TEST_P(SandboxKinds, KeepsTemporaryFilesFromOneProgramToTheNext) {
  Box box({}, GetParam());
  const std::string file = box->inside_path("/tmp") + "/kept";
  EXPECT_EQ(box.shell("echo kept > " + file).status.code, 0);
  EXPECT_EQ(box.shell("cat " + file).out, "kept\n");
}

TEST_P(SandboxKinds, ClosesAtDescriptor1024) {
  Box box({}, GetParam());
  const std::string out = box.inside("raise-limits").out;
  EXPECT_TRUE(out.ends_with("last 1023 EMFILE\n")) << out;
}

TEST(PlainSandbox, RemovesItsTemporaryFolder) {
  Box box({}, Box::Kind::plain);
  const std::string folder = box->inside_path("/tmp");
  box.shell("mkdir -p $TMPDIR/a/b; touch $TMPDIR/a/b/c; chmod 0 $TMPDIR/a");
  EXPECT_TRUE(std::filesystem::exists(folder + "/a"));
  box.destroy();
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(Sandbox, ShowsMountsReadOnly) {
  SKIP_WITHOUT_NAMESPACES();
  const std::string folder = testing::TempDir() + "sandbox_mount";
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/file") << "content";
  Spec spec;
  spec.mounts.push_back({folder, "/opt"});
  Box box(std::move(spec));
  EXPECT_EQ(box.shell("cat /opt/file; touch /opt/other || echo refused").out, "contentrefused\n");
}

TEST(Sandbox, ShowsANewMountSourceAfterTheFirstSandbox) {
  SKIP_WITHOUT_NAMESPACES();
  Box first;
  const std::string folder = testing::TempDir() + "sandbox_later";
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/file") << "later";
  Spec spec;
  spec.mounts.push_back({folder, "/opt"});
  Box second(std::move(spec));
  EXPECT_EQ(second.shell("cat /opt/file").out, "later");
}

TEST(Sandbox, FillsTemporaryFilesUpToTheirSizeAlone) {
  SKIP_WITHOUT_NAMESPACES();
  Spec spec;
  spec.tmp_bytes = 1 << 20;
  Box box(std::move(spec));
  const Outcome outcome = box.shell("head -c 3000000 /dev/zero > /tmp/large; stat -c %s /tmp/large");
  EXPECT_EQ(outcome.out, "1048576\n");
  EXPECT_NE(outcome.err.find("No space left"), std::string::npos);
}

TEST(Sandbox, ShowsTheFilesOfItsSpec) {
  SKIP_WITHOUT_NAMESPACES();
  Spec spec;
  spec.resolv_conf = "nameserver 169.254.78.1\n";
  spec.hosts = "169.254.78.1 s3.amazonaws.com\n";
  spec.ca_bundle_pem = "our authority\n";
  Box box(std::move(spec));
  EXPECT_EQ(box.shell("cat /etc/resolv.conf").out, "nameserver 169.254.78.1\n");
  EXPECT_EQ(box.shell("getent hosts s3.amazonaws.com").out, "169.254.78.1    s3.amazonaws.com\n");
  EXPECT_EQ(box.shell("tail -n1 /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem | grep -c our").out, "2\n");
}

TEST(Sandbox, IsLambdasUser) {
  SKIP_WITHOUT_NAMESPACES();
  Box box;
  EXPECT_EQ(box.shell("id -un; id -u; id -g").out, "sbx_user1051\n993\n990\n");
}

TEST(Sandbox, UsesTheHostsNetworkWhenAsked) {
  SKIP_WITHOUT_NAMESPACES();
  Spec spec = with_listener(80);
  spec.network = Network::host;
  Box box(std::move(spec));
  EXPECT_EQ(box->address(0).address, "127.0.0.1");
  EXPECT_NE(box->address(0).port, 80);
  EXPECT_EQ(box.inside("connect", {"127.0.0.1", std::to_string(box->address(0).port)}).out, "connect ok\n");
}

TEST(Sandbox, RefusesAMountThatIsNotThere) {
  SKIP_WITHOUT_NAMESPACES();
  asio::io_context io;
  Spec spec;
  spec.mounts.push_back({"/no/such/folder", "/opt"});
  const auto made = create_isolated(io.get_executor(), std::move(spec));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace sortie::sandbox
