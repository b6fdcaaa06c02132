#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace sortie::sandbox {

/// What Landlock can do on the running kernel. https://docs.kernel.org/userspace-api/landlock.html
struct LandlockSupport {
  int version = 0;  ///< of its interface; 0: none
  int error = 0;    ///< why there is none: ENOSYS (not built in, or refused by a container), EOPNOTSUPP (switched off)

  [[nodiscard]] bool files() const { return version >= 1; }
  [[nodiscard]] bool tcp() const { return version >= 4; }      ///< Linux 6.7
  [[nodiscard]] bool signals() const { return version >= 6; }  ///< Linux 6.12, abstract UNIX sockets as well
};
const LandlockSupport& landlock_support();

/// What programs may do with files; anything that is not named is out of their reach. Paths that do not exist are left
/// out; folders mean everything below them.
struct FileRules {
  std::vector<std::string> executable;  ///< read and executed
  std::vector<std::string> readable;
  std::vector<std::string> devices;   ///< read and written, nothing made or removed
  std::vector<std::string> writable;  ///< everything
};

/// A ruleset for landlock_restrict_self(2): these files, no signals and no abstract UNIX sockets but among the programs
/// under it, and with `no_tcp` no TCP connections of their own making (the engine makes them: see Notifier). What the
/// kernel is too old for is left out. The descriptors of the files in `system` are kept for the next ruleset.
Result<UniqueFd> make_landlock_ruleset(const FileRules& system, const FileRules& own, bool no_tcp);

}  // namespace sortie::sandbox
