#include "sandbox/caller.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string_view>

namespace sortie::sandbox {
namespace {

constexpr int k_pidfd_thread = O_EXCL;  // PIDFD_THREAD of Linux 6.9

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

/// The value of a line `name:<white space>value` of a file in /proc.
std::optional<std::string> proc_field(const std::string& path, std::string_view name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ':') continue;
    const auto begin = line.find_first_not_of(" \t", name.size() + 1);
    return begin == std::string::npos ? std::string() : line.substr(begin);
  }
  return std::nullopt;
}

int option(int fd, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

/// The kernel's names of protocols (struct proto), as it shows them for a socket.
struct ProtocolName {
  std::string_view name;
  int domain;
  int type;
};
constexpr ProtocolName k_protocols[] = {
    {"TCP", AF_INET, SOCK_STREAM},     {"TCPv6", AF_INET6, SOCK_STREAM},
    {"MPTCP", AF_INET, SOCK_STREAM},   {"MPTCPv6", AF_INET6, SOCK_STREAM},
    {"UDP", AF_INET, SOCK_DGRAM},      {"UDPv6", AF_INET6, SOCK_DGRAM},
    {"UDP-Lite", AF_INET, SOCK_DGRAM}, {"UDPLITEv6", AF_INET6, SOCK_DGRAM},
    {"PING", AF_INET, SOCK_DGRAM},     {"PINGv6", AF_INET6, SOCK_DGRAM},
    {"RAW", AF_INET, SOCK_RAW},        {"RAWv6", AF_INET6, SOCK_RAW},
    {"UNIX", AF_UNIX, SOCK_DGRAM},     {"UNIX-STREAM", AF_UNIX, SOCK_STREAM},
    {"NETLINK", AF_NETLINK, SOCK_RAW},
};

/// Before Linux 6.9 there are descriptors of whole processes only.
UniqueFd open_whole_process(pid_t thread) {
  UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, thread, 0)));  // the first thread of its process
  if (process) return process;
  const auto group = proc_field(fmt::format("/proc/{}/status", thread), "Tgid");
  if (group) process.reset(static_cast<int>(syscall(SYS_pidfd_open, std::atoi(group->c_str()), 0)));
  return process;
}

UniqueFd take(const UniqueFd& process, int fd) {
  return UniqueFd(process ? static_cast<int>(syscall(SYS_pidfd_getfd, process.get(), fd, 0)) : -1);
}

}  // namespace

bool can_take_sockets() {
  static const bool can = [] {
    const UniqueFd self(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
    const UniqueFd taken(static_cast<int>(syscall(SYS_pidfd_getfd, self.get(), self.get(), 0)));
    return static_cast<bool>(taken);
  }();
  return can;
}

bool Caller::read(std::uint64_t address, void* to, std::size_t size) {
  const iovec local = {to, size};
  const iovec remote = {reinterpret_cast<void*>(address), size};  // NOLINT(performance-no-int-to-ptr)
  if (process_vm_readv(thread_, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size)) return true;
  if (errno != ENOSYS && errno != EPERM) return false;
  const UniqueFd memory(open(fmt::format("/proc/{}/mem", thread_).c_str(), O_RDONLY | O_CLOEXEC));
  return memory && pread(memory.get(), to, size, static_cast<off_t>(address)) == static_cast<ssize_t>(size);
}

bool Caller::write(std::uint64_t address, const void* from, std::size_t size) {
  const iovec local = {const_cast<void*>(from), size};
  const iovec remote = {reinterpret_cast<void*>(address), size};  // NOLINT(performance-no-int-to-ptr)
  return process_vm_writev(thread_, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
}

UniqueFd Caller::take_socket(int fd) const {
  // A program that connects does so often, and to make this descriptor costs as much as the rest. That of a thread
  // which has ended stays one of nobody, also when another thread gets the number.
  thread_local pid_t known_thread = 0;
  thread_local UniqueFd known;
  if (known_thread == thread_) {
    if (UniqueFd taken = take(known, fd); taken || errno != ESRCH) return taken;
  }
  known_thread = 0;
  known.reset(static_cast<int>(syscall(SYS_pidfd_open, thread_, k_pidfd_thread)));
  if (!known) return errno == EINVAL ? take(open_whole_process(thread_), fd) : UniqueFd();
  known_thread = thread_;
  return take(known, fd);
}

Copied<CallerSocket> Caller::socket(int fd) const {
  CallerSocket socket;
  socket.own = take_socket(fd);
  if (!socket.own) {
    if (errno == EBADF) return std::unexpected(EBADF);
    return describe_socket(fd);
  }
  socket.domain = option(socket.own.get(), SO_DOMAIN);
  if (socket.domain < 0) return std::unexpected(errno == EBADF ? EBADF : ENOTSOCK);
  socket.type = option(socket.own.get(), SO_TYPE);
  socket.flags = fcntl(socket.own.get(), F_GETFL);
  socket.non_blocking = (socket.flags & O_NONBLOCK) != 0;
  return socket;
}

/// What /proc tells of a socket that we cannot have.
Copied<CallerSocket> Caller::describe_socket(int fd) const {
  char name[32] = {};
  const std::string path = fmt::format("/proc/{}/fd/{}", thread_, fd);
  const ssize_t size = getxattr(path.c_str(), "system.sockprotoname", name, sizeof name - 1);
  if (size < 0) return std::unexpected(errno == ENOENT ? EBADF : ENOTSOCK);
  CallerSocket socket;
  for (const ProtocolName& known : k_protocols) {
    if (known.name != std::string_view(name)) continue;
    socket.domain = known.domain;
    socket.type = known.type;
  }
  const auto flags = proc_field(fmt::format("/proc/{}/fdinfo/{}", thread_, fd), "flags");
  if (!flags) return std::unexpected(EBADF);
  const auto bits = std::strtoul(flags->c_str(), nullptr, 8);
  socket.non_blocking = (bits & O_NONBLOCK) != 0;
  socket.close_on_exec = (bits & O_CLOEXEC) != 0;
  return socket;
}

std::optional<std::string> Caller::absolute(const std::string& path, int folder) const {
  if (path.starts_with('/')) return path;
  const std::string link =
      folder == AT_FDCWD ? fmt::format("/proc/{}/cwd", thread_) : fmt::format("/proc/{}/fd/{}", thread_, folder);
  char begin[4096];
  const ssize_t size = readlink(link.c_str(), begin, sizeof begin);
  if (size <= 0 || static_cast<std::size_t>(size) == sizeof begin) return std::nullopt;
  return std::string(begin, static_cast<std::size_t>(size)) + "/" + path;
}

}  // namespace sortie::sandbox
