#include "sandbox/filter_program.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "base/unique_fd.h"

namespace sortie::sandbox {

Result<std::vector<sock_filter>> export_program(scmp_filter_ctx context) {
  const UniqueFd file(memfd_create("seccomp", MFD_CLOEXEC));
  if (!file) return fail_errno(errno, "create a memory file");
  if (const int error = seccomp_export_bpf(context, file.get()); error != 0)
    return fail_errno(-error, "export the filter");
  std::vector<sock_filter> program(static_cast<std::size_t>(lseek(file.get(), 0, SEEK_END)) / sizeof(sock_filter));
  const auto size = static_cast<ssize_t>(program.size() * sizeof(sock_filter));
  if (pread(file.get(), program.data(), program.size() * sizeof(sock_filter), 0) != size) {
    return fail_errno(errno, "read the filter");
  }
  return program;
}

}  // namespace sortie::sandbox
