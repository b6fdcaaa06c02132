#include "package/elf_image.h"

#include <algorithm>

namespace sortie::package {

Result<ElfImage> ElfImage::open(std::string_view bytes) {
  ElfImage image;
  image.bytes_ = bytes;
  const auto header = image.at<Elf64_Ehdr>(0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return fail(ErrorKind::config, "not an ELF file");
  if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB)
    return fail(ErrorKind::config, "not a 64-bit little-endian ELF file");
  if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
    return fail(ErrorKind::config, "neither an executable nor a shared library");
  if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum > k_elf_entry_limit)
    return fail(ErrorKind::config, "its program headers make no sense");
  image.header_ = *header;
  image.segments_.reserve(header->e_phnum);
  for (std::size_t i = 0; i < header->e_phnum; ++i) {
    // An e_phoff near 2^64 must not wrap back into the file.
    if (header->e_phoff > bytes.size()) return fail(ErrorKind::config, "its program headers are cut");
    const auto segment = image.at<Elf64_Phdr>(header->e_phoff + i * sizeof(Elf64_Phdr));
    if (!segment) return fail(ErrorKind::config, "its program headers are cut");
    image.segments_.push_back(*segment);
  }
  return image;
}

const Elf64_Phdr* ElfImage::segment(Elf64_Word type) const {
  const auto found = std::ranges::find(segments_, type, &Elf64_Phdr::p_type);
  return found == segments_.end() ? nullptr : &*found;
}

std::optional<std::uint64_t> ElfImage::offset_of(std::uint64_t address) const {
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type != PT_LOAD || address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_filesz)
      continue;
    const std::uint64_t offset = segment.p_offset + (address - segment.p_vaddr);
    if (offset >= segment.p_offset && offset < bytes_.size()) return offset;
  }
  return std::nullopt;
}

std::optional<std::string_view> ElfImage::string_at(std::uint64_t offset) const {
  if (offset >= bytes_.size()) return std::nullopt;
  const std::string_view rest = bytes_.substr(offset, k_elf_string_limit + 1);
  const auto end = rest.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  return rest.substr(0, end);
}

Result<std::vector<Elf64_Dyn>> ElfImage::dynamic() const {
  std::vector<Elf64_Dyn> entries;
  const Elf64_Phdr* const segment = this->segment(PT_DYNAMIC);
  if (!segment) return entries;
  if (segment->p_offset > bytes_.size()) return fail(ErrorKind::config, "its dynamic section is cut");
  const std::size_t count = std::min<std::uint64_t>(segment->p_filesz / sizeof(Elf64_Dyn), k_elf_entry_limit);
  for (std::size_t i = 0; i < count; ++i) {
    const auto entry = at<Elf64_Dyn>(segment->p_offset + i * sizeof(Elf64_Dyn));
    if (!entry) return fail(ErrorKind::config, "its dynamic section is cut");
    if (entry->d_tag == DT_NULL) return entries;
    entries.push_back(*entry);
  }
  return fail(ErrorKind::config, "its dynamic section has no end");
}

std::optional<std::uint64_t> find_tag(const std::vector<Elf64_Dyn>& dynamic, Elf64_Sxword tag) {
  const auto found = std::ranges::find(dynamic, tag, &Elf64_Dyn::d_tag);
  if (found == dynamic.end()) return std::nullopt;
  return found->d_un.d_val;
}

}  // namespace sortie::package
