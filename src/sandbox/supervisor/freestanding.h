#pragma once

#include <fcntl.h>
#include <linux/stat.h>

#include <cstddef>
#include <cstdint>

#include "sandbox/raw_syscall.h"
#include "sandbox/supervisor_protocol.h"

/// What the supervisor needs of a C library, and no more: it is linked without one, so that it starts in a fraction of
/// the time and shares no code or memory with the program it watches.
namespace sortie::sandbox::supervisor {

inline bool starts_with(const char* text, const char* prefix) {
  while (*prefix != 0) {
    if (*text++ != *prefix++) return false;
  }
  return true;
}

/// A NUL-terminated path of at most 4,095 bytes, built from pieces; too long a path becomes empty.
class Path {
 public:
  Path& add(const char* piece) {
    const std::size_t size = raw::length(piece);
    if (overflow_ || used_ + size >= sizeof text_) {
      overflow_ = true;
      text_[0] = 0;
      return *this;
    }
    for (std::size_t i = 0; i <= size; ++i) text_[used_ + i] = piece[i];
    used_ += size;
    return *this;
  }
  Path& add(std::uint64_t number) {
    char digits[24];
    return add(raw::decimal(number, digits, sizeof digits));
  }
  [[nodiscard]] const char* c_str() const { return text_; }

 private:
  char text_[4096] = {};
  std::size_t used_ = 0;
  bool overflow_ = false;
};

/// Reads up to `size - 1` bytes and ends them with NUL; answers their number, or -errno.
inline long read_file(const char* path, char* buffer, std::size_t size) {
  const long fd = raw::call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return fd;
  std::size_t used = 0;
  long n = 0;
  while (used + 1 < size && (n = raw::call(SYS_read, fd, buffer + used, size - 1 - used)) > 0) {
    used += static_cast<std::size_t>(n);
  }
  raw::call(SYS_close, fd);
  buffer[used] = 0;
  return n < 0 ? n : static_cast<long>(used);
}

inline void write_file(const char* path, const char* text) {
  const long fd = raw::call(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return;
  raw::write_all(static_cast<int>(fd), text, raw::length(text));
  raw::call(SYS_close, fd);
}

/// The next number in `text`, which moves behind it; 0 at the end.
inline std::uint64_t parse_number(const char*& text) {
  while (*text != 0 && (*text < '0' || *text > '9')) ++text;
  std::uint64_t value = 0;
  while (*text >= '0' && *text <= '9') value = value * 10 + static_cast<std::uint64_t>(*text++ - '0');
  return value;
}

struct DirectoryEntry {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t size;
  std::uint8_t type;
  char name[];
};

/// Calls `visit(name, type)` for each entry of an open folder, "." and ".." left out, from its beginning.
template <class Visit>
void for_each_entry(int folder, Visit visit) {
  alignas(DirectoryEntry) char buffer[4096];
  raw::call(SYS_lseek, folder, 0, 0);
  for (;;) {
    const long n = raw::call(SYS_getdents64, folder, buffer, sizeof buffer);
    if (n <= 0) return;
    for (long at = 0; at < n;) {
      const auto* entry = reinterpret_cast<const DirectoryEntry*>(buffer + at);
      at += entry->size;
      const char* name = entry->name;
      if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0))) continue;
      visit(name, entry->type);
    }
  }
}

inline long open_folder(int at, const char* name) {
  return raw::call(SYS_openat, at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0);
}

inline void sleep_milliseconds(long milliseconds) {
  const struct {
    long seconds, nanoseconds;
  } time = {milliseconds / 1000, milliseconds % 1000 * 1'000'000};
  raw::call(SYS_ppoll, nullptr, 0, &time, nullptr, 0);
}

/// Removes a folder and what is in it, without following symbolic links.
void remove_tree(const char* path);

/// Sets all signals to what they do by themselves, blocks them, and opens a descriptor that SIGCHLD makes readable.
int open_child_signals();

/// A message with a descriptor; -errno when it cannot be sent.
long send_with_descriptor(int socket, void* message, std::size_t size, int fd);

/// Takes all capabilities out of what programs can ever be given; what the calling process has it keeps. Here and not
/// in `confine`: it takes a call for each, and no program waits for it here.
void drop_for_good();

/// Puts the calling process under the sandbox's limits, without privileges, under Landlock and the system call filter.
long confine(const protocol::Shared& shared);

// The other trades of this program, named by its first argument.

/// "cgroups": for each byte of its standard input, a SOCK_SEQPACKET socket, makes a spare group in each folder and
/// answers with a protocol::SpareGroup. When that ends sortie is gone: removes the control groups that it has left.
/// `arguments`: the prefix of their names, the version of the hierarchies, then the folders they are in.
int keep_cgroups(char** arguments);

/// "networks": makes a network namespace with loopback up for each byte of its standard input, a SOCK_SEQPACKET socket,
/// and sends it there as a descriptor.
int make_networks();

}  // namespace sortie::sandbox::supervisor
