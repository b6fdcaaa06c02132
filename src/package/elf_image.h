#pragma once

#include <elf.h>

#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"

namespace sortie::package {

inline constexpr std::size_t k_elf_entry_limit = 4096;
inline constexpr std::size_t k_elf_string_limit = 4096;

/// Checked access to the structures of a 64-bit little-endian ELF file, the only kind that Lambda's machines load.
/// Does not own the bytes. Structures are copied out: nothing in a file is aligned for sure.
class ElfImage {
 public:
  /// ErrorKind::config when the headers do not lie inside the bytes.
  static Result<ElfImage> open(std::string_view bytes);

  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  [[nodiscard]] const Elf64_Ehdr& header() const { return header_; }
  [[nodiscard]] const std::vector<Elf64_Phdr>& segments() const { return segments_; }
  [[nodiscard]] const Elf64_Phdr* segment(Elf64_Word type) const;

  /// The structure at a file offset; nothing when it is not whole inside the file.
  template <class T>
  [[nodiscard]] std::optional<T> at(std::uint64_t offset) const {
    static_assert(std::is_trivially_copyable_v<T>);
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }

  /// Where in the file an address of the loaded image comes from; nothing when from nowhere.
  [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint64_t address) const;
  /// The NUL-terminated string at a file offset, at most 4 KiB.
  [[nodiscard]] std::optional<std::string_view> string_at(std::uint64_t offset) const;
  /// The dynamic section up to its DT_NULL, as the loader reads it; empty when there is none.
  [[nodiscard]] Result<std::vector<Elf64_Dyn>> dynamic() const;

 private:
  std::string_view bytes_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> segments_;
};

/// The value of the first entry with this tag.
std::optional<std::uint64_t> find_tag(const std::vector<Elf64_Dyn>& dynamic, Elf64_Sxword tag);

}  // namespace sortie::package
