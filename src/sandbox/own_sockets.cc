#include "sandbox/own_sockets.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"

namespace sortie::sandbox {
namespace {

constexpr unsigned k_listening = 1U << 10;  // TCP_LISTEN
constexpr unsigned k_any_state = ~0U;
constexpr int k_deepest = 256;
constexpr std::size_t k_most_kept = 4096;

using Folder = std::unique_ptr<DIR, decltype([](DIR* folder) { closedir(folder); })>;

struct DiagRequest {
  nlmsghdr header;
  inet_diag_req_v2 body;
};

/// sock_diag(7): the inodes of the sockets of one family that have this local port. False when the kernel does not say.
bool add_sockets(int netlink, std::uint8_t family, const Destination& destination, std::vector<std::uint32_t>& inodes) {
  DiagRequest request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.sdiag_family = family;
  request.body.sdiag_protocol = destination.datagram ? IPPROTO_UDP : IPPROTO_TCP;
  request.body.idiag_states = destination.datagram ? k_any_state : k_listening;
  if (send(netlink, &request, sizeof request, 0) < 0) return false;
  alignas(nlmsghdr) char buffer[32 * 1024];
  for (;;) {
    const ssize_t size = recv(netlink, buffer, sizeof buffer, 0);
    if (size <= 0) return false;
    auto left = static_cast<unsigned>(size);
    for (const auto* header = reinterpret_cast<const nlmsghdr*>(buffer); NLMSG_OK(header, left);
         header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_type == NLMSG_DONE) return true;
      if (header->nlmsg_type == NLMSG_ERROR) return false;
      const auto* found = static_cast<const inet_diag_msg*>(NLMSG_DATA(header));
      if (ntohs(found->id.idiag_sport) == destination.port) inodes.push_back(found->idiag_inode);
    }
  }
}

/// The parent of a process or thread, from /proc/PID/stat.
std::optional<pid_t> parent_of(pid_t pid) {
  const UniqueFd file(open(fmt::format("/proc/{}/stat", pid).c_str(), O_RDONLY | O_CLOEXEC));
  char text[512];
  const ssize_t size = file ? read(file.get(), text, sizeof text) : -1;
  if (size <= 0) return std::nullopt;
  // The name may hold anything, parentheses too: what counts follows the last one: ") S PARENT".
  const std::string_view stat(text, static_cast<std::size_t>(size));
  const auto end = stat.rfind(')');
  if (end == std::string_view::npos || end + 4 >= stat.size()) return std::nullopt;
  pid_t parent = 0;
  std::from_chars(stat.data() + end + 4, stat.data() + stat.size(), parent);
  return parent;
}

std::optional<pid_t> number_of(const char* name) {
  pid_t number = 0;
  const char* end = name + std::string_view(name).size();
  const auto [at, error] = std::from_chars(name, end, number);
  if (error != std::errc() || at != end) return std::nullopt;
  return number;
}

bool holds_socket(pid_t pid, std::string_view link) {
  const std::string path = fmt::format("/proc/{}/fd", pid);
  const Folder folder(opendir(path.c_str()));
  if (!folder) return false;
  char target[64];
  while (const dirent* entry = readdir(folder.get())) {
    const ssize_t size = readlinkat(dirfd(folder.get()), entry->d_name, target, sizeof target);
    if (size > 0 && std::string_view(target, static_cast<std::size_t>(size)) == link) return true;
  }
  return false;
}

std::vector<pid_t> descendants_of(pid_t ancestor) {
  std::multimap<pid_t, pid_t> children;
  const Folder processes(opendir("/proc"));
  while (const dirent* entry = processes ? readdir(processes.get()) : nullptr) {
    const auto pid = number_of(entry->d_name);
    if (const auto parent = pid ? parent_of(*pid) : std::nullopt) children.emplace(*parent, *pid);
  }
  std::vector<pid_t> found = {ancestor};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto [begin, end] = children.equal_range(found[i]);
    for (auto child = begin; child != end; ++child) found.push_back(child->second);
  }
  found.erase(found.begin());
  return found;
}

}  // namespace

bool OwnSockets::is_descendant(pid_t pid) const {
  for (int depth = 0; depth < k_deepest && pid > 1; ++depth) {
    const auto parent = parent_of(pid);
    if (!parent) return false;
    if (*parent == ancestor_) return true;
    pid = *parent;
  }
  return false;
}

bool OwnSockets::is_own(std::uint32_t inode) {
  if (own_.contains(inode)) return true;
  const std::string link = fmt::format("socket:[{}]", inode);
  const auto all = descendants_of(ancestor_);
  if (std::ranges::none_of(all, [&](pid_t pid) { return holds_socket(pid, link); })) return false;
  if (own_.size() >= k_most_kept) own_.clear();
  own_.insert(inode);
  return true;
}

bool OwnSockets::listens(const Destination& destination) {
  const UniqueFd netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  std::vector<std::uint32_t> inodes;
  if (!netlink || !add_sockets(netlink.get(), AF_INET, destination, inodes) ||
      !add_sockets(netlink.get(), AF_INET6, destination, inodes)) {
    return false;
  }
  return !inodes.empty() && std::ranges::all_of(inodes, [this](std::uint32_t inode) { return is_own(inode); });
}

}  // namespace sortie::sandbox
