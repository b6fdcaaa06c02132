#include "sandbox/supervisor/freestanding.h"

namespace sortie::sandbox::supervisor {
namespace {

constexpr int k_max_depth = 256;
constexpr std::uint8_t k_folder_type = 4;  // DT_DIR
constexpr std::uint8_t k_unknown_type = 0;

void remove_entry(int folder, const char* name, std::uint8_t type, int depth) {
  if ((type == k_folder_type || type == k_unknown_type) && depth < k_max_depth) {
    // A program may have closed its folders even for itself.
    if (type == k_folder_type) raw::call(SYS_fchmodat, folder, name, 0700);
    const long inner = open_folder(folder, name);
    if (inner >= 0) {
      for_each_entry(static_cast<int>(inner), [&](const char* entry, std::uint8_t entry_type) {
        remove_entry(static_cast<int>(inner), entry, entry_type, depth + 1);
      });
      raw::call(SYS_close, inner);
      raw::call(SYS_unlinkat, folder, name, AT_REMOVEDIR);
      return;
    }
  }
  raw::call(SYS_unlinkat, folder, name, 0);
}

}  // namespace

void remove_tree(const char* path) {
  remove_entry(AT_FDCWD, path, k_folder_type, 0);
}

}  // namespace sortie::sandbox::supervisor
