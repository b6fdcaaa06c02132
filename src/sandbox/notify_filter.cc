#include "sandbox/notify_filter.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <vector>

#include "sandbox/filter_program.h"
#include "sandbox/raw_syscall.h"

namespace sortie::sandbox {
namespace {

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)  // Linux 5.19
#endif

constexpr std::uint64_t k_fast_open = MSG_FASTOPEN;

/// The calls that send, and where their flags are among the arguments.
struct SendCall {
  int number;
  unsigned flags_argument;
};
constexpr SendCall k_send_calls[] = {{SCMP_SYS(sendto), 3}, {SCMP_SYS(sendmsg), 2}, {SCMP_SYS(sendmmsg), 3}};

constexpr int k_signal_calls[] = {SCMP_SYS(kill), SCMP_SYS(tkill), SCMP_SYS(tgkill), SCMP_SYS(rt_sigqueueinfo),
                                  SCMP_SYS(rt_tgsigqueueinfo)};

int add_send_rules(scmp_filter_ctx context, const SendCall& call) {
  std::vector<scmp_arg_cmp> with_address;
  with_address.push_back({call.flags_argument, SCMP_CMP_MASKED_EQ, k_fast_open, 0});
  if (call.number == SCMP_SYS(sendto)) with_address.push_back({4, SCMP_CMP_NE, 0, 0});
  const scmp_arg_cmp fast_open = {call.flags_argument, SCMP_CMP_MASKED_EQ, k_fast_open, k_fast_open};
  return seccomp_rule_add_array(context, SCMP_ACT_NOTIFY, call.number, static_cast<unsigned>(with_address.size()),
                                with_address.data()) |
         seccomp_rule_add_array(context, SCMP_ACT_ERRNO(EOPNOTSUPP), call.number, 1, &fast_open);
}

int add_signal_rules(scmp_filter_ctx context) {
  int error = 0;
  for (const int call : k_signal_calls) error |= seccomp_rule_add(context, SCMP_ACT_NOTIFY, call, 0);
  return error;
}

Result<std::vector<sock_filter>> make_filter(NotifySignals signals) {
  const FilterContext context(seccomp_init(SCMP_ACT_ALLOW));
  if (!context) return fail(ErrorKind::internal, "libseccomp has no memory");
  // Calls of another architecture are refused by the system call filter, where there is one.
  int error = seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
  error |= seccomp_rule_add(context.get(), SCMP_ACT_NOTIFY, SCMP_SYS(connect), 0);
  for (const SendCall& call : k_send_calls) error |= add_send_rules(context.get(), call);
  if (signals == NotifySignals::yes) error |= add_signal_rules(context.get());
  const scmp_arg_cmp not_dumpable[] = {{0, SCMP_CMP_EQ, PR_SET_DUMPABLE, 0}, {1, SCMP_CMP_EQ, 0, 0}};
  error |= seccomp_rule_add_array(context.get(), SCMP_ACT_ERRNO(0), SCMP_SYS(prctl), 2, not_dumpable);
  if (error != 0) return fail(ErrorKind::internal, "libseccomp refuses a rule for notifications");
  return export_program(context.get());
}

}  // namespace

Result<std::span<const sock_filter>> notify_filter(NotifySignals signals) {
  static const std::array<Result<std::vector<sock_filter>>, 2> filters = {make_filter(NotifySignals::no),
                                                                          make_filter(NotifySignals::yes)};
  const auto& filter = filters[static_cast<std::size_t>(signals)];
  if (!filter) return std::unexpected(filter.error());
  return std::span<const sock_filter>(*filter);
}

SORTIE_RAW long install_notify_filter(const sock_fprog& program) {
  // A call that has been received is not given up for a signal that does not kill: it would be made twice.
  const unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  const long listener = raw::call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (listener != -EINVAL) return listener;
  return raw::call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

}  // namespace sortie::sandbox
