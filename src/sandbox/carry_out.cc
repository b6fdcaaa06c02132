#include "sandbox/carry_out.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "sandbox/caller.h"
#include "sandbox/mode_calls.h"
#include "sandbox/open_calls.h"
#include "sandbox/own_folder.h"
#include "sandbox/signal_calls.h"

namespace sortie::sandbox {
namespace {

constexpr std::size_t k_max_data = 256 << 10;       // a datagram of the internet has 64 KB, the others a buffer's size
constexpr std::uint64_t k_messages_at_a_time = 64;  // sendmmsg may always send fewer than it was asked to

/// Where a call really goes.
struct Target {
  enum class Kind : std::uint8_t { leave, refuse, make } kind = Kind::leave;
  int error = 0;
  SocketAddress to;
  bool changed = false;
  UniqueFd file;  ///< that of a UNIX socket, as long as `to` names it
};

Target refused(int error) {
  return {.kind = Target::Kind::refuse, .error = error, .to = {}, .file = {}};
}

/// A UNIX socket in the folder, whatever becomes of its path meanwhile.
Target unix_target(const Caller& caller, const ConnectPolicy& policy, const std::string& path) {
  const auto absolute = caller.absolute(path);
  auto file = open_below(policy.own_folder, absolute.value_or(""));
  if (!file) return refused(file.error());
  Target target{.kind = Target::Kind::make, .to = {}, .file = *std::move(file)};
  sockaddr_un by_descriptor{};
  by_descriptor.sun_family = AF_UNIX;
  path_of(target.file).copy(by_descriptor.sun_path, sizeof by_descriptor.sun_path - 1);
  std::memcpy(&target.to.storage, &by_descriptor, sizeof by_descriptor);
  target.to.size = sizeof by_descriptor;
  return target;
}

Target internet_target(const SocketAddress& address, Destination destination, const ConnectPolicy& policy,
                       bool datagram) {
  destination.datagram = datagram;
  const Verdict verdict = policy.internet(destination);
  Target target{.kind = Target::Kind::make, .to = address, .file = {}};
  switch (verdict.kind) {
    case Verdict::Kind::leave: target.kind = Target::Kind::leave; break;
    case Verdict::Kind::carry_out: break;
    case Verdict::Kind::redirect:
      target.to = loopback_like(address, verdict.port);
      target.changed = true;
      break;
    case Verdict::Kind::refuse: return refused(verdict.error);
  }
  return target;
}

Target target_of(const Caller& caller, const CallerSocket& socket, const SocketAddress& address,
                 const ConnectPolicy& policy, bool sending) {
  // Without the socket itself there is no telling what an address of no family or of another one does to it.
  Target other{.kind = socket.own ? Target::Kind::make : Target::Kind::leave, .to = address, .file = {}};
  if (address.family() == AF_UNIX && (socket.domain == AF_UNIX || !socket.own)) {
    const auto path = unix_path(address);
    if (!path) {
      if (policy.abstract_names) other.kind = Target::Kind::leave;  // who may reach what is the kernel's to say
      return policy.abstract_names ? std::move(other) : refused(ECONNREFUSED);
    }
    if (policy.own_folder.empty()) return {};
    Target target = unix_target(caller, policy, *path);
    if (target.kind == Target::Kind::make && !socket.own) return {};
    return target;
  }
  if (socket.domain == AF_UNIX || socket.domain == AF_NETLINK) return other;
  const auto destination = destination_of(address, sending);
  if (!destination) return refused(destination.error());
  if (!*destination) return other;
  return internet_target(address, **destination, policy, socket.type != SOCK_STREAM);
}

bool writable_now(int fd) {
  pollfd ready = {fd, POLLOUT, 0};
  return poll(&ready, 1, 0) == 1;
}

int connect_once(int fd, const SocketAddress& to) {
  return connect(fd, to.get(), to.size) == 0 ? 0 : errno;
}

/// connect(2) on a socket that does not block, for a caller that waits: over loopback the answer is there already;
/// asked again, the kernel gives it.
int connect_asking_twice(int fd, const SocketAddress& to) {
  const int error = connect_once(fd, to);
  return error == EINPROGRESS && writable_now(fd) ? connect_once(fd, to) : error;
}

/// On the caller's own socket. The flag belongs to the open socket: it is put back at once.
int connect_own(const CallerSocket& socket, const SocketAddress& to) {
  if (socket.non_blocking) return connect_once(socket.own.get(), to);
  fcntl(socket.own.get(), F_SETFL, socket.flags | O_NONBLOCK);
  const int error = connect_asking_twice(socket.own.get(), to);
  fcntl(socket.own.get(), F_SETFL, socket.flags);
  return error;
}

bool out_of_time(const NotifiedCall& call, int fd) {
  timeval limit{};
  socklen_t size = sizeof limit;
  if (getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &size) != 0 || (limit.tv_sec == 0 && limit.tv_usec == 0))
    return false;
  const auto allowed = std::chrono::seconds(limit.tv_sec) + std::chrono::microseconds(limit.tv_usec);
  return std::chrono::steady_clock::now() - call.began > allowed;
}

/// The answer of a call to a caller that can wait, or nothing yet.
std::optional<Answer> unless_waiting(const NotifiedCall& call, const CallerSocket& socket, int fd, int error) {
  const bool waits = error == EINPROGRESS || error == EALREADY || error == EAGAIN;
  if (error == 0) return Answer::success();
  if (!waits || socket.non_blocking || out_of_time(call, fd)) return Answer::failure(error);
  return std::nullopt;
}

/// The last resort: the program's own copy of the address.
Answer overwrite(Caller& caller, std::uint64_t address, const SocketAddress& old, const SocketAddress& to) {
  if (!caller.write(address, &to.storage, std::min(to.size, old.size))) return Answer::failure(ENETUNREACH);
  return Answer::leave();
}

/// Puts `call.replacement` where the caller's socket is.
bool replace_socket(NotifiedCall& call, const CallerSocket& socket, int fd) {
  if (!socket.non_blocking) {
    fcntl(call.replacement.get(), F_SETFL, fcntl(call.replacement.get(), F_GETFL) & ~O_NONBLOCK);
  }
  seccomp_notif_addfd add{};
  add.id = call.notification.id;
  add.flags = SECCOMP_ADDFD_FLAG_SETFD;
  add.srcfd = static_cast<std::uint32_t>(call.replacement.get());
  add.newfd = static_cast<std::uint32_t>(fd);
  add.newfd_flags = socket.close_on_exec ? O_CLOEXEC : 0;
  return ioctl(call.listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) >= 0;
}

/// For a caller whose socket cannot be had.
std::optional<Answer> connect_replacement(NotifiedCall& call, Caller& caller, const CallerSocket& socket,
                                          const SocketAddress& asked, const Target& target) {
  const auto* arguments = call.notification.data.args;
  if (!target.changed) return Answer::leave();
  // A socket that does not block is likely to be watched by epoll, which would go on watching the old one.
  if (socket.non_blocking) {
    if (const Answer overwritten = overwrite(caller, arguments[1], asked, target.to); overwritten.go_on)
      return overwritten;
  }
  if (!call.replacement && socket.domain != 0) {
    call.replacement.reset(::socket(socket.domain, socket.type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  }
  if (!call.replacement) return overwrite(caller, arguments[1], asked, target.to);
  const int made = call.replacement.get();
  const int error = socket.non_blocking ? connect_once(made, target.to) : connect_asking_twice(made, target.to);
  auto answer = unless_waiting(call, socket, call.replacement.get(), error);
  if (!answer || (answer->error != 0 && answer->error != EINPROGRESS)) return answer;
  if (replace_socket(call, socket, static_cast<int>(arguments[0]))) return answer;
  return overwrite(caller, arguments[1], asked, target.to);
}

std::optional<Answer> carry_out_connect(NotifiedCall& call, const ConnectPolicy& policy) {
  const auto* arguments = call.notification.data.args;
  Caller caller(static_cast<pid_t>(call.notification.pid));
  const auto asked = copy_address(caller, arguments[1], arguments[2]);
  if (!asked) return Answer::failure(asked.error());
  const auto socket = caller.socket(static_cast<int>(arguments[0]));
  if (!call.still_waits()) return Answer::failure(EINTR);
  if (!socket) return Answer::failure(socket.error());
  const Target target = target_of(caller, *socket, *asked, policy, false);
  if (target.kind == Target::Kind::leave) return Answer::leave();
  if (target.kind == Target::Kind::refuse) return Answer::failure(target.error);
  if (!socket->own) return connect_replacement(call, caller, *socket, *asked, target);
  const int error = connect_own(*socket, target.to);
  return unless_waiting(call, *socket, socket->own.get(), error);
}

/// One message, sent as the engine's copy of it.
struct Sending {
  NotifiedCall& call;
  Caller& caller;
  const CallerSocket& socket;
  const ConnectPolicy& policy;
  int flags;

  [[nodiscard]] Answer send(const OutgoingMessage& message) const {
    // Connected sockets of this kind do not look at the address.
    if (socket.type == SOCK_STREAM || socket.type == SOCK_SEQPACKET) return Answer::leave();
    Target target;
    if (message.to.given()) target = target_of(caller, socket, message.to, policy, true);
    if (target.kind == Target::Kind::refuse) return Answer::failure(target.error);
    if (target.kind == Target::Kind::leave && (message.to.given() || !socket.own)) return Answer::leave();
    if (!socket.own)
      return target.changed ? overwrite(caller, message.name_address, message.to, target.to) : Answer::leave();
    return send_copy(message, target);
  }

  [[nodiscard]] Answer send_copy(const OutgoingMessage& message, const Target& target) const {
    auto data = copy_data(caller, message, k_max_data);
    if (!data) return Answer::failure(data.error());
    auto control = copy_control(caller, message);
    if (!control) return Answer::failure(control.error());
    // Descriptors in there are numbers of another process.
    if (socket.domain == AF_UNIX && !control->empty()) return Answer::failure(EINVAL);
    iovec part = {data->data(), data->size()};
    SocketAddress to = target.to;
    msghdr header{};
    header.msg_name = to.given() ? &to.storage : nullptr;
    header.msg_namelen = to.size;
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    if (!target.changed && !control->empty()) {
      header.msg_control = control->data();
      header.msg_controllen = control->size();
    }
    const ssize_t sent = sendmsg(socket.own.get(), &header, flags | MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return Answer::failure(errno);
    // Resolvers that do not connect compare an answer's sender with the address they hold.
    if (target.changed) caller.write(message.name_address, &to.storage, std::min(to.size, message.to.size));
    return Answer::success(sent);
  }

  [[nodiscard]] std::optional<Answer> unless_full(const Answer& answer) const {
    const bool waits = answer.error == EAGAIN && !socket.non_blocking && (flags & MSG_DONTWAIT) == 0;
    if (waits && !out_of_time(call, socket.own.get())) return std::nullopt;
    return answer;
  }
};

constexpr std::uint64_t k_header_step = sizeof(mmsghdr);

std::optional<Answer> send_many(const Sending& sending, std::uint64_t headers, std::uint64_t count) {
  std::vector<OutgoingMessage> messages;
  bool addressed = false;
  for (std::uint64_t i = 0; i < std::min(count, k_messages_at_a_time); ++i) {
    auto message = copy_message(sending.caller, headers + i * k_header_step);
    if (!message && messages.empty()) return Answer::failure(message.error());
    if (!message) break;
    addressed = addressed || message->to.given();
    messages.push_back(*std::move(message));
  }
  if (!addressed) return Answer::leave();
  std::int64_t sent = 0;
  for (const OutgoingMessage& message : messages) {
    const Answer answer = sending.send(message);
    if (answer.go_on && sending.socket.own && sent == 0) return answer;
    if (answer.go_on && !sending.socket.own) continue;  // the addresses are right now; the kernel sends all of them
    if (answer.go_on || answer.error != 0) return sent > 0 ? Answer::success(sent) : sending.unless_full(answer);
    const auto length = static_cast<unsigned>(answer.value);
    sending.caller.write(headers + static_cast<std::uint64_t>(sent) * k_header_step + offsetof(mmsghdr, msg_len),
                         &length, sizeof length);
    ++sent;
  }
  return sending.socket.own ? Answer::success(sent) : Answer::leave();
}

std::optional<Answer> carry_out_send(NotifiedCall& call, const ConnectPolicy& policy) {
  const auto& data = call.notification.data;
  Caller caller(static_cast<pid_t>(call.notification.pid));
  Copied<OutgoingMessage> message;
  if (data.nr == SYS_sendto) {
    auto to = copy_address(caller, data.args[4], data.args[5]);
    if (!to) return Answer::failure(to.error());
    message->to = *to;
    message->name_address = data.args[4];
    message->parts = {{data.args[1], data.args[2]}};
    message->size = data.args[2];
  } else if (data.nr == SYS_sendmsg) {
    message = copy_message(caller, data.args[1]);
    if (!message) return Answer::failure(message.error());
    if (!message->to.given()) return Answer::leave();
  }
  const auto socket = caller.socket(static_cast<int>(data.args[0]));
  if (!call.still_waits()) return Answer::failure(EINTR);
  if (!socket) return Answer::failure(socket.error());
  const std::uint64_t flags = data.nr == SYS_sendmsg ? data.args[2] : data.args[3];
  const Sending sending{call, caller, *socket, policy, static_cast<int>(flags)};
  if (data.nr == SYS_sendmmsg) return send_many(sending, data.args[1], data.args[2] & 0xffff'ffff);
  return sending.unless_full(sending.send(*message));
}

}  // namespace

bool NotifiedCall::still_waits() const {
  std::uint64_t id = notification.id;
  return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

std::optional<Answer> carry_out(NotifiedCall& call, const ConnectPolicy& policy) {
  switch (call.notification.data.nr) {
    case SYS_connect: return carry_out_connect(call, policy);
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_sendmmsg: return carry_out_send(call, policy);
    case SYS_openat:
#ifdef SYS_open
    case SYS_open:
#endif
      return carry_out_open(call, policy);
    case SYS_fchmod:
    case SYS_fchmodat:
    case SYS_fchmodat2:
#ifdef SYS_chmod
    case SYS_chmod:
#endif
      return carry_out_mode(call, policy);
    default: return judge_signal(call.notification.data, policy);
  }
}

}  // namespace sortie::sandbox
