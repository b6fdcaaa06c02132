#include <sys/socket.h>

#include <cerrno>

#include "sandbox/supervisor/freestanding.h"
#include "sandbox/supervisor_protocol.h"

namespace sortie::sandbox::supervisor {
namespace {

constexpr int k_requests = 0;  // the standard input is a SOCK_SEQPACKET
constexpr int k_attempts = 2000;
constexpr long k_pause_ms = 5;

/// Ends what is left in one group and removes it, its inner groups first. True when it is gone.
bool remove_group(const char* parent, const char* name) {
  Path folder;
  folder.add(parent).add("/").add(name);
  write_file(Path(folder).add("/freezer.state").c_str(), "THAWED");  // v1: a frozen process cannot die
  write_file(Path(folder).add("/cgroup.kill").c_str(), "1");         // v2
  raw::call(SYS_unlinkat, AT_FDCWD, Path(folder).add("/").add(protocol::k_programs_group).c_str(), AT_REMOVEDIR);
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

bool make_folder(const char* path) {
  const long made = raw::call(SYS_mkdirat, AT_FDCWD, path, 0755);
  if (made < 0 && made != -EEXIST) return false;  // two controllers may have one hierarchy
  // A file of a group comes into being when somebody looks at it, which would cost the first one who opens it.
  const long folder = open_folder(AT_FDCWD, path);
  if (folder < 0) return false;
  for_each_entry(static_cast<int>(folder),
                 [&](const char* name, std::uint8_t) { raw::call(SYS_faccessat, folder, name, 0); });
  raw::call(SYS_close, folder);
  return true;
}

bool make_spare(const protocol::SpareGroup& spare, const char* prefix, bool unified, char** folders) {
  for (char** folder = folders; *folder != nullptr; ++folder) {
    Path path;
    path.add(*folder).add("/").add(prefix).add(protocol::k_spare_group).add(spare.number);
    if (!make_folder(path.c_str())) return false;
    if (unified && !make_folder(path.add("/").add(protocol::k_programs_group).c_str())) return false;
  }
  return true;
}

/// Until sortie is gone.
void make_spares(const char* prefix, bool unified, char** folders) {
  protocol::SpareGroup spare;
  for (;;) {
    char byte = 0;
    const long n = raw::call(SYS_read, k_requests, &byte, 1);
    if (n == -EINTR) continue;
    if (n <= 0) return;
    ++spare.number;
    if (make_spare(spare, prefix, unified, folders)) {
      raw::call(SYS_sendto, k_requests, &spare, sizeof spare, MSG_NOSIGNAL, 0, 0);
    }
  }
}

}  // namespace

int keep_cgroups(char** arguments) {
  const char* prefix = *arguments++;
  const bool unified = (*arguments++)[0] == '2';
  make_spares(prefix, unified, arguments);
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
