#pragma once

#include <sys/resource.h>

namespace sortie {

/// Whether this process may have so few descriptors (`ulimit -n`) that none should be kept for later: what is kept is
/// then missing where something has to be opened, be it only to remove a folder.
inline bool descriptors_are_scarce() {
  constexpr rlim_t k_enough = 256;
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < k_enough;
}

}  // namespace sortie
