#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/task.h"
#include "base/unique_fd.h"

namespace sortie::sandbox {

/// An internet address that a program connects or sends to. IPv4-mapped IPv6 addresses are IPv4 here.
struct Destination {
  bool ipv6 = false;
  std::array<std::uint8_t, 16> address{};  ///< in network order; of IPv4 the first four count
  std::uint16_t port = 0;
  bool datagram = false;  ///< UDP (and the like) instead of TCP

  /// IPv4 as a number, 127.0.0.1 being 0x7f000001; 0 for IPv6.
  [[nodiscard]] std::uint32_t ipv4() const;
  [[nodiscard]] bool is_loopback() const;  ///< 127.0.0.0/8, ::1, and the unspecified addresses, which mean the same
};

/// What becomes of a call.
struct Verdict {
  enum class Kind : std::uint8_t {
    leave,      ///< the kernel goes on with it. No wall: the program may change the address after it was looked at
    carry_out,  ///< the engine makes the call on the program's socket, with the address that was looked at
    redirect,   ///< the same, with 127.0.0.1 and `port` as the address
    refuse,     ///< the call fails with `error`
  } kind = Kind::leave;
  std::uint16_t port = 0;
  int error = 0;

  static Verdict redirect(std::uint16_t port) { return {Kind::redirect, port, 0}; }
  static Verdict refuse(int error) { return {Kind::refuse, 0, error}; }
};

/// Who decides. Called on the io_context thread for each call with an address; must be quick.
struct ConnectPolicy {
  std::function<Verdict(const Destination&)> internet;
  /// A sandbox's own folder: UNIX sockets with a path are reached, and modes of files changed, below it alone. Empty:
  /// everywhere, as the kernel says.
  std::string own_folder;
  /// Files that are opened when others are asked for, by their absolute paths: trust stores.
  std::map<std::string, std::string> instead;
  /// What of names without a path (abstract ones): reachable, for want of anything that tells whose they are.
  bool abstract_names = true;
  /// Calls that send a signal (where the filter hands them over): may this process get one? Null: all may.
  std::function<bool(int pid)> may_signal;
};

/// The engine's end of a seccomp filter with user notifications (see notify_filter.h): each connect(2), and each
/// sendto, sendmsg and sendmmsg with an address, of the programs under the filter waits until this has answered it.
///
/// A redirected call is made by the engine: on the caller's own socket where pidfd_getfd(2) is allowed, so that nothing
/// changes for the program but the peer. Otherwise, for a socket that blocks, on a new one of the same kind that takes
/// the place of the caller's descriptor; for others, and where that fails, the address in the caller's memory is
/// overwritten and the kernel goes on.
///
/// Destroying it makes all waiting and later calls fail with ENOSYS. io_context thread only.
class Notifier {
 public:
  Notifier(Executor executor, UniqueFd listener, ConnectPolicy policy);
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// A command under the notification filter and no other restriction: the standard streams, the terminal, the working
/// folder and the environment are those of this process unless given.
struct NotifiedCommand {
  std::vector<std::string> argv;         ///< argv[0] is looked for on PATH of `environment`
  std::vector<std::string> environment;  ///< NAME=value, the whole of it
};
struct NotifiedProcess {
  UniqueFd pidfd;  ///< a child of this process, to be reaped with waitid
  int pid = 0;
  UniqueFd listener;  ///< for a Notifier
};
/// ErrorKind::not_found and denied when it cannot be executed; ErrorKind::unavailable when the kernel has no such
/// filters or another one is in the way.
Result<NotifiedProcess> start_notified(const NotifiedCommand& command);

}  // namespace sortie::sandbox
