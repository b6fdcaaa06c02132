#include "emulator/lambda/catalogue/unzip.h"

#include <fcntl.h>
#include <libdeflate.h>
#include <minizip/unzip.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace sortie::emulator::lambda {
namespace {

constexpr std::size_t k_name_limit = 4096;
constexpr std::size_t k_component_limit = 255;
constexpr std::size_t k_link_limit = 4096;
/// Larger entries are inflated in pieces, smaller ones at once (three times as fast).
constexpr std::uint64_t k_whole_limit = 64ULL << 20;
constexpr std::size_t k_piece_bytes = 1 << 20;
/// Files are made one after the other and filled many at a time.
constexpr std::size_t k_threads = 4;
constexpr std::size_t k_pending_files = 256;
constexpr std::uint64_t k_pending_bytes = 64ULL << 20;
constexpr unsigned k_made_on_unix = 3;
constexpr unsigned k_made_on_darwin = 19;
constexpr mode_t k_default_file_mode = 0644;
constexpr mode_t k_default_folder_mode = 0755;

std::unexpected<Error> damaged(std::string message) {
  return fail(ErrorKind::protocol, std::move(message));
}

/// The package in memory, as minizip's file functions want it.
struct MemoryFile {
  std::string_view bytes;
  ZPOS64_T position = 0;
};

voidpf open_memory(voidpf opaque, const void*, int) {
  return opaque;
}
uLong read_memory(voidpf, voidpf stream, void* buffer, uLong size) {
  auto& file = *static_cast<MemoryFile*>(stream);
  auto left = file.position < file.bytes.size() ? file.bytes.size() - file.position : 0;
  auto count = std::min<std::uint64_t>(size, left);
  if (count > 0) std::memcpy(buffer, file.bytes.data() + file.position, count);
  file.position += count;
  return static_cast<uLong>(count);
}
uLong write_memory(voidpf, voidpf, const void*, uLong) {
  return 0;
}
ZPOS64_T tell_memory(voidpf, voidpf stream) {
  return static_cast<MemoryFile*>(stream)->position;
}
long seek_memory(voidpf, voidpf stream, ZPOS64_T offset, int origin) {
  auto& file = *static_cast<MemoryFile*>(stream);
  ZPOS64_T base = origin == ZLIB_FILEFUNC_SEEK_SET   ? 0
                  : origin == ZLIB_FILEFUNC_SEEK_CUR ? file.position
                                                     : file.bytes.size();
  if (offset > file.bytes.size() - std::min<ZPOS64_T>(base, file.bytes.size())) return -1;
  file.position = base + offset;
  return 0;
}
int close_memory(voidpf, voidpf) {
  return 0;
}
int error_memory(voidpf, voidpf) {
  return 0;
}

struct CloseZip {
  void operator()(unzFile zip) const { unzClose(zip); }
};
using Zip = std::unique_ptr<std::remove_pointer_t<unzFile>, CloseZip>;

struct Entry {
  std::string name;
  std::vector<std::string> components;
  std::uint64_t size = 0;
  std::uint64_t compressed = 0;
  std::uint32_t crc = 0;
  unsigned method = 0;
  mode_t mode = 0;
  bool folder = false;
  bool link = false;
};

/// The parts of an entry's name; refuses every name that could lead out of the folder.
Result<std::vector<std::string>> split_name(std::string_view name) {
  if (name.empty() || name.size() > k_name_limit || name.find('\0') != std::string_view::npos) {
    return damaged("an entry's name is empty, too long or contains NUL");
  }
  if (name.front() == '/') return damaged(std::string("the entry's name is absolute: ").append(name));
  std::vector<std::string> components;
  while (!name.empty()) {
    auto slash = name.find('/');
    auto component = name.substr(0, slash);
    name.remove_prefix(slash == std::string_view::npos ? name.size() : slash + 1);
    if (component.empty() || component == ".") continue;
    if (component == ".." || component.size() > k_component_limit) {
      return damaged(std::string("the entry's name leads out of the package or is too long: ").append(component));
    }
    components.emplace_back(component);
  }
  return components;
}

/// True when the end record is there as a whole (APPNOTE 4.3.16): minizip is content with less.
bool has_end_record(std::string_view zip) {
  constexpr std::size_t k_record = 22;
  constexpr std::size_t k_longest_comment = 65'535;
  if (zip.size() < k_record) return false;
  auto first = zip.size() - std::min(zip.size(), k_record + k_longest_comment);
  for (auto at = zip.size() - k_record + 1; at-- > first;) {
    if (zip.substr(at, 4) != "PK\x05\x06") continue;
    auto comment = static_cast<unsigned char>(zip[at + 20]) | static_cast<unsigned char>(zip[at + 21]) << 8;
    if (at + k_record + static_cast<std::size_t>(comment) <= zip.size()) return true;
  }
  return false;
}

Result<Entry> read_entry(unzFile zip) {
  unz_file_info64 info{};
  std::string name(k_name_limit + 1, '\0');
  if (unzGetCurrentFileInfo64(zip, &info, name.data(), name.size(), nullptr, 0, nullptr, 0) != UNZ_OK) {
    return damaged("the central directory is damaged");
  }
  if (info.size_filename > k_name_limit) return damaged("an entry's name is too long");
  name.resize(info.size_filename);
  if ((info.flag & 1) != 0) return damaged("the entry is encrypted: " + name);
  if (info.compression_method != 0 && info.compression_method != Z_DEFLATED) {
    return damaged("the entry is compressed by an unknown method: " + name);
  }
  ASSIGN_OR_RETURN(auto components, split_name(name));
  Entry entry{.name = name,
              .components = std::move(components),
              .size = info.uncompressed_size,
              .compressed = info.compressed_size,
              .crc = static_cast<std::uint32_t>(info.crc),
              .method = static_cast<unsigned>(info.compression_method),
              .folder = name.ends_with('/')};
  auto maker = static_cast<unsigned>(info.version >> 8);
  if (maker == k_made_on_unix || maker == k_made_on_darwin) {
    auto mode = static_cast<mode_t>(info.external_fa >> 16);
    entry.folder = entry.folder || S_ISDIR(mode);
    entry.link = S_ISLNK(mode);
    entry.mode = mode & 0777;
    if ((mode & S_IFMT) == 0 && entry.folder && entry.mode == 0) entry.mode = k_default_folder_mode;
  } else {
    entry.mode = entry.folder ? k_default_folder_mode : k_default_file_mode;
  }
  return entry;
}

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    auto count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, "write");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

/// Inflates whole entries. One for each thread.
class Inflater {
 public:
  Inflater() : inflater_(libdeflate_alloc_decompressor()) {}
  ~Inflater() { libdeflate_free_decompressor(inflater_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  Result<std::string> inflate(const Entry& entry, std::string_view raw) {
    std::string content;
    if (entry.method == 0) {
      content = raw;
    } else {
      bool whole = false;
      content.resize_and_overwrite(entry.size, [&](char* to, std::size_t) {
        whole = libdeflate_deflate_decompress(inflater_, raw.data(), raw.size(), to, entry.size, nullptr) ==
                LIBDEFLATE_SUCCESS;
        return whole ? static_cast<std::size_t>(entry.size) : 0;
      });
      if (!whole) return damaged("the entry is damaged: " + entry.name);
    }
    if (content.size() != entry.size || libdeflate_crc32(0, content.data(), content.size()) != entry.crc) {
      return damaged("the entry's checksum is wrong: " + entry.name);
    }
    return content;
  }

 private:
  libdeflate_decompressor* inflater_;
};

/// A file that is there by name and has yet to get its content.
struct PendingFile {
  Entry entry;
  std::string_view raw;
  UniqueFd file;
};

/// Inflates and writes; on a few threads, each takes the next file. The error is that of the first file that has one.
Result<void> fill(std::span<PendingFile> files) {
  std::vector<Result<void>> done(files.size());
  std::atomic<std::size_t> next{0};
  auto work = [&] {
    Inflater inflater;
    for (std::size_t i = next++; i < files.size(); i = next++) {
      auto& file = files[i];
      auto content = inflater.inflate(file.entry, file.raw);
      done[i] = content ? write_all(file.file.get(), *content) : std::unexpected(content.error());
      if (done[i] && ::fchmod(file.file.get(), file.entry.mode) != 0) {
        done[i] = fail_errno(errno, "set the mode of " + file.entry.name);
      }
      file.file.reset();
    }
  };
  {
    std::vector<std::jthread> threads;
    auto count = std::min<std::size_t>({files.size(), std::thread::hardware_concurrency(), k_threads});
    for (std::size_t i = 1; i < count; ++i) threads.emplace_back(work);
    work();
  }
  for (auto& result : done) RETURN_IF_ERROR(result);
  return {};
}

/// Unpacks one package; lives as long as one call.
class Unpacker {
 public:
  Unpacker(std::string_view bytes, unzFile zip, UniqueFd folder)
      : bytes_(bytes), zip_(zip), folder_(std::move(folder)) {}

  Result<void> unpack(const Entry& entry) {
    if (entry.components.empty()) return {};
    ASSIGN_OR_RETURN(auto parent, open_folder(entry, entry.components.size() - 1));
    if (entry.folder) return make_folder(parent.get(), entry.components.back(), entry.mode);
    if (entry.link) return make_link(parent.get(), entry);
    return make_file(parent.get(), entry);
  }
  /// The contents that are still to be written. After the last entry.
  Result<void> finish() {
    auto filled = fill(pending_);
    pending_.clear();
    pending_bytes_ = 0;
    return filled;
  }

 private:
  /// The folder made of the first `depth` components; links on the way are not followed.
  Result<UniqueFd> open_folder(const Entry& entry, std::size_t depth) {
    UniqueFd current(::fcntl(folder_.get(), F_DUPFD_CLOEXEC, 0));
    for (std::size_t i = 0; i < depth && current; ++i) {
      const auto& name = entry.components[i];
      if (::mkdirat(current.get(), name.c_str(), k_default_folder_mode) != 0 && errno != EEXIST) {
        return fail_errno(errno, "make folder " + name);
      }
      UniqueFd next(::openat(current.get(), name.c_str(), O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_RDONLY));
      if (!next && (errno == ELOOP || errno == ENOTDIR)) return damaged("an entry lies below a file: " + entry.name);
      if (!next) return fail_errno(errno, "open folder " + name);
      current = std::move(next);
    }
    if (!current) return fail_errno(errno, "open folder");
    return current;
  }

  static Result<void> make_folder(int parent, const std::string& name, mode_t mode) {
    if (::mkdirat(parent, name.c_str(), 0755) != 0 && errno != EEXIST) return fail_errno(errno, "make folder " + name);
    UniqueFd folder(::openat(parent, name.c_str(), O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_RDONLY));
    if (!folder) return damaged("a folder has the name of a file: " + name);
    if (::fchmod(folder.get(), mode | 0700) != 0) return fail_errno(errno, "set the mode of " + name);
    return {};
  }

  Result<void> make_link(int parent, const Entry& entry) {
    if (entry.size > k_link_limit) return damaged("a link's target is too long: " + entry.name);
    ASSIGN_OR_RETURN(auto raw, raw_bytes(entry));
    ASSIGN_OR_RETURN(auto target, Inflater().inflate(entry, raw));
    if (target.empty() || target.contains('\0')) return damaged("a link leads to no name: " + entry.name);
    const auto& name = entry.components.back();
    if (::unlinkat(parent, name.c_str(), 0) != 0 && errno != ENOENT) return fail_errno(errno, "replace " + name);
    if (::symlinkat(target.c_str(), parent, name.c_str()) != 0) return fail_errno(errno, "make link " + name);
    return {};
  }

  Result<void> make_file(int parent, const Entry& entry) {
    const auto& name = entry.components.back();
    auto flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    UniqueFd file(::openat(parent, name.c_str(), flags, 0600));
    if (!file && errno == EEXIST && ::unlinkat(parent, name.c_str(), 0) == 0) {
      file.reset(::openat(parent, name.c_str(), flags, 0600));
    }
    if (!file) return fail_errno(errno, "make " + entry.name);
    if (entry.size <= k_whole_limit) {
      ASSIGN_OR_RETURN(auto raw, raw_bytes(entry));
      pending_.push_back({.entry = entry, .raw = raw, .file = std::move(file)});
      pending_bytes_ += entry.size;
      return pending_.size() < k_pending_files && pending_bytes_ < k_pending_bytes ? Result<void>() : finish();
    }
    RETURN_IF_ERROR(inflate_in_pieces(entry, file.get()));
    if (::fchmod(file.get(), entry.mode) != 0) return fail_errno(errno, "set the mode of " + entry.name);
    return {};
  }

  Result<std::string_view> raw_bytes(const Entry& entry) {
    int method = 0;
    int level = 0;
    if (unzOpenCurrentFile2(zip_, &method, &level, 1) != UNZ_OK) return damaged("the entry is damaged: " + entry.name);
    auto offset = unzGetCurrentFileZStreamPos64(zip_);
    unzCloseCurrentFile(zip_);
    if (offset > bytes_.size() || entry.compressed > bytes_.size() - offset) {
      return damaged("the entry is cut: " + entry.name);
    }
    return bytes_.substr(offset, entry.compressed);
  }

  Result<void> inflate_in_pieces(const Entry& entry, int fd) {
    if (unzOpenCurrentFile(zip_) != UNZ_OK) return damaged("the entry is damaged: " + entry.name);
    std::vector<char> piece(k_piece_bytes);
    std::uint64_t total = 0;
    int count = 0;
    while ((count = unzReadCurrentFile(zip_, piece.data(), k_piece_bytes)) > 0) {
      total += static_cast<std::uint64_t>(count);
      if (total > entry.size) break;
      if (auto written = write_all(fd, {piece.data(), static_cast<std::size_t>(count)}); !written) {
        unzCloseCurrentFile(zip_);
        return written;
      }
    }
    bool crc_is_right = unzCloseCurrentFile(zip_) == UNZ_OK;
    if (count < 0 || total != entry.size || !crc_is_right) return damaged("the entry is damaged: " + entry.name);
    return {};
  }

  std::string_view bytes_;
  unzFile zip_;
  UniqueFd folder_;
  std::vector<PendingFile> pending_;
  std::uint64_t pending_bytes_ = 0;
};

}  // namespace

Result<std::uint64_t> unzip(std::string_view zip, const std::filesystem::path& folder, const UnzipLimits& limits) {
  UniqueFd root(::open(folder.c_str(), O_DIRECTORY | O_CLOEXEC | O_RDONLY));
  if (!root) return fail_errno(errno, "open " + folder.string());
  if (!has_end_record(zip)) return damaged("this is no zip file");
  MemoryFile memory{zip};
  zlib_filefunc64_def functions{.zopen64_file = open_memory,
                                .zread_file = read_memory,
                                .zwrite_file = write_memory,
                                .ztell64_file = tell_memory,
                                .zseek64_file = seek_memory,
                                .zclose_file = close_memory,
                                .zerror_file = error_memory,
                                .opaque = &memory};
  Zip archive(unzOpen2_64(nullptr, &functions));
  if (!archive) return damaged("this is no zip file");
  Unpacker unpacker(zip, archive.get(), std::move(root));
  std::uint64_t total = 0;
  std::size_t entries = 0;
  int step = unzGoToFirstFile(archive.get());
  for (; step == UNZ_OK; step = unzGoToNextFile(archive.get())) {
    if (++entries > limits.entries) return damaged("the package has too many entries");
    ASSIGN_OR_RETURN(auto entry, read_entry(archive.get()));
    if (entry.size > limits.total_bytes - total) {
      Error error{.kind = ErrorKind::protocol, .message = "the unpacked package is too large"};
      error.code = k_unzipped_too_large;
      return std::unexpected(std::move(error));
    }
    total += entry.size;
    RETURN_IF_ERROR(unpacker.unpack(entry));
  }
  RETURN_IF_ERROR(unpacker.finish());
  if (step != UNZ_END_OF_LIST_OF_FILE) return damaged("the central directory is damaged");
  return total;
}

}  // namespace sortie::emulator::lambda
