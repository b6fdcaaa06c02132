#pragma once

#include <string>

#include "emulator/core/sql.h"
#include "emulator/core/store.h"
#include "emulator/s3/protocol/object_lock.h"

namespace sortie::emulator::s3 {

/// What protects one version of an object, besides policies: its lock and its access control list.
struct ObjectProtection {
  ObjectLock lock;
  std::string access_list;  ///< as `pack` makes it; empty: the bucket's owner alone
  bool operator==(const ObjectProtection&) const = default;
};

struct Object;
struct Upload;

/// The protections of versions and of unfinished uploads. An empty protection has no row. io_context thread only.
class ObjectProtections {
 public:
  ObjectProtections(Store& store, Statements& statements);

  ObjectProtection of(const Object& object);
  ObjectProtection of(const Upload& upload);
  void set(const Object& object, const ObjectProtection& protection);
  void set(const Upload& upload, const ObjectProtection& protection);

 private:
  Statements& statements_;
};

}  // namespace sortie::emulator::s3
