#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "package/zip.h"

namespace sortie::package {

/// Deflated files by the SHA-256 of their content, so that only what has changed is deflated again: of a suite's
/// package the harness and the libraries hardly ever do. Entries are written aside and renamed; one that is cut or
/// altered is noticed by its checksum and made anew. A folder that cannot be written to is as good as none. Any number
/// of processes and threads may share one.
class PackCache {
 public:
  /// An empty `folder` keeps nothing.
  PackCache(std::string folder, std::uint64_t limit_bytes) : folder_(std::move(folder)), limit_bytes_(limit_bytes) {}

  /// `pack(content, level)`, remembered. `sha256` is the content's, hexadecimal. Contents under 64 KiB are not kept.
  Packed pack(std::string_view content, const std::string& sha256, int level);
  /// True when nothing had to be deflated that is worth keeping.
  [[nodiscard]] bool all_hits() const { return misses_ == 0; }
  /// Removes the entries not used for longest until the rest is within the limit. Only when something was added.
  void trim() const;

 private:
  [[nodiscard]] std::string path_of(const std::string& sha256, int level) const;

  std::string folder_;
  std::uint64_t limit_bytes_;
  std::atomic<std::size_t> misses_ = 0;
};

}  // namespace sortie::package
