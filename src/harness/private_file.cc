#include "harness/private_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/files.h"

namespace sortie::harness {

Result<PrivateFile> PrivateFile::make(const std::string& otherwise) {
  PrivateFile file;
  file.memory_ = UniqueFd(::memfd_create("sortie", MFD_CLOEXEC));
  if (file.memory_) {
    file.path_ = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file.memory_.get());
    // As the suite opens it.
    if (const UniqueFd opened(::open(file.path_.c_str(), O_RDWR | O_TRUNC | O_CLOEXEC)); opened) return file;
    file.memory_.reset();
  }
  file.path_ = otherwise;
  RETURN_IF_ERROR(make_folders(otherwise.substr(0, otherwise.rfind('/'))));
  return file;
}

Result<void> PrivateFile::write(std::string_view content) {
  return write_file(path_, content);
}

std::string PrivateFile::read(std::size_t limit) const {
  return read_file(path_, limit).value_or("");
}

}  // namespace sortie::harness
