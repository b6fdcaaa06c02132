// Ways out of a sandbox. Each test passes when its way is closed. Environment:
//   HOST_FILE    a file of the host that a sandboxed program must not be able to read
//   HOST_FOLDER  a folder of the host that it must not be able to write to
//   HOST_PID     a process of the host
//   HOST_PORT    a TCP port that is served on the host's 127.0.0.1
// A test whose variable is not set is skipped.
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool can_read(const std::string& path) {
  std::ifstream file(path);
  return file.good() && file.get() != std::ifstream::traits_type::eof();
}

bool can_create(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd < 0) return false;
  close(fd);
  unlink(path.c_str());
  return true;
}

bool can_connect(const char* address, int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(static_cast<unsigned short>(port));
  inet_pton(AF_INET, address, &target.sin_addr);
  const bool started = connect(fd, reinterpret_cast<sockaddr*>(&target), sizeof target) == 0 || errno == EINPROGRESS;
  fd_set writable;
  FD_ZERO(&writable);
  FD_SET(fd, &writable);
  timeval patience{1, 0};
  int error = ETIMEDOUT;
  socklen_t size = sizeof error;
  if (started && select(fd + 1, nullptr, &writable, nullptr, &patience) == 1) {
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  close(fd);
  return started && error == 0;
}

TEST(Escape, ReadHostFile) {
  const std::string path = variable("HOST_FILE");
  if (path.empty()) GTEST_SKIP() << "HOST_FILE is not set";
  EXPECT_FALSE(can_read(path)) << path;
  EXPECT_FALSE(can_read("/proc/1/root" + path));
  EXPECT_FALSE(can_read("/proc/self/root/../" + path));
}

TEST(Escape, ReadShadow) {
  EXPECT_FALSE(can_read("/etc/shadow"));
}

TEST(Escape, ReadHomes) {
  EXPECT_FALSE(can_read("/root/.bashrc"));
  EXPECT_FALSE(can_read("/root/.profile"));
}

TEST(Escape, WriteOutsideOfTmp) {
  for (const std::string folder : {"/", "/etc", "/usr", "/usr/lib", "/bin", "/var", "/var/task", "/opt", "/home",
                                   "/root", "/dev", "/proc", "/sys", "/run"}) {
    EXPECT_FALSE(can_create(folder + "/sortie-escape")) << folder;
  }
}

TEST(Escape, WriteToHostFolder) {
  const std::string folder = variable("HOST_FOLDER");
  if (folder.empty()) GTEST_SKIP() << "HOST_FOLDER is not set";
  EXPECT_FALSE(can_create(folder + "/sortie-escape"));
}

TEST(Escape, ChangeSystemFiles) {
  EXPECT_NE(chmod("/usr/bin/env", 0777), 0);
  EXPECT_NE(unlink("/etc/passwd"), 0);
  EXPECT_NE(rename("/etc/hosts", "/tmp/hosts"), 0);
}

TEST(Escape, SeeHostProcesses) {
  // Inside there are the sandbox's first process, the harness and the suite; a host has many more, and its first
  // process is an init.
  int count = 0;
  DIR* processes = opendir("/proc");
  ASSERT_NE(processes, nullptr);
  while (const dirent* entry = readdir(processes)) count += std::atoi(entry->d_name) > 0 ? 1 : 0;
  closedir(processes);
  EXPECT_LE(count, 8);
}

TEST(Escape, SignalHostProcess) {
  const int pid = std::atoi(variable("HOST_PID").c_str());
  if (pid <= 0) GTEST_SKIP() << "HOST_PID is not set";
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST(Escape, TraceFirstProcess) {
  EXPECT_EQ(ptrace(PTRACE_ATTACH, 1, nullptr, nullptr), -1);
}

TEST(Escape, ConnectToHostLoopback) {
  const int port = std::atoi(variable("HOST_PORT").c_str());
  if (port <= 0) GTEST_SKIP() << "HOST_PORT is not set";
  EXPECT_FALSE(can_connect("127.0.0.1", port));
}

TEST(Escape, ConnectToTheWorld) {
  EXPECT_FALSE(can_connect("192.0.2.1", 80) || can_connect("1.1.1.1", 53));
}

TEST(Escape, OpenRawSocket) {
  EXPECT_LT(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), 0);
  EXPECT_LT(socket(AF_PACKET, SOCK_RAW, 0), 0);
}

TEST(Escape, Mount) {
  EXPECT_NE(mount("none", "/tmp", "tmpfs", 0, nullptr), 0);
  EXPECT_NE(mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND, nullptr), 0);
  EXPECT_NE(umount2("/var/task", MNT_DETACH), 0);
}

TEST(Escape, NewNamespace) {
  EXPECT_NE(unshare(CLONE_NEWUSER), 0);
  EXPECT_NE(unshare(CLONE_NEWNS), 0);
  EXPECT_NE(unshare(CLONE_NEWNET), 0);
}

TEST(Escape, ChangeRoot) {
  EXPECT_NE(chroot("/tmp"), 0);
}

TEST(Escape, BecomeRoot) {
  EXPECT_NE(getuid(), 0U);
  EXPECT_NE(setuid(0), 0);
  EXPECT_NE(setgid(0), 0);
}

TEST(Escape, RaiseOpenFiles) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_LE(limit.rlim_max, 1024U);
  limit.rlim_cur = limit.rlim_max = limit.rlim_max + 1024;
  EXPECT_NE(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

TEST(Escape, RaisePriority) {
  errno = 0;
  EXPECT_NE(setpriority(PRIO_PROCESS, 0, -10), 0);
}

TEST(Escape, WriteToCgroups) {
  for (const char* path :
       {"/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/pids/pids.max"}) {
    EXPECT_LT(open(path, O_WRONLY), 0) << path;
  }
}

TEST(Escape, ChangeKernelSettings) {
  EXPECT_LT(open("/proc/sys/kernel/hostname", O_WRONLY), 0);
  EXPECT_LT(open("/proc/sysrq-trigger", O_WRONLY), 0);
  EXPECT_NE(sethostname("escaped", 7), 0);
}

TEST(Escape, MakeDevice) {
  EXPECT_NE(mknod("/tmp/device", S_IFBLK | 0600, static_cast<dev_t>(8 << 8)), 0);
  EXPECT_FALSE(can_read("/dev/sda") || can_read("/dev/vda") || can_read("/dev/mem"));
}

TEST(Escape, FindEngineCredentials) {
  // The function has its role's temporary credentials, never the engine's own.
  EXPECT_TRUE(variable("AWS_ACCESS_KEY_ID").empty() || variable("AWS_ACCESS_KEY_ID").starts_with("ASIA"));
  EXPECT_FALSE(can_read("/proc/1/environ"));
}

}  // namespace
