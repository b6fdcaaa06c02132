#pragma once

#include <boost/json/string.hpp>
#include <filesystem>
#include <string>
#include <vector>

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
  /// InvalidParameterValueException what is no package or too large unpacked, with RequestEntityTooLargeException (413)
  /// what has more than `limit` bytes as a zip.
  Task<AwsResult<Code>> add(std::string package, std::size_t limit);
  /// The same for a package in base64, as JSON carries it.
  Task<AwsResult<Code>> add_base64(boost::json::string text, std::size_t limit);
  /// Where the unpacked files are.
  [[nodiscard]] Result<std::filesystem::path> folder(const std::string& id);
  /// Where the zip is.
  [[nodiscard]] Result<std::filesystem::path> zip_file(const std::string& id);
  /// One folder with the files of several packages, of which a later one's win: the folder itself for one of them. The
  /// packages must stay while it is used.
  Task<Result<std::filesystem::path>> merged(std::vector<std::string> ids);
  /// Bytes of all their files together.
  Task<std::uint64_t> unpacked_size(std::vector<std::string> ids);
  /// The ids of all packages there are.
  [[nodiscard]] std::vector<std::string> all();
  /// Removes one package, on the pool's own time.
  Task<void> remove(std::string id);

 private:
  Result<std::filesystem::path> root();

  Store& store_;
  BlockingPool& pool_;
};

}  // namespace sortie::emulator::lambda
