#include "harness/environment.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "harness/files.h"

namespace sortie::harness {
namespace {

constexpr unsigned long long k_least_bytes = 256 * 1024;
constexpr unsigned long long k_least_inodes = 16;

}  // namespace

std::string what_spoils(const std::string& folder) {
  struct statvfs status{};
  if (::statvfs(folder.c_str(), &status) != 0) return "left no " + folder;
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) return "left " + folder + " closed to others";
  const unsigned long long free_bytes = static_cast<unsigned long long>(status.f_bavail) * status.f_frsize;
  if (free_bytes < k_least_bytes) return "left " + folder + " full";
  // A file system that does not count inodes says 0 of 0.
  if (status.f_files > 0 && status.f_favail < k_least_inodes) return "left " + folder + " without free inodes";
  return {};
}

void restore(const std::string& folder) {
  ::chmod(folder.c_str(), 01777);
  remove_contents(folder);
}

}  // namespace sortie::harness
