#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sortie::sandbox {

/// Ids inside every sandbox, as in Lambda: sbx_user1051.
inline constexpr std::uint32_t k_inside_uid = 993;
inline constexpr std::uint32_t k_inside_gid = 990;

/// Which host ids the sandboxes of this process live under (user_namespaces(7)).
///
/// As root: a range of 65,536 that nobody uses, so that not even an escape is root; each sandbox takes its own id of
/// it. As a plain user: the user's own id, the only one the kernel lets a user map.
struct UserPlan {
  bool privileged = false;  ///< root with its capabilities
  std::string uid_map;      ///< of the template's namespace, for /proc/PID/uid_map
  std::string gid_map;
};

/// The plan of this process; decided once.
const UserPlan& user_plan();

/// The id inside the template's namespace that the next sandbox takes: its own as root, 0 as a plain user.
std::uint32_t next_template_id();

/// For tests: the first host id of a free range of 65,536 among the `uid_map` lines of a process, 0 when there is none.
std::uint32_t choose_range(std::string_view uid_map, std::uint32_t wanted);

}  // namespace sortie::sandbox
