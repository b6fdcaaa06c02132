#include "sandbox/notified_call.h"

#include <netinet/in.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace sortie::sandbox {
namespace {

constexpr std::size_t k_max_parts = 1024;  // UIO_MAXIOV
constexpr std::size_t k_max_control = 1024;
constexpr std::uint64_t k_page = 4096;
constexpr std::size_t k_shortest_ipv6 = 24;        // RFC 2133: without the scope
constexpr std::uint64_t k_max_part = 0x7fff'f000;  // MAX_RW_COUNT
constexpr std::array<std::uint8_t, 12> k_mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

sockaddr_in as_ipv4(const SocketAddress& address) {
  sockaddr_in in{};
  std::memcpy(&in, &address.storage, sizeof in);
  return in;
}

sockaddr_in6 as_ipv6(const SocketAddress& address) {
  sockaddr_in6 in{};
  std::memcpy(&in, &address.storage, std::min<std::size_t>(sizeof in, address.size));
  return in;
}

Destination ipv4_destination(const void* address, std::uint16_t port) {
  Destination destination;
  std::memcpy(destination.address.data(), address, 4);
  destination.port = ntohs(port);
  return destination;
}

}  // namespace

std::uint32_t Destination::ipv4() const {
  if (ipv6) return 0;
  return std::uint32_t{address[0]} << 24 | std::uint32_t{address[1]} << 16 | std::uint32_t{address[2]} << 8 |
         address[3];
}

bool Destination::is_loopback() const {
  if (!ipv6) return address[0] == 127 || ipv4() == 0;
  const bool zeros = std::all_of(address.begin(), address.end() - 1, [](std::uint8_t byte) { return byte == 0; });
  return zeros && address.back() <= 1;
}

sa_family_t SocketAddress::family() const {
  return size >= sizeof(sa_family_t) ? storage.ss_family : sa_family_t{AF_UNSPEC};
}

Copied<SocketAddress> copy_address(CallerMemory& memory, std::uint64_t address, std::uint64_t size) {
  const auto length = static_cast<std::int32_t>(static_cast<std::uint32_t>(size));  // an int to the kernel
  SocketAddress copy;
  if (length < 0 || static_cast<std::size_t>(length) > sizeof copy.storage) return std::unexpected(EINVAL);
  if (length == 0) return copy;
  if (!memory.read(address, &copy.storage, static_cast<std::size_t>(length))) return std::unexpected(EFAULT);
  copy.size = static_cast<socklen_t>(length);
  return copy;
}

Copied<OutgoingMessage> copy_message(CallerMemory& memory, std::uint64_t address) {
  msghdr header{};
  if (!memory.read(address, &header, sizeof header)) return std::unexpected(EFAULT);
  OutgoingMessage message;
  message.name_address = reinterpret_cast<std::uint64_t>(header.msg_name);
  if (static_cast<std::int32_t>(header.msg_namelen) < 0) return std::unexpected(EINVAL);
  if (header.msg_name != nullptr) {
    const auto size = std::min<std::uint64_t>(header.msg_namelen, sizeof(sockaddr_storage));
    auto to = copy_address(memory, message.name_address, size);
    if (!to) return std::unexpected(to.error());
    message.to = *to;
  }
  if (header.msg_iovlen > k_max_parts) return std::unexpected(EMSGSIZE);
  std::vector<iovec> parts(header.msg_iovlen);
  if (!parts.empty() &&
      !memory.read(reinterpret_cast<std::uint64_t>(header.msg_iov), parts.data(), parts.size() * sizeof(iovec))) {
    return std::unexpected(EFAULT);
  }
  for (const iovec& part : parts) {
    if (static_cast<std::int64_t>(part.iov_len) < 0) return std::unexpected(EINVAL);
    message.size += std::min<std::uint64_t>(part.iov_len, k_max_part);
    message.parts.emplace_back(reinterpret_cast<std::uint64_t>(part.iov_base), part.iov_len);
  }
  message.control_address = reinterpret_cast<std::uint64_t>(header.msg_control);
  message.control_size = header.msg_control == nullptr ? 0 : header.msg_controllen;
  return message;
}

Copied<std::string> copy_data(CallerMemory& memory, const OutgoingMessage& message, std::size_t limit) {
  if (message.size > limit) return std::unexpected(EMSGSIZE);
  std::string data(message.size, '\0');
  std::size_t at = 0;
  for (const auto& [address, size] : message.parts) {
    if (size > data.size() - at) return std::unexpected(EMSGSIZE);
    if (size != 0 && !memory.read(address, data.data() + at, size)) return std::unexpected(EFAULT);
    at += size;
  }
  return data;
}

Copied<std::string> copy_control(CallerMemory& memory, const OutgoingMessage& message) {
  if (message.control_size > k_max_control) return std::unexpected(EMSGSIZE);
  std::string control(message.control_size, '\0');
  if (!control.empty() && !memory.read(message.control_address, control.data(), control.size())) {
    return std::unexpected(EFAULT);
  }
  return control;
}

Copied<std::string> copy_path(CallerMemory& memory, std::uint64_t address) {
  // Page by page: what follows the end may not be readable.
  std::string path;
  while (path.size() < PATH_MAX) {
    char piece[k_page];
    const std::uint64_t at = address + path.size();
    const std::size_t size = std::min<std::size_t>(k_page - at % k_page, PATH_MAX - path.size());
    if (!memory.read(at, piece, size)) return std::unexpected(EFAULT);
    const std::size_t length = strnlen(piece, size);
    path.append(piece, length);
    if (length < size) return path;
  }
  return std::unexpected(ENAMETOOLONG);
}

Copied<std::optional<Destination>> destination_of(const SocketAddress& address, bool sending) {
  const sa_family_t family = address.family();
  if (family == AF_INET || (family == AF_UNSPEC && sending)) {
    if (address.size < sizeof(sockaddr_in)) return std::unexpected(EINVAL);
    const sockaddr_in in = as_ipv4(address);
    return ipv4_destination(&in.sin_addr, in.sin_port);
  }
  if (family != AF_INET6) return std::nullopt;
  if (address.size < k_shortest_ipv6) return std::unexpected(EINVAL);
  const sockaddr_in6 in = as_ipv6(address);
  const auto* bytes = in.sin6_addr.s6_addr;
  if (std::equal(k_mapped.begin(), k_mapped.end(), bytes)) {
    return ipv4_destination(bytes + k_mapped.size(), in.sin6_port);
  }
  Destination destination;
  destination.ipv6 = true;
  std::copy_n(bytes, destination.address.size(), destination.address.begin());
  destination.port = ntohs(in.sin6_port);
  return destination;
}

SocketAddress loopback_like(const SocketAddress& address, std::uint16_t port) {
  SocketAddress loopback;
  const std::uint32_t bytes = htonl(INADDR_LOOPBACK);
  if (address.family() == AF_INET6) {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    std::copy(k_mapped.begin(), k_mapped.end(), in.sin6_addr.s6_addr);
    std::memcpy(in.sin6_addr.s6_addr + k_mapped.size(), &bytes, sizeof bytes);
    std::memcpy(&loopback.storage, &in, sizeof in);
    loopback.size = sizeof in;
  } else {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    in.sin_addr.s_addr = bytes;
    std::memcpy(&loopback.storage, &in, sizeof in);
    loopback.size = sizeof in;
  }
  return loopback;
}

std::optional<std::string> unix_path(const SocketAddress& address) {
  constexpr std::size_t k_path_at = offsetof(sockaddr_un, sun_path);
  if (address.size <= k_path_at) return std::nullopt;
  const std::size_t limit = std::min<std::size_t>(address.size - k_path_at, sizeof(sockaddr_un::sun_path));
  const char* path = reinterpret_cast<const char*>(&address.storage) + k_path_at;
  if (*path == '\0') return std::nullopt;
  return std::string(path, strnlen(path, limit));
}

}  // namespace sortie::sandbox
