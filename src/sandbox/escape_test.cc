// What programs inside must not be able to do.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sandbox/sandbox_fixture.h"
#include "sandbox/user.h"

namespace sortie::sandbox {
namespace {

class Escape : public testing::Test {
 protected:
  void SetUp() override { SKIP_WITHOUT_NAMESPACES(); }
};

TEST_F(Escape, CannotReadTheHostsFiles) {
  const std::string secret = fmt::format("/tmp/sandbox_secret_{}", getpid());
  std::ofstream(secret) << "secret";
  Box box;
  const Outcome outcome =
      box.shell("cat " + secret + " /etc/shadow /root/.bashrc /proc/1/environ /proc/1/root/etc/passwd");
  std::filesystem::remove(secret);
  EXPECT_EQ(outcome.out, "");
}

TEST_F(Escape, CannotLookIntoTheSupervisor) {
  Box box;
  EXPECT_EQ(box.shell("ls /proc/1/fd /proc/1/cwd/ 2>/dev/null; head -c1 /proc/1/mem 2>/dev/null").out, "");
}

TEST_F(Escape, SeesItsOwnProcessesAlone) {
  Box box;
  EXPECT_EQ(box.shell("cd /proc; for p in [0-9]*; do [ $p = $$ ] || echo $p; done").out, "1\n");
}

TEST_F(Escape, CannotWriteOutsideTmp) {
  Box box;
  const Outcome outcome = box.inside(
      "create-files", {"/x", "/usr/x", "/etc/x", "/etc/hosts", "/var/task/x", "/opt/x", "/dev/x", "/home/x",
                       "/var/tmp/x", "/run/x", "/proc/sys/kernel/hostname", "/proc/sys/net/ipv4/ip_forward"});
  EXPECT_EQ(outcome.out.find(" ok"), std::string::npos) << outcome.out;
  EXPECT_EQ(box.inside("create-files", {"/tmp/x", "/dev/shm/x"}).out, "/tmp/x ok\n/dev/shm/x ok\n");
}

TEST_F(Escape, SeesNoKeys) {
  Box box;
  EXPECT_EQ(box.shell("cat /proc/keys").out, "");
}

TEST_F(Escape, CannotSignalHostProcessesNorItsSupervisor) {
  Box box;
  EXPECT_EQ(box.inside("signal-others", {std::to_string(getpid())}).out, "host ESRCH\nalive ok\n");
}

TEST_F(Escape, CannotReachTheHostsLoopback) {
  const UniqueFd listener(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener.get(), 1), 0);
  ASSERT_EQ(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  Box box;
  EXPECT_EQ(box.inside("connect", {"127.0.0.1", std::to_string(ntohs(address.sin_port))}).out,
            "connect ECONNREFUSED\n");
}

TEST_F(Escape, HasNoRouteToAnywhere) {
  Box box;
  EXPECT_EQ(box.inside("connect", {"8.8.8.8", "53"}).out, "connect ENETUNREACH\n");
  EXPECT_EQ(box.inside("connect", {"169.254.169.254", "80"}).out, "connect ENETUNREACH\n");
}

TEST_F(Escape, IsRefusedTheDangerousSystemCalls) {
  Box box;
  EXPECT_EQ(box.inside("forbidden-calls").out,
            "mount EPERM\numount EPERM\nopen_tree EPERM\nchroot EPERM\nunshare EPERM\nclone EPERM\nclone3 ENOSYS\n"
            "setns EPERM\nptrace EPERM\nkeyctl EPERM\nbpf EPERM\nperf_event_open EPERM\nuserfaultfd EPERM\n"
            "io_uring EPERM\nvsock EAFNOSUPPORT\nreboot EPERM\nhostname EPERM\n");
}

TEST_F(Escape, CannotRaiseItsLimits) {
  Box box;
  EXPECT_TRUE(box.inside("raise-limits").out.starts_with("nofile EPERM\ncore EPERM\nmemlock EPERM\n"));
}

TEST_F(Escape, HasNoCapabilitiesAndCannotGainAny) {
  Box box;
  EXPECT_EQ(box.shell("grep -cE '^Cap(Inh|Prm|Eff|Bnd|Amb):.0+$' /proc/self/status").out, "5\n");
  EXPECT_EQ(box.shell("grep NoNewPrivs /proc/self/status").out, "NoNewPrivs:\t1\n");
}

TEST_F(Escape, FindsNoSetuidProgramThatWorks) {
  Box box;
  EXPECT_EQ(box.shell("grep -vc nosuid /proc/self/mounts").out, "0\n");
}

TEST_F(Escape, FindsNothingOfTheHostInItsMounts) {
  Box box;
  EXPECT_EQ(box.shell("ls /").out, "bin\ndev\netc\nhome\nlib\n" + box.shell("ls / | grep -E '^lib.'").out +
                                       "mnt\nopt\nproc\nrun\nsbin\nsrv\ntmp\nusr\nvar\n");
}

TEST_F(Escape, SharesNothingWithAnotherSandbox) {
  Box first, second;
  first.shell("echo mine > /tmp/file");
  EXPECT_EQ(second.shell("ls /tmp /dev/shm | wc -l").out, second.shell("printf '\\n%.0s' 1 2 3 | wc -l").out);
  EXPECT_EQ(second.shell("cat /tmp/file").status.code, 1);
}

/// The host's id of the process with this command line; 0 when there is none.
uid_t host_uid_of(const std::string& command_line) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    struct stat status{};
    if (text == command_line && stat(entry.path().c_str(), &status) == 0) return status.st_uid;
  }
  return 0;
}

TEST_F(Escape, IsNotRootForTheHostNorAnotherSandboxsUser) {
  if (!user_plan().privileged) GTEST_SKIP() << "not root: sandboxes have the user's own id";
  const std::string durations[] = {fmt::format("30001.{}", getpid()), fmt::format("30002.{}", getpid())};
  Box first, second;
  ASSERT_TRUE(first.start({"/bin/sleep", durations[0]}));
  ASSERT_TRUE(second.start({"/bin/sleep", durations[1]}));
  const uid_t uids[] = {host_uid_of(std::string("/bin/sleep\0", 11) + durations[0] + '\0'),
                        host_uid_of(std::string("/bin/sleep\0", 11) + durations[1] + '\0')};
  EXPECT_GE(uids[0], 65536U);
  EXPECT_GE(uids[1], 65536U);
  EXPECT_NE(uids[0], uids[1]);
}

}  // namespace
}  // namespace sortie::sandbox
