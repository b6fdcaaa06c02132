#include "emulator/lambda/execution/executable.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/unique_fd.h"

namespace sortie::emulator::lambda {
namespace {

#if defined(__x86_64__)
constexpr Elf64_Half k_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half k_machine = EM_AARCH64;
#else
#error "functions run on x86_64 and aarch64"
#endif

}  // namespace

int check_executable(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return errno;
  if (!S_ISREG(status.st_mode) || (status.st_mode & 0111) == 0) return EACCES;
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return 0;  // execute permission is enough to try
  Elf64_Ehdr header{};
  auto size = ::read(file.get(), &header, sizeof header);
  bool elf = size >= SELFMAG && std::string_view(reinterpret_cast<const char*>(header.e_ident), SELFMAG) == ELFMAG;
  if (elf) return size == sizeof header && header.e_machine == k_machine ? 0 : ENOEXEC;
  bool script = size >= 2 && header.e_ident[0] == '#' && header.e_ident[1] == '!';
  return script ? 0 : ENOEXEC;
}

std::string_view exec_error_text(int error) {
  switch (error) {
    case EACCES: return "permission denied";
    case ENOEXEC: return "exec format error";
    default: return "no such file or directory";
  }
}

int errno_of(const Error& error) {
  if (error.kind == ErrorKind::not_found) return ENOENT;
  if (error.kind == ErrorKind::denied) return EACCES;
  return ENOEXEC;
}

}  // namespace sortie::emulator::lambda
