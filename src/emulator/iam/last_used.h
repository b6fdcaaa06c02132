#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "emulator/core/store.h"

namespace sortie::emulator::iam {

/// When something was used for a request, as `RoleLastUsed` and `AccessKeyLastUsed` tell it.
struct LastUse {
  SystemTime time{};
  std::string region;
  std::string service;  ///< signing name
};

/// The last use of each access key and role. Kept in the store at most once a minute for each: the time is advice, and
/// a request must not cost a write. io_context thread only.
class LastUses {
 public:
  explicit LastUses(Store& store);

  /// `id` is an access key id or a role's unique id.
  void note(std::string_view id, SystemTime now, std::string_view region, std::string_view service);
  [[nodiscard]] std::optional<LastUse> find(const std::string& id) const;

 private:
  struct Entry {
    LastUse last;
    SystemTime written{};
  };
  Store& store_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace sortie::emulator::iam
