#include "sandbox/notify_filter.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>
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

constexpr const char* k_mode_calls[] = {"chmod", "fchmod", "fchmodat"};
constexpr int k_fchmodat2 = 452;
constexpr const char* k_attribute_calls[] = {"setxattr",    "lsetxattr",    "fsetxattr",
                                             "removexattr", "lremovexattr", "fremovexattr"};
constexpr int k_setxattrat = 463, k_removexattrat = 466;

int add_by_name(scmp_filter_ctx context, std::uint32_t action, std::span<const char* const> names) {
  int error = 0;
  for (const char* name : names) {
    const int call = seccomp_syscall_resolve_name(name);
    if (call >= 0) error |= seccomp_rule_add(context, action, call, 0);
  }
  return error;
}

int add_mode_rules(scmp_filter_ctx context) {
  const std::uint32_t unsupported = SCMP_ACT_ERRNO(EOPNOTSUPP);
  return add_by_name(context, SCMP_ACT_NOTIFY, k_mode_calls) | add_by_name(context, unsupported, k_attribute_calls) |
         seccomp_rule_add(context, SCMP_ACT_NOTIFY, k_fchmodat2, 0) |
         seccomp_rule_add(context, unsupported, k_setxattrat, 0) |
         seccomp_rule_add(context, unsupported, k_removexattrat, 0);
}

int add_open_rules(scmp_filter_ctx context) {
  constexpr std::uint64_t k_large_file = 0100000;  // musl's, everywhere
  constexpr std::uint64_t k_low_half = 0xffff'ffff;
  constexpr std::pair<std::uint64_t, std::uint64_t> k_flags[] = {
      {k_low_half, O_RDONLY}, {k_low_half, k_large_file}, {O_CREAT, O_CREAT}};
  int error = 0;
  for (const auto& [mask, flags] : k_flags) {
    const scmp_arg_cmp at[] = {{0, SCMP_CMP_MASKED_EQ, k_low_half, static_cast<std::uint32_t>(AT_FDCWD)},
                               {2, SCMP_CMP_MASKED_EQ, mask, flags}};
    error |= seccomp_rule_add_array(context, SCMP_ACT_NOTIFY, SCMP_SYS(openat), 2, at);
    const scmp_arg_cmp plain = {1, SCMP_CMP_MASKED_EQ, mask, flags};
    if (SCMP_SYS(open) >= 0) error |= seccomp_rule_add_array(context, SCMP_ACT_NOTIFY, SCMP_SYS(open), 1, &plain);
  }
  return error;
}

int add_signal_rules(scmp_filter_ctx context) {
  int error = 0;
  for (const int call : k_signal_calls) error |= seccomp_rule_add(context, SCMP_ACT_NOTIFY, call, 0);
  return error;
}

Result<std::vector<sock_filter>> make_filter(NotifiedBesides besides) {
  const FilterContext context(seccomp_init(SCMP_ACT_ALLOW));
  if (!context) return fail(ErrorKind::internal, "libseccomp has no memory");
  // Calls of another architecture are refused by the system call filter, where there is one.
  int error = seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
  error |= seccomp_rule_add(context.get(), SCMP_ACT_NOTIFY, SCMP_SYS(connect), 0);
  for (const SendCall& call : k_send_calls) error |= add_send_rules(context.get(), call);
  if (besides.signals) error |= add_signal_rules(context.get());
  if (besides.opens) error |= add_open_rules(context.get());
  if (besides.modes) error |= add_mode_rules(context.get());
  const scmp_arg_cmp not_dumpable[] = {{0, SCMP_CMP_EQ, PR_SET_DUMPABLE, 0}, {1, SCMP_CMP_EQ, 0, 0}};
  error |= seccomp_rule_add_array(context.get(), SCMP_ACT_ERRNO(0), SCMP_SYS(prctl), 2, not_dumpable);
  if (error != 0) return fail(ErrorKind::internal, "libseccomp refuses a rule for notifications");
  return export_program(context.get());
}

}  // namespace

Result<std::span<const sock_filter>> notify_filter(NotifiedBesides besides) {
  static std::array<std::optional<Result<std::vector<sock_filter>>>, 8> filters;
  auto& filter = filters[(besides.signals ? 1U : 0U) + (besides.modes ? 2U : 0U) + (besides.opens ? 4U : 0U)];
  if (!filter) filter = make_filter(besides);
  if (!*filter) return std::unexpected(filter->error());
  return std::span<const sock_filter>(**filter);
}

SORTIE_RAW long install_notify_filter(const sock_fprog& program) {
  // A call that has been received is not given up for a signal that does not kill: it would be made twice.
  const unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  const long listener = raw::call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (listener != -EINVAL) return listener;
  return raw::call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

}  // namespace sortie::sandbox
