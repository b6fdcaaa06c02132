#include "sandbox/supervisor/freestanding.h"

namespace sortie::sandbox::supervisor {
namespace {

constexpr int k_attempts = 2000;
constexpr long k_pause_ms = 5;

/// Ends what is left in one group and removes it, its inner groups first. True when it is gone.
bool remove_group(const char* parent, const char* name) {
  Path folder;
  folder.add(parent).add("/").add(name);
  write_file(Path(folder).add("/freezer.state").c_str(), "THAWED");  // v1: a frozen process cannot die
  write_file(Path(folder).add("/cgroup.kill").c_str(), "1");         // v2
  raw::call(SYS_unlinkat, AT_FDCWD, Path(folder).add("/run").c_str(), AT_REMOVEDIR);
  return raw::call(SYS_unlinkat, AT_FDCWD, folder.c_str(), AT_REMOVEDIR) == 0;
}

/// True when no group of that prefix is left.
bool clean_folder(const char* parent, const char* prefix) {
  const long folder = open_folder(AT_FDCWD, parent);
  if (folder < 0) return true;
  bool clean = true;
  for_each_entry(static_cast<int>(folder), [&](const char* name, std::uint8_t) {
    if (starts_with(name, prefix) && !remove_group(parent, name)) clean = false;
  });
  raw::call(SYS_close, folder);
  return clean;
}

}  // namespace

int clean_cgroups(char** arguments) {
  char byte = 0;
  while (raw::call(SYS_read, 0, &byte, 1) == -4) {  // EINTR; anything else than the end of file is not sent
  }
  const char* prefix = *arguments++;
  // The supervisors see the same end of file and take their sandboxes down; a group can go once its last process has.
  for (int attempt = 0; attempt < k_attempts; ++attempt) {
    bool clean = true;
    for (char** folder = arguments; *folder != nullptr; ++folder) clean = clean_folder(*folder, prefix) && clean;
    if (clean) return 0;
    sleep_milliseconds(k_pause_ms);
  }
  return 1;
}

}  // namespace sortie::sandbox::supervisor
