// The programs that the tests run inside a sandbox, and the main function that chooses.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "sandbox/sandbox_fixture.h"

namespace sortie::sandbox {
namespace {

using Arguments = std::vector<std::string>;

void print(const std::string& name, long result) {
  std::printf("%s %s\n", name.c_str(), result < 0 ? strerrorname_np(errno) : "ok");
  std::fflush(stdout);
}

/// connect ADDRESS PORT
int connect_to(const Arguments& arguments) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(arguments.at(1).c_str())));
  inet_pton(AF_INET, arguments.at(0).c_str(), &address.sin_addr);
  print("connect", connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address));
  close(fd);
  return 0;
}

/// Connects again and again until it is killed.
int connect_forever(const Arguments& arguments) {
  for (;;) connect_to(arguments);
}

long start_with_flags(unsigned long flags) {
  const long pid = syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (pid == 0) _exit(0);
  return pid;
}

int forbidden_calls(const Arguments&) {
  print("mount", mount("tmp", "/tmp", "tmpfs", 0, nullptr));
  print("umount", umount2("/proc", MNT_DETACH));
  print("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/", 1));
  print("chroot", chroot("/tmp"));
  print("unshare", unshare(CLONE_NEWUSER));
  print("clone", start_with_flags(CLONE_NEWUSER));
  print("clone3", syscall(SYS_clone3, nullptr, 0));
  print("setns", setns(0, 0));
  print("ptrace", ptrace(PTRACE_ATTACH, 1, nullptr, nullptr));
  print("keyctl", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1));
  print("bpf", syscall(SYS_bpf, 0, nullptr, 0));
  print("perf_event_open", syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0));
  print("userfaultfd", syscall(SYS_userfaultfd, 0));
  print("io_uring", syscall(SYS_io_uring_setup, 1, nullptr));
  print("vsock", socket(AF_VSOCK, SOCK_STREAM, 0));
  print("reboot", syscall(SYS_reboot, 0, 0, 0, nullptr));
  print("hostname", sethostname("x", 1));
  return 0;
}

long raise_limit(__rlimit_resource resource, rlim_t to) {
  const rlimit limit = {to, to};
  return setrlimit(resource, &limit);
}

int raised_limits(const Arguments&) {
  print("nofile", raise_limit(RLIMIT_NOFILE, 4096));
  print("core", raise_limit(RLIMIT_CORE, 1 << 20));
  print("memlock", raise_limit(RLIMIT_MEMLOCK, 1 << 20));
  int last = -1;
  for (int fd = 0; (fd = open("/dev/null", O_RDONLY)) >= 0;) last = fd;
  const char* error = strerrorname_np(errno);
  close_range(3, ~0U, 0);  // the sanitizers want descriptors at the end
  std::printf("last %d %s\n", last, error);
  return 0;
}

/// use-memory [MIB [SECONDS]]: writes to so much memory, or until somebody stops it, and keeps it so long.
int use_memory(const Arguments& arguments) {
  const int count = arguments.empty() ? INT_MAX : std::stoi(arguments[0]);
  for (int i = 0; i < count; ++i) {
    constexpr std::size_t k_size = 1 << 20;
    void* memory = mmap(nullptr, k_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return 1;
    std::memset(memory, 1, k_size);
  }
  if (arguments.size() > 1) std::this_thread::sleep_for(std::chrono::seconds(std::stoi(arguments[1])));
  return 0;
}

/// Forks children that stay, until it cannot.
int fork_bomb(const Arguments&) {
  int children = 0;
  while (children < 5000) {
    const pid_t pid = fork();
    if (pid < 0) break;
    if (pid == 0) {
      for (;;) pause();
    }
    ++children;
  }
  std::printf("%d %s\n", children, strerrorname_np(errno));
  return 0;
}

/// Signals everything it may, and says whether it was refused; its own death is the answer otherwise.
int signal_everything(const Arguments&) {
  print("all", kill(-1, SIGKILL));
  return 0;
}

/// Signals process 1 and the given pid, which is a host process's.
int signal_others(const Arguments& arguments) {
  print("host", kill(std::atoi(arguments.at(0).c_str()), SIGKILL));
  kill(1, SIGKILL);
  print("alive", 0);
  return 0;
}

int create_files(const Arguments& arguments) {
  for (const std::string& path : arguments) print(path, open(path.c_str(), O_WRONLY | O_CREAT, 0600));
  return 0;
}

/// change-modes OUTSIDE FOLDER
int change_modes(const Arguments& arguments) {
  const char* outside = arguments.at(0).c_str();
  const std::string& folder = arguments.at(1);
  print("outside", chmod(outside, 0777));
  print("outside at", fchmodat(AT_FDCWD, outside, 0777, 0));
  print("through a descriptor", fchmod(open("/usr/bin/env", O_RDONLY), 0777));
  print("round about", chmod((folder + "/../../../../../.." + outside).c_str(), 0777));
  if (chdir(folder.c_str()) != 0 || symlink(outside, "link") != 0) return 1;
  print("link", chmod("link", 0777));
  print("attribute", setxattr(folder.c_str(), "user.x", "x", 1, 0));
  const int file = open("file", O_WRONLY | O_CREAT, 0600);
  print("inside", chmod((folder + "/file").c_str(), 0700));
  print("relative", chmod("file", 0711));
  print("open", fchmod(file, 0710));
  print("at", fchmodat(open(folder.c_str(), O_RDONLY | O_DIRECTORY), "file", 0750, 0));
  struct stat status{};
  fstat(file, &status);
  std::printf("mode %o\n", status.st_mode & 0777);
  print("nowhere", chmod("nowhere", 0700));
  return 0;
}

const Trades k_trades = {
    {"connect", connect_to},
    {"connect-forever", connect_forever},
    {"forbidden-calls", forbidden_calls},
    {"raise-limits", raised_limits},
    {"use-memory", use_memory},
    {"fork-bomb", fork_bomb},
    {"signal-others", signal_others},
    {"signal-everything", signal_everything},
    {"create-files", create_files},
    {"change-modes", change_modes},
};

}  // namespace

int play_inside(const std::vector<std::string>& arguments) {
  const Trades& trades = k_trades.contains(arguments.at(0)) ? k_trades : network_trades();
  return trades.at(arguments.at(0))({arguments.begin() + 1, arguments.end()});
}

}  // namespace sortie::sandbox

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (argc > 2 && arguments[0] == "--inside")
    return sortie::sandbox::play_inside({arguments.begin() + 1, arguments.end()});
  if (argc > 3 && arguments[0] == "--hold") return sortie::sandbox::hold_a_sandbox(arguments[1], arguments[2]);
  if (argc > 2 && arguments[0] == "--probe") return sortie::sandbox::probe_by_creating();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
