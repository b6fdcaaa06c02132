#include "package/elf_patch.h"

#include <algorithm>
#include <array>

#include "package/elf_image.h"

namespace sortie::package {
namespace {

constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

template <class T>
void put(std::string& bytes, std::uint64_t offset, const T& value) {
  std::memcpy(bytes.data() + offset, &value, sizeof(T));
}

/// The program header that is given up for the new segment.
Result<std::size_t> spare_header(const std::vector<Elf64_Phdr>& segments) {
  for (const Elf64_Word type : std::array<Elf64_Word, 4>{PT_NULL, PT_GNU_PROPERTY, PT_NOTE, PT_GNU_RELRO}) {
    const auto found = std::ranges::find(segments, type, &Elf64_Phdr::p_type);
    if (found != segments.end()) return static_cast<std::size_t>(found - segments.begin());
  }
  return fail(ErrorKind::config, "it has no program header to spare for a library search path");
}

/// What the appended segment holds: a longer string table, the interpreter's name, the dynamic section.
struct Appendix {
  std::string content;
  std::uint64_t strings_size = 0;
  std::uint64_t interpreter_at = 0;
  std::uint64_t dynamic_at = 0;
  std::uint64_t dynamic_size = 0;
};

Result<Appendix> make_appendix(const ElfImage& image, const ProgramPatch& patch, std::uint64_t address) {
  ASSIGN_OR_RETURN(auto dynamic, image.dynamic());
  const auto table_address = find_tag(dynamic, DT_STRTAB);
  const auto table_size = find_tag(dynamic, DT_STRSZ);
  const auto table = table_address ? image.offset_of(*table_address) : std::nullopt;
  if (!table || !table_size || *table_size > image.bytes().size() - *table)
    return fail(ErrorKind::config, "its dynamic string table is cut");

  std::string rpath;
  for (const std::string& folder : patch.rpath) rpath += (rpath.empty() ? "" : ":") + folder;
  Appendix appendix;
  appendix.content = image.bytes().substr(*table, *table_size);
  const std::uint64_t rpath_index = appendix.content.size();
  appendix.content += rpath;
  appendix.content += '\0';
  appendix.strings_size = appendix.content.size();
  appendix.interpreter_at = appendix.content.size();
  appendix.content += patch.interpreter;
  appendix.content += '\0';
  appendix.content.resize(align_up(appendix.content.size(), alignof(Elf64_Dyn)));
  appendix.dynamic_at = appendix.content.size();

  std::erase_if(dynamic, [](const Elf64_Dyn& e) { return e.d_tag == DT_RPATH || e.d_tag == DT_RUNPATH; });
  for (Elf64_Dyn& entry : dynamic) {
    if (entry.d_tag == DT_STRTAB) entry.d_un.d_ptr = address;
    if (entry.d_tag == DT_STRSZ) entry.d_un.d_val = appendix.strings_size;
  }
  dynamic.push_back({.d_tag = DT_RPATH, .d_un = {.d_val = rpath_index}});
  dynamic.push_back({.d_tag = DT_NULL, .d_un = {.d_val = 0}});
  appendix.dynamic_size = dynamic.size() * sizeof(Elf64_Dyn);
  appendix.content.append(reinterpret_cast<const char*>(dynamic.data()), appendix.dynamic_size);
  return appendix;
}

/// Debuggers and binutils go by the section headers; the loader does not. A file without them is as good.
void repoint_sections(const ElfImage& image, std::string& copy, const Appendix& appendix, const Elf64_Phdr& segment) {
  const Elf64_Ehdr& header = image.header();
  if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shoff > image.bytes().size()) return;
  const auto section_offset = [&](std::size_t index) { return header.e_shoff + index * sizeof(Elf64_Shdr); };
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    auto section = image.at<Elf64_Shdr>(section_offset(i));
    if (!section) return;
    if (section->sh_type != SHT_DYNAMIC) continue;
    section->sh_addr = segment.p_vaddr + appendix.dynamic_at;
    section->sh_offset = segment.p_offset + appendix.dynamic_at;
    section->sh_size = appendix.dynamic_size;
    put(copy, section_offset(i), *section);
    if (section->sh_link >= header.e_shnum) return;
    auto strings = image.at<Elf64_Shdr>(section_offset(section->sh_link));
    if (!strings) return;
    strings->sh_addr = segment.p_vaddr;
    strings->sh_offset = segment.p_offset;
    strings->sh_size = appendix.strings_size;
    put(copy, section_offset(section->sh_link), *strings);
    return;
  }
}

/// The headers in their old place: the new segment after the last PT_LOAD, as the loader wants them by address.
std::vector<Elf64_Phdr> new_headers(const ElfImage& image, std::size_t spare, const Elf64_Phdr& added,
                                    const Appendix& appendix, bool new_interpreter) {
  std::vector<Elf64_Phdr> headers = image.segments();
  headers.erase(headers.begin() + static_cast<std::ptrdiff_t>(spare));
  const auto repoint = [&](Elf64_Phdr& header, std::uint64_t at, std::uint64_t size) {
    header.p_offset = added.p_offset + at;
    header.p_vaddr = header.p_paddr = added.p_vaddr + at;
    header.p_filesz = header.p_memsz = size;
  };
  for (Elf64_Phdr& header : headers) {
    if (header.p_type == PT_DYNAMIC) repoint(header, appendix.dynamic_at, appendix.dynamic_size);
    if (header.p_type == PT_INTERP && new_interpreter) {
      const std::uint64_t size = std::strlen(appendix.content.c_str() + appendix.interpreter_at) + 1;
      repoint(header, appendix.interpreter_at, size);
    }
  }
  const auto last_load =
      std::find_if(headers.rbegin(), headers.rend(), [](const Elf64_Phdr& header) { return header.p_type == PT_LOAD; });
  headers.insert(last_load.base(), added);
  return headers;
}

}  // namespace

Result<std::string> patch_program(std::string_view bytes, const ProgramPatch& patch) {
  ASSIGN_OR_RETURN(const ElfImage image, ElfImage::open(bytes));
  if (!image.segment(PT_DYNAMIC) || !image.segment(PT_INTERP))
    return fail(ErrorKind::config, "not a dynamically linked program");
  ASSIGN_OR_RETURN(const std::size_t spare, spare_header(image.segments()));

  std::uint64_t end = 0;
  std::uint64_t alignment = 4096;
  for (const Elf64_Phdr& segment : image.segments()) {
    if (segment.p_type != PT_LOAD) continue;
    constexpr std::uint64_t address_limit = 1ULL << 47U;
    if (segment.p_vaddr > address_limit || segment.p_memsz > address_limit || segment.p_align > (1ULL << 30U))
      return fail(ErrorKind::config, "its segments make no sense");
    end = std::max(end, segment.p_vaddr + segment.p_memsz);
    alignment = std::max(alignment, segment.p_align);
  }
  if (end == 0) return fail(ErrorKind::config, "it has nothing to load");

  Elf64_Phdr added{};
  added.p_type = PT_LOAD;
  added.p_flags = PF_R | PF_W;  // the loader writes to the dynamic section
  added.p_offset = align_up(bytes.size(), 16);
  // mmap wants address and offset congruent; an address made so needs no padding in the file.
  added.p_vaddr = added.p_paddr = align_up(end, alignment) + added.p_offset % alignment;
  added.p_align = alignment;
  ASSIGN_OR_RETURN(const Appendix appendix, make_appendix(image, patch, added.p_vaddr));
  added.p_filesz = added.p_memsz = appendix.content.size();

  std::string copy;
  copy.reserve(added.p_offset + appendix.content.size());
  copy = bytes;
  copy.resize(added.p_offset);
  copy += appendix.content;
  const auto headers = new_headers(image, spare, added, appendix, !patch.interpreter.empty());
  for (std::size_t i = 0; i < headers.size(); ++i)
    put(copy, image.header().e_phoff + i * sizeof(Elf64_Phdr), headers[i]);
  repoint_sections(image, copy, appendix, added);
  return copy;
}

Result<std::optional<std::string>> without_search_path(std::string_view bytes) {
  ASSIGN_OR_RETURN(const ElfImage image, ElfImage::open(bytes));
  ASSIGN_OR_RETURN(auto dynamic, image.dynamic());
  const std::size_t count = dynamic.size();
  std::erase_if(dynamic, [](const Elf64_Dyn& e) { return e.d_tag == DT_RPATH || e.d_tag == DT_RUNPATH; });
  if (dynamic.size() == count) return std::nullopt;
  std::string copy(bytes);
  dynamic.resize(count, {.d_tag = DT_NULL, .d_un = {.d_val = 0}});
  const std::uint64_t offset = image.segment(PT_DYNAMIC)->p_offset;
  for (std::size_t i = 0; i < count; ++i) put(copy, offset + i * sizeof(Elf64_Dyn), dynamic[i]);
  return copy;
}

}  // namespace sortie::package
