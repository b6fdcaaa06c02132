#include "sandbox/user.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace sortie::sandbox {
namespace {

constexpr std::uint32_t k_range = 65536;
// systemd's table of ids (UIDS-GIDS) leaves 1,879,048,192 to 2,147,352,575 to nobody.
constexpr std::uint32_t k_first_unused = 1'879'048'192;
constexpr std::uint32_t k_ranges = 4094;
// Ids of sandboxes within the range, above the system's own.
constexpr std::uint32_t k_first_sandbox_id = 1000;
constexpr std::uint32_t k_sandbox_ids = 64000;

bool has_capabilities() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) != 0) return false;
  const std::uint64_t effective = data[0].effective | std::uint64_t{data[1].effective} << 32;
  constexpr int needed[] = {CAP_SYS_ADMIN, CAP_SETUID, CAP_SETGID};
  return std::ranges::all_of(needed, [&](int capability) { return (effective >> capability & 1) != 0; });
}

std::string read_map(const char* path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

UserPlan make_plan() {
  UserPlan plan;
  const std::uint32_t wanted = k_first_unused + static_cast<std::uint32_t>(getpid()) % k_ranges * k_range;
  const std::uint32_t uids = choose_range(read_map("/proc/self/uid_map"), wanted);
  const std::uint32_t gids = choose_range(read_map("/proc/self/gid_map"), wanted);
  plan.privileged = geteuid() == 0 && uids != 0 && gids != 0 && has_capabilities();
  if (plan.privileged) {
    plan.uid_map = fmt::format("0 {} {}\n", uids, k_range);
    plan.gid_map = fmt::format("0 {} {}\n", gids, k_range);
  } else {
    plan.uid_map = fmt::format("0 {} 1\n", geteuid());
    plan.gid_map = fmt::format("0 {} 1\n", getegid());
  }
  return plan;
}

}  // namespace

std::uint32_t choose_range(std::string_view uid_map, std::uint32_t wanted) {
  std::istringstream lines{std::string(uid_map)};
  std::uint64_t first = 0, outside = 0, count = 0, last_resort = 0;
  while (lines >> first >> outside >> count) {
    if (first <= wanted && wanted + std::uint64_t{k_range} <= first + count) return wanted;
    // A container maps few ids: the upper end of a large extent is the least likely to be someone's.
    if (count >= 2ULL * k_range) last_resort = std::max(last_resort, first + count - k_range);
  }
  return static_cast<std::uint32_t>(last_resort);
}

const UserPlan& user_plan() {
  static const UserPlan plan = make_plan();
  return plan;
}

std::uint32_t next_template_id() {
  static std::uint32_t next = 0;
  if (!user_plan().privileged) return 0;
  return k_first_sandbox_id + next++ % k_sandbox_ids;
}

}  // namespace sortie::sandbox
