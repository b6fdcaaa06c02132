#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/error.h"

namespace sortie::emulator {

/// Where the embedded AWS keeps its state: one SQLite database (WAL) and a folder for large bytes, written by rename.
/// Each service makes its own tables (prefix = service name) with `CREATE TABLE IF NOT EXISTS` in its constructor.
/// A row is committed before the request is answered: nothing acknowledged is lost by `kill -9`. Statements run on the
/// io_context thread: they take microseconds; large bytes go through `blobs()` and the BlockingPool.
class Store {
 public:
  /// Opens or makes DIR (0700) and locks it: a second process gets ErrorKind::config. Temporary files of a killed
  /// process are removed.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& folder);
  /// In memory; the blob folder is made in the temporary folder at first use and removed by the destructor, or, when
  /// this process is killed, by a small process that waits for just that.
  static Result<std::unique_ptr<Store>> ephemeral();
  virtual ~Store() = default;

  virtual SQLite::Database& db() = 0;
  /// For `service`'s large bytes. Made when missing. Files are written under a name that ends in `.tmp`, or in a folder
  /// of that name, and renamed when they are complete: what still ends in `.tmp` at the next start is removed.
  virtual Result<std::filesystem::path> blobs(const std::string& service) = 0;
  [[nodiscard]] virtual bool is_ephemeral() const = 0;
};

}  // namespace sortie::emulator
