#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "base/blocking.h"
#include "base/task.h"
#include "emulator/core/call.h"
#include "emulator/core/store.h"

namespace sortie::emulator::lambda {

/// A deployment package as the store keeps it.
struct Code {
  std::string id;      ///< SHA-256 in hexadecimal
  std::string sha256;  ///< the same in base64
  std::uint64_t size = 0;
};

/// Deployment packages by content: the zip, and its files unpacked once for all sandboxes that mount them read-only.
/// Both appear by rename, so that a killed process leaves nothing half-made. io_context thread only.
class CodeStore {
 public:
  CodeStore(Store& store, BlockingPool& pool) : store_(store), pool_(pool) {}

  /// Hashes, unpacks and keeps a package; unpacking is skipped for known content. Refuses with
  /// InvalidParameterValueException what is no package or too large.
  Task<Outcome<Code>> add(std::string zip);
  /// Where the unpacked files are.
  [[nodiscard]] Result<std::filesystem::path> folder(const std::string& id);
  /// Where the zip is.
  [[nodiscard]] Result<std::filesystem::path> zip_file(const std::string& id);
  /// Removes one package, on the pool's own time.
  Task<void> remove(std::string id);

 private:
  Result<std::filesystem::path> root();

  Store& store_;
  BlockingPool& pool_;
};

}  // namespace sortie::emulator::lambda
