#pragma once

#include <optional>
#include <string>
#include <vector>

#include "suite/protocol.h"

namespace sortie::run {

/// Remembers what suites listed, by the content they were listed from. A cache: whatever cannot be read is not there,
/// what cannot be written is not kept, and nothing is reported.
class ListCache {
 public:
  /// An empty folder name: remembers nothing.
  explicit ListCache(std::string folder) : folder_(std::move(folder)) {}

  /// `key` is the hexadecimal hash of all that the list depends on; empty: never found, never kept.
  [[nodiscard]] std::optional<std::vector<suite::TestCase>> find(const std::string& key) const;
  void keep(const std::string& key, const std::vector<suite::TestCase>& tests) const;

 private:
  std::string folder_;
};

}  // namespace sortie::run
