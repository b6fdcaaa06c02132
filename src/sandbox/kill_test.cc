// Nothing is left when sortie is killed: no process, no control group, no temporary folder.
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "sandbox/cgroup.h"
#include "sandbox/sandbox_fixture.h"
#include "sandbox/user.h"

namespace sortie::sandbox {
namespace {

namespace fs = std::filesystem;

int processes_with(const std::string& marker) {
  int found = 0;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    if (entry.path().filename() == std::to_string(getpid())) continue;
    if (command_line_of(entry.path()).find(marker) != std::string::npos) ++found;
  }
  return found;
}

/// Those that have become `sleep`: whoever is about to still bears its parent's command line, or none.
int sleepers_with(const std::string& marker) {
  int found = 0;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const std::string line = command_line_of(entry.path());
    if (line.starts_with("sleep") && line.find(marker) != std::string::npos) ++found;
  }
  return found;
}

int groups_of(pid_t pid) {
  const CgroupPlaces& places = cgroup_places();
  int found = 0;
  std::error_code ignored;
  for (const std::string& place : {places.memory, places.pids, places.cpu, places.freezer, places.unified}) {
    if (place.empty()) continue;
    for (const auto& entry : fs::directory_iterator(place, ignored)) {
      if (entry.path().filename().string().starts_with(fmt::format("sortie-{}-", pid))) ++found;
    }
  }
  return found;
}

/// Looks again and again, for ten seconds at most.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

/// Another copy of this program that holds a sandbox; answers the line it prints when all is running.
struct Holder {
  pid_t pid = 0;
  std::string line;
};

Holder start_holder(const std::string& kind, const std::string& marker) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  Holder holder;
  holder.pid = fork();
  if (holder.pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(ends[1], 1);
    execl("/proc/self/exe", "sandbox_test", "--hold", kind.c_str(), marker.c_str(), nullptr);
    _exit(1);
  }
  close(ends[1]);
  for (char c = 0; read(ends[0], &c, 1) == 1 && c != '\n';) holder.line += c;
  close(ends[0]);
  return holder;
}

class Killed : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string kind = GetParam();
    if (kind.starts_with("confined")) {
      SKIP_WITHOUT_NOTIFICATIONS();
    } else if (kind != "plain") {
      SKIP_WITHOUT_NAMESPACES();
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Kinds, Killed, testing::Values("isolated", "frozen", "confined", "confinedFrozen", "plain"),
                         [](const auto& info) { return info.param; });

TEST_P(Killed, LeavesNothing) {
  static int holders = 0;
  const std::string marker = fmt::format("2000{}.{}", ++holders, getpid());
  const Holder holder = start_holder(GetParam(), marker);
  const int running = sleepers_with(marker);
  kill(holder.pid, SIGKILL);
  waitpid(holder.pid, nullptr, 0);
  ASSERT_TRUE(holder.line.starts_with("/")) << holder.line;
  ASSERT_EQ(running, 2);
  EXPECT_TRUE(eventually([&] { return processes_with(marker) == 0; }));
  EXPECT_TRUE(eventually([&] { return groups_of(holder.pid) == 0; }));
  if (holder.line != "/tmp") {
    EXPECT_TRUE(eventually([&] { return !fs::exists(holder.line); })) << holder.line;
  }
}

TEST(Ended, LeavesNoControlGroup) {
  SKIP_WITHOUT_NAMESPACES();
  const int before = groups_of(getpid());
  {
    Box box;
    box.shell("sleep 10000 &");
  }
  EXPECT_EQ(groups_of(getpid()), before);
}

TEST(Fallback, IsChosenWhereNamespacesAreForbiddenAndSaysSo) {
  SKIP_WITHOUT_NAMESPACES();
  constexpr int k_has_threads = 4;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], 1);
    // A user namespace whose limit is that it may have none inside.
    if (unshare(CLONE_NEWUSER) != 0) _exit(errno == EINVAL ? k_has_threads : 2);
    std::ofstream("/proc/sys/user/max_user_namespaces") << "0";
    execl("/proc/self/exe", "sandbox_test", "--probe", "x", nullptr);
    _exit(3);
  }
  close(ends[1]);
  std::string line;
  for (char c = 0; read(ends[0], &c, 1) == 1;) line += c;
  close(ends[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  if (WEXITSTATUS(status) == k_has_threads) GTEST_SKIP() << "the thread sanitizer's thread keeps out of namespaces";
  EXPECT_TRUE(line.starts_with("not isolated; isolated by seccomp")) << line;
  EXPECT_TRUE(line.ends_with(": user namespaces are switched off (sysctl user.max_user_namespaces)\n")) << line;
}

/// The line of another copy of this program that is asked for a sandbox with SORTIE_SANDBOX set.
std::string line_with(const char* value) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], 1);
    setenv("SORTIE_SANDBOX", value, 1);
    execl("/proc/self/exe", "sandbox_test", "--probe", "x", nullptr);
    _exit(3);
  }
  close(ends[1]);
  std::string line;
  for (char c = 0; read(ends[0], &c, 1) == 1;) line += c;
  close(ends[0]);
  waitpid(pid, nullptr, 0);
  return line;
}

TEST(Choice, IsTheVariablesAndAnUnknownOneIsRefused) {
  EXPECT_EQ(line_with("plain"), "not isolated; not isolated, a plain process: SORTIE_SANDBOX=plain\n");
  EXPECT_EQ(line_with("docker"),
            "not isolated; SORTIE_SANDBOX=docker: it is namespace, seccomp or plain\n"
            "refused: SORTIE_SANDBOX=docker: it is namespace, seccomp or plain\n");
  SKIP_WITHOUT_NOTIFICATIONS();
  EXPECT_TRUE(line_with("seccomp").starts_with("not isolated; isolated by seccomp")) << line_with("seccomp");
}

/// A copy of this program makes its first sandbox and is killed in the middle of that.
void kill_after(std::chrono::milliseconds delay, const std::string& marker) {
  const pid_t pid = fork();
  if (pid == 0) {
    const int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nothing, 1);
    dup2(nothing, 2);
    execl("/proc/self/exe", "sandbox_test", "--probe", marker.c_str(), nullptr);
    _exit(3);
  }
  std::this_thread::sleep_for(delay);
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

TEST(KilledWhileItStarts, LeavesNoProcess) {
  // Whoever shares its memory has its command line.
  const std::string marker = fmt::format("killed-early-{}", getpid());
  for (int i = 0; i < 40; ++i) kill_after(std::chrono::milliseconds(i), marker);
  EXPECT_TRUE(eventually([&] { return processes_with(marker) == 0; }));
}

TEST(PlainUser, PassesTheSameTests) {
  if (!user_plan().privileged) GTEST_SKIP() << "not root: these tests are a plain user's already";
  const fs::path folder = fmt::format("/tmp/sandbox_test_{}", getpid());
  fs::create_directories(folder);
  fs::permissions(folder, fs::perms::all);
  fs::copy_file("/proc/self/exe", folder / "sandbox_test", fs::copy_options::overwrite_existing);
  fs::permissions(folder / "sandbox_test", fs::perms(0755));
  const pid_t pid = fork();
  if (pid == 0) {
    constexpr unsigned k_nobody = 65534;
    setenv("TEST_TMPDIR", folder.c_str(), 1);
    const bool dropped = syscall(SYS_setgroups, 0, nullptr) == 0 && setresgid(k_nobody, k_nobody, k_nobody) == 0 &&
                         setresuid(k_nobody, k_nobody, k_nobody) == 0 && chdir("/") == 0;
    if (dropped) execl((folder / "sandbox_test").c_str(), "sandbox_test", "--gtest_brief=1", nullptr);
    _exit(127);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  fs::remove_all(folder);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

Task<void> create_by_choice(Executor executor, bool* isolated, std::string* refusal) {
  const auto made = co_await Sandbox::create(executor, Spec{});
  *isolated = made && (*made)->isolated();
  if (!made) *refusal = "refused: " + describe(made.error()) + "\n";
}

}  // namespace

int probe_by_creating() {
  asio::io_context io;
  bool isolated = false;
  std::string refusal;
  asio::co_spawn(io, create_by_choice(io.get_executor(), &isolated, &refusal), asio::detached);
  io.run();
  const std::string line = fmt::format("{}; {}\n", isolated ? "isolated" : "not isolated", probe().reason) + refusal;
  return write(1, line.data(), line.size()) < 0 ? 1 : 0;
}

int hold_a_sandbox(const std::string& kind, const std::string& marker) {
  Box box({}, kind == "plain"                ? Box::Kind::plain
              : kind.starts_with("confined") ? Box::Kind::confined
                                             : Box::Kind::isolated);
  if (!box.start({"/bin/sh", "-c", "sleep " + marker + " & sleep " + marker})) return 1;
  // Not earlier: a process that is stopped in the middle of an exec has no command line to be found by.
  const auto both_sleep = [&] {
    box.serve_for(std::chrono::milliseconds(10));
    return sleepers_with(marker) == 2;
  };
  if (!eventually(both_sleep)) return 1;
  if (kind == "frozen" || kind == "confinedFrozen") box->freeze();
  const std::string line = box->inside_path("/tmp") + "\n";
  if (write(1, line.data(), line.size()) < 0) return 1;
  for (;;) pause();
}

}  // namespace sortie::sandbox
