#include "package/elf.h"

#include <fmt/format.h>

#include <charconv>

#include "package/elf_image.h"

namespace sortie::package {
namespace {

std::string machine_name(unsigned machine) {
  switch (machine) {
    case EM_X86_64: return "x86_64";
    case EM_AARCH64: return "aarch64";
    case EM_386: return "i386";
    case EM_ARM: return "arm";
    case EM_RISCV: return "riscv";
    case EM_PPC64: return "ppc64";
    case EM_S390: return "s390";
    case EM_LOONGARCH: return "loongarch";
    case EM_MIPS: return "mips";
    default: return fmt::format("machine {}", machine);
  }
}

std::vector<std::string> split_path(std::string_view text) {
  std::vector<std::string> folders;
  while (!text.empty()) {
    const auto colon = text.find(':');
    if (colon != 0) folders.emplace_back(text.substr(0, colon));
    text.remove_prefix(colon == std::string_view::npos ? text.size() : colon + 1);
  }
  return folders;
}

/// `GLIBC_2.34` is 2.34; anything else (GLIBC_PRIVATE, GLIBCXX_3.4) is 0.0.
GlibcVersion parse_glibc(std::string_view name) {
  constexpr std::string_view prefix = "GLIBC_";
  if (!name.starts_with(prefix)) return {};
  name.remove_prefix(prefix.size());
  GlibcVersion version;
  const char* const end = name.data() + name.size();
  const auto major = std::from_chars(name.data(), end, version.major);
  if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.') return {};
  if (std::from_chars(major.ptr + 1, end, version.minor).ec != std::errc{}) return {};
  return version;
}

/// What of the dynamic section points into its string table.
class DynamicStrings {
 public:
  DynamicStrings(const ElfImage& image, const std::vector<Elf64_Dyn>& dynamic) : image_(image) {
    if (const auto address = find_tag(dynamic, DT_STRTAB)) table_ = image.offset_of(*address);
  }
  [[nodiscard]] Result<std::string> get(std::uint64_t index) const {
    if (table_ && index < image_.bytes().size()) {
      if (const auto text = image_.string_at(*table_ + index)) return std::string(*text);
    }
    return fail(ErrorKind::config, "a name in its dynamic section is cut");
  }

 private:
  const ElfImage& image_;
  std::optional<std::uint64_t> table_;
};

/// The highest GLIBC_x.y among the versions asked for (.gnu.version_r, a list of lists of relative offsets).
GlibcVersion needed_glibc(const ElfImage& image, const std::vector<Elf64_Dyn>& dynamic, const DynamicStrings& strings) {
  GlibcVersion highest;
  const auto address = find_tag(dynamic, DT_VERNEED);
  auto offset = address ? image.offset_of(*address) : std::nullopt;
  std::size_t left = k_elf_entry_limit;
  while (offset && left-- > 0) {
    const auto need = image.at<Elf64_Verneed>(*offset);
    if (!need) break;
    std::uint64_t item_offset = *offset + need->vn_aux;
    for (std::size_t i = 0; i < need->vn_cnt && left > 0; ++i, --left) {
      const auto item = image.at<Elf64_Vernaux>(item_offset);
      if (!item) break;
      if (const auto name = strings.get(item->vna_name)) highest = std::max(highest, parse_glibc(*name));
      if (item->vna_next == 0) break;
      item_offset += item->vna_next;
    }
    if (need->vn_next == 0) break;
    *offset += need->vn_next;
  }
  return highest;
}

/// The highest GLIBC_x.y among the versions defined (.gnu.version_d).
GlibcVersion provided_glibc(const ElfImage& image, const std::vector<Elf64_Dyn>& dynamic,
                            const DynamicStrings& strings) {
  GlibcVersion highest;
  const auto address = find_tag(dynamic, DT_VERDEF);
  auto offset = address ? image.offset_of(*address) : std::nullopt;
  for (std::size_t left = k_elf_entry_limit; offset && left > 0; --left) {
    const auto definition = image.at<Elf64_Verdef>(*offset);
    if (!definition) break;
    if (const auto item = image.at<Elf64_Verdaux>(*offset + definition->vd_aux)) {
      if (const auto name = strings.get(item->vda_name)) highest = std::max(highest, parse_glibc(*name));
    }
    if (definition->vd_next == 0) break;
    *offset += definition->vd_next;
  }
  return highest;
}

Result<void> read_dynamic(const ElfImage& image, ElfFile& file) {
  ASSIGN_OR_RETURN(const auto dynamic, image.dynamic());
  const DynamicStrings strings(image, dynamic);
  for (const Elf64_Dyn& entry : dynamic) {
    switch (entry.d_tag) {
      case DT_NEEDED: {
        ASSIGN_OR_RETURN(auto name, strings.get(entry.d_un.d_val));
        file.needed.push_back(std::move(name));
        break;
      }
      case DT_SONAME: {
        ASSIGN_OR_RETURN(file.soname, strings.get(entry.d_un.d_val));
        break;
      }
      case DT_RPATH:
      case DT_RUNPATH: {
        ASSIGN_OR_RETURN(const auto text, strings.get(entry.d_un.d_val));
        (entry.d_tag == DT_RPATH ? file.rpath : file.runpath) = split_path(text);
        break;
      }
      case DT_FLAGS_1:
        if (entry.d_un.d_val & DF_1_PIE) file.is_program = true;
        break;
      default: break;
    }
  }
  file.glibc = needed_glibc(image, dynamic, strings);
  file.glibc_provided = provided_glibc(image, dynamic, strings);
  return {};
}

}  // namespace

std::string to_string(GlibcVersion version) {
  return fmt::format("{}.{}", version.major, version.minor);
}

bool is_elf(std::string_view bytes) {
  return bytes.starts_with(std::string_view(ELFMAG, SELFMAG));
}

Result<ElfFile> read_elf(std::string_view bytes) {
  if (!is_elf(bytes)) return fail(ErrorKind::config, "not an ELF file");
  if (bytes.size() < sizeof(Elf32_Ehdr)) return fail(ErrorKind::config, "its ELF header is cut");
  ElfFile file;
  const bool big_endian = bytes[EI_DATA] == ELFDATA2MSB;
  const auto machine_offset = offsetof(Elf32_Ehdr, e_machine);  // the same in both classes
  const auto low = static_cast<unsigned char>(bytes[machine_offset + (big_endian ? 1 : 0)]);
  const auto high = static_cast<unsigned char>(bytes[machine_offset + (big_endian ? 0 : 1)]);
  file.machine = machine_name(low | (high << 8U));
  if (bytes[EI_CLASS] != ELFCLASS64 || big_endian) {
    // x32 shares x86_64's machine number but is no machine of Lambda's.
    if (!lambda_architecture(file.machine).empty())
      file.machine += big_endian ? " big-endian" : " with 32-bit pointers";
    return file;
  }
  ASSIGN_OR_RETURN(const ElfImage image, ElfImage::open(bytes));
  file.is_program = image.header().e_type == ET_EXEC;
  if (const Elf64_Phdr* const segment = image.segment(PT_INTERP)) {
    const auto text = image.string_at(segment->p_offset);
    if (!text || text->empty()) return fail(ErrorKind::config, "the name of its loader is cut");
    file.interpreter = *text;
    file.is_program = true;
  }
  file.has_dynamic_section = image.segment(PT_DYNAMIC) != nullptr;
  RETURN_IF_ERROR(read_dynamic(image, file));
  return file;
}

std::string lambda_architecture(std::string_view machine) {
  if (machine == "x86_64") return "x86_64";
  if (machine == "aarch64") return "arm64";
  return {};
}

}  // namespace sortie::package
