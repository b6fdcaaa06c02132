#pragma once

#include <string>

#include "emulator/s3/object_lock.h"

namespace sortie::emulator::s3 {

/// What protects one version of an object, besides policies: its lock and its access list.
struct Guard {
  ObjectLock lock;
  std::string access_list;  ///< as `pack` makes it; empty: the bucket's owner alone
  bool operator==(const Guard&) const = default;
};

/// The tables of guards, by object and by unfinished upload. There is no row for a guard that says nothing.
extern const char* const k_guard_tables;

}  // namespace sortie::emulator::s3
