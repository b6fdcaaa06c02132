#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/notifier.h"

/// What a call's arguments point to, copied out of the memory of the program that makes it. Nothing in there is to be
/// trusted: sizes and pointers are anything, other threads change it meanwhile, the program may be dead. What is copied
/// counts from then on; nothing is looked at twice.
namespace sortie::sandbox {

/// The memory of a program that waits for the answer to a call.
class CallerMemory {
 public:
  virtual ~CallerMemory() = default;
  /// All of it, or false.
  virtual bool read(std::uint64_t address, void* to, std::size_t size) = 0;
  virtual bool write(std::uint64_t address, const void* from, std::size_t size) = 0;
};

/// A value, or the errno that the kernel answers such arguments with.
template <class T>
using Copied = std::expected<T, int>;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;  ///< 0: none

  [[nodiscard]] bool given() const { return size != 0; }
  [[nodiscard]] sa_family_t family() const;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// A message to be sent, and where it is in the caller's memory.
struct OutgoingMessage {
  SocketAddress to;
  std::uint64_t name_address = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> parts;  ///< address and size of each
  std::uint64_t size = 0;                                      ///< of all parts together
  std::uint64_t control_address = 0;
  std::uint64_t control_size = 0;
};

/// As the kernel's move_addr_to_kernel: EINVAL for a size that no address has, EFAULT for no memory.
Copied<SocketAddress> copy_address(CallerMemory& memory, std::uint64_t address, std::uint64_t size);
/// A struct msghdr, without the data. EMSGSIZE for more than 1,024 parts.
Copied<OutgoingMessage> copy_message(CallerMemory& memory, std::uint64_t address);
/// The data of a message; EMSGSIZE above `limit`.
Copied<std::string> copy_data(CallerMemory& memory, const OutgoingMessage& message, std::size_t limit);
/// The control data; EMSGSIZE above 1 KB.
Copied<std::string> copy_control(CallerMemory& memory, const OutgoingMessage& message);

/// A path, of at most PATH_MAX bytes with its end: EFAULT, ENAMETOOLONG.
Copied<std::string> copy_path(CallerMemory& memory, std::uint64_t address);

/// Where an address leads; EINVAL when it is cut short; nothing when it is none of the internet's. `sending`: an
/// address without a family is one of IPv4 there.
Copied<std::optional<Destination>> destination_of(const SocketAddress& address, bool sending);
/// 127.0.0.1 and `port`, in the family of `address`.
SocketAddress loopback_like(const SocketAddress& address, std::uint16_t port);
/// The path of a UNIX socket; nothing for one without a path.
std::optional<std::string> unix_path(const SocketAddress& address);

}  // namespace sortie::sandbox
