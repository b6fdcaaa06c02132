#include "sandbox/supervisor_image.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "sandbox/raw_syscall.h"

asm(".pushsection .rodata\n"
    ".balign 16\n"
    "sortie_supervisor_begin:\n"
    ".incbin \"" SORTIE_SUPERVISOR_FILE
    "\"\n"
    "sortie_supervisor_end:\n"
    ".popsection\n");

extern "C" {
__attribute__((visibility("hidden"))) extern const char sortie_supervisor_begin[];
__attribute__((visibility("hidden"))) extern const char sortie_supervisor_end[];
}

namespace sortie::sandbox {
namespace {

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U  // Linux 6.3: says that it will be executed, where vm.memfd_noexec asks for that
#endif

Result<int> make_image() {
  int fd = memfd_create("sortie-supervisor", MFD_CLOEXEC | MFD_EXEC);
  if (fd < 0 && errno == EINVAL) fd = memfd_create("sortie-supervisor", MFD_CLOEXEC);
  if (fd < 0) return fail_errno(errno, "create the supervisor's memory file");
  const auto size = static_cast<std::size_t>(sortie_supervisor_end - sortie_supervisor_begin);
  if (const long error = raw::write_all(fd, sortie_supervisor_begin, size); error < 0) {
    close(fd);
    return fail_errno(static_cast<int>(-error), "write the supervisor");
  }
  return fd;
}

}  // namespace

Result<int> supervisor_image() {
  static const Result<int> image = make_image();
  return image;
}

}  // namespace sortie::sandbox
