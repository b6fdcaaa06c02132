#include "sandbox/notifier.h"

#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

#include "base/deadline.h"
#include "sandbox/carry_out.h"

namespace sortie::sandbox {
namespace {

using std::chrono::milliseconds;

constexpr int k_calls_in_a_row = 64;  // then others have their turn
constexpr milliseconds k_shortest_pause(1);
constexpr milliseconds k_longest_pause(50);

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)  // Linux 6.6
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

enum class Waiting : std::uint8_t { nobody, a_call, nothing_ever };

/// Receiving waits when there is no call. Without POLLIN but something else all programs under the filter have ended.
Waiting look(int listener) {
  pollfd ready = {listener, POLLIN, 0};
  if (poll(&ready, 1, 0) != 1) return Waiting::nobody;
  return (ready.revents & POLLIN) != 0 ? Waiting::a_call : Waiting::nothing_ever;
}

void send_answer(const NotifiedCall& call, const Answer& answer) {
  seccomp_notif_resp response{};
  response.id = call.notification.id;
  response.val = answer.value;
  response.error = -answer.error;
  response.flags = answer.go_on ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
  ioctl(call.listener, SECCOMP_IOCTL_NOTIF_SEND, &response);  // fails when the caller has gone
}

}  // namespace

struct Notifier::Impl {
  Impl(const Executor& executor, UniqueFd descriptor, ConnectPolicy the_policy)
      : listener(executor, descriptor.release()), policy(std::move(the_policy)) {}

  static Task<void> serve(std::shared_ptr<Impl> self) {
    const int fd = self->listener.native_handle();
    for (;;) {
      boost::system::error_code error;
      co_await self->listener.async_wait(asio::posix::stream_descriptor::wait_read,
                                         asio::redirect_error(asio::use_awaitable, error));
      if (error || !self->listener.is_open()) co_return;
      Waiting waiting = Waiting::a_call;
      for (int i = 0; i < k_calls_in_a_row && (waiting = look(fd)) == Waiting::a_call; ++i) receive(self);
      if (waiting == Waiting::nothing_ever) co_return;
    }
  }

  static void receive(const std::shared_ptr<Impl>& self) {
    NotifiedCall call;
    call.listener = self->listener.native_handle();
    // ENOENT: the caller was killed between the two.
    if (ioctl(call.listener, SECCOMP_IOCTL_NOTIF_RECV, &call.notification) != 0) return;
    if (const auto answer = carry_out(call, self->policy)) return send_answer(call, *answer);
    asio::co_spawn(self->listener.get_executor(), wait_and_try(self, std::move(call)), asio::detached);
  }

  static Task<void> wait_and_try(std::shared_ptr<Impl> self, NotifiedCall call) {
    std::optional<Answer> answer;
    for (milliseconds pause = k_shortest_pause; !answer; pause = std::min(2 * pause, k_longest_pause)) {
      co_await sleep_for(pause);
      if (!self->listener.is_open() || !call.still_waits()) co_return;
      answer = carry_out(call, self->policy);
    }
    send_answer(call, *answer);
  }

  asio::posix::stream_descriptor listener;
  ConnectPolicy policy;
};

Notifier::Notifier(Executor executor, UniqueFd listener, ConnectPolicy policy)
    : impl_(std::make_shared<Impl>(executor, std::move(listener), std::move(policy))) {
  const int fd = impl_->listener.native_handle();
  ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);  // faster, where it exists
  asio::co_spawn(executor, Impl::serve(impl_), asio::detached);
}

Notifier::~Notifier() {
  boost::system::error_code ignored;
  impl_->listener.close(ignored);
}

}  // namespace sortie::sandbox
