#include "package/package.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <thread>

#include "package/closure.h"
#include "package/collect.h"
#include "package/elf_patch.h"
#include "package/file.h"
#include "package/pack_cache.h"
#include "package/zip.h"

namespace sortie::package {
namespace {

namespace fs = std::filesystem;

/// The fastest: a package is made for every build of a suite, and deflating is what takes the time.
constexpr int k_deflate_level = 1;
constexpr std::string_view k_library_folder = "lib";
constexpr std::string_view k_glibc_folder = "lib/glibc";
constexpr std::string_view k_task_root = "/var/task";
constexpr std::size_t k_function_name_limit = 64;
/// Part of every content's identity: raise it when the same input is to give other bytes.
constexpr std::string_view k_recipe = "sortie package 1";

/// One entry of the package.
struct Entry {
  std::shared_ptr<const std::string> content;  ///< nullptr for a folder; of a link, where it leads
  bool executable = false;
  bool read_only = false;
  bool link = false;
  std::shared_ptr<const std::string> source = content;  ///< what the content was made of
  std::string recipe{};                                 ///< how; empty when it is the source itself
  std::string source_sha256{};
  std::string identity{};  ///< stands for the content: the SHA-256 of source and recipe
  Packed packed{};
};

class Builder {
 public:
  explicit Builder(const PackageSpec& spec) : spec_(spec), cache_(spec.cache_folder, spec.cache_limit_bytes) {}
  Result<Package> build();

 private:
  Result<void> read_harness();
  Result<void> check_suites();
  Result<void> resolve_libraries();
  Result<void> add_library(const ClosureLibrary& library);
  Result<void> add_sources();
  Result<std::shared_ptr<const std::string>> patched(const std::string& path, const SourceFile& file,
                                                     ProgramPatch& patch);
  void pack_entry(Entry& entry);
  void pack_entries();
  void add_manifest();
  Result<void> finish();

  const PackageSpec& spec_;
  PackCache cache_;
  std::string machine_;
  SourceFiles sources_;
  std::map<std::string, ElfFile> programs_;  ///< dynamically linked ones among the sources, by path
  Closure closure_;
  std::map<std::string, Entry> entries_;
  Package package_;
};

/// `$ORIGIN` up to the package's root for a program in a folder of it: `$ORIGIN/..` for `bin/tool`.
std::string origin_root(const std::string& package_path) {
  std::string text = "$ORIGIN";
  for (auto slash = package_path.find('/'); slash != std::string::npos; slash = package_path.find('/', slash + 1))
    text += "/..";
  return text;
}

Result<void> Builder::read_harness() {
  auto elf = read_elf(spec_.harness);
  if (!elf) return std::unexpected(wrap(std::move(elf).error(), "the harness is not a program"));
  machine_ = elf->machine;
  package_.architecture = lambda_architecture(machine_);
  if (package_.architecture.empty())
    return fail(ErrorKind::config, fmt::format("Lambda has no machines of kind {}", machine_));
  auto content = std::make_shared<const std::string>(spec_.harness);
  entries_["bootstrap"] = {.content = content, .executable = true};
  return {};
}

Result<void> Builder::check_suites() {
  if (spec_.suites.empty()) return fail(ErrorKind::usage, "no suite to package");
  std::set<std::string> names;
  const std::vector<std::string> places = suite_places(spec_);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const SuiteInput& input = spec_.suites[i];
    const std::string& path = places[i];
    const SourceFile& file = sources_.at(path);
    RETURN_IF_ERROR(check_startable(path, file, machine_, sources_));
    PackagedSuite suite{.name = input.name.empty() ? path : input.name, .executable = path, .content = file.content};
    if (!names.insert(suite.name).second)
      return fail(ErrorKind::config, fmt::format("two suites are called {}", suite.name),
                  "give them different names in sortie.toml");
    package_.suites.push_back(std::move(suite));
  }
  return {};
}

/// What the package's ELF files need. An asset that cannot run in Lambda may be test data: it is worth a warning alone.
Result<void> Builder::resolve_libraries() {
  ClosureSpec closure{.library_folders = spec_.library_folders, .image_glibc = spec_.image_glibc};
  for (const auto& [path, file] : sources_) {
    closure.package_paths.push_back(path);
    if (!file.content || !is_elf(*file.content)) {
      if (file.executable && !file.is_suite && file.content->starts_with("#!")) {
        if (const auto fit = check_startable(path, file, machine_, sources_); !fit)
          package_.warnings.push_back(fit.error().message);
      }
      continue;
    }
    auto elf = read_elf(*file.content);
    if (!elf) {
      if (file.executable) package_.warnings.push_back(fmt::format("{}: {}", path, describe(elf.error())));
      continue;
    }
    if (elf->machine != machine_) {
      package_.warnings.push_back(fmt::format("{} is built for {}: it cannot run on {}", path, elf->machine, machine_));
      continue;
    }
    if (elf->is_static()) continue;
    if (!elf->interpreter.empty()) programs_[path] = *elf;
    const bool required = file.is_suite || (elf->is_program && file.executable);
    closure.roots.push_back(
        {.package_path = path, .host_path = file.host_path, .elf = *std::move(elf), .required = required});
  }
  ASSIGN_OR_RETURN(closure_, find_closure(closure));
  package_.warnings.insert(package_.warnings.end(), closure_.warnings.begin(), closure_.warnings.end());
  return {};
}

Result<void> Builder::add_library(const ClosureLibrary& library) {
  const std::string path = fmt::format("{}/{}", library.is_glibc ? k_glibc_folder : k_library_folder, library.name);
  if (sources_.contains(path)) return {};  // the user's own goes first; closure.h counts it as there
  auto bare = without_search_path(*library.content);
  if (!bare) return std::unexpected(wrap(std::move(bare).error(), fmt::format("library {}", library.host_path)));
  Entry entry{.content = library.content, .executable = true};
  if (*bare) entry.content = std::make_shared<const std::string>(**std::move(bare));
  entry.recipe = "library";
  entries_[path] = std::move(entry);
  package_.libraries.push_back(library.name);
  package_.manifest.libraries.push_back(path);
  return {};
}

/// A program's copy that looks into the package for its libraries first. The image's own versions of them would
/// otherwise be found before: Lambda's LD_LIBRARY_PATH starts with /lib64 (docs/decisions/own-glibc.md).
Result<std::shared_ptr<const std::string>> Builder::patched(const std::string& path, const SourceFile& file,
                                                            ProgramPatch& patch) {
  const ElfFile& elf = programs_.at(path);
  for (const std::string& folder : elf.runpath.empty() ? elf.rpath : elf.runpath) {
    if (folder.starts_with("$ORIGIN") || folder.starts_with("${ORIGIN}")) patch.rpath.push_back(folder);
  }
  const std::string root = origin_root(path);
  if (closure_.own_glibc) {
    patch.rpath.push_back(fmt::format("{}/{}", root, k_glibc_folder));
    patch.interpreter = fmt::format("{}/{}/{}", k_task_root, k_glibc_folder, closure_.loader);
  }
  patch.rpath.push_back(fmt::format("{}/{}", root, k_library_folder));
  patch.rpath.push_back(root);
  auto copy = patch_program(*file.content, patch);
  if (copy) return std::make_shared<const std::string>(*std::move(copy));
  if (!closure_.own_glibc) {
    package_.warnings.push_back(
        fmt::format("{} may find older libraries of Lambda's image before its own: {}", path, describe(copy.error())));
    return file.content;
  }
  Error error = wrap(std::move(copy).error(),
                     fmt::format("{} needs glibc {}, Lambda's image has {}, and its own cannot come along", path,
                                 to_string(closure_.glibc), to_string(spec_.image_glibc)));
  error.hint = "link it statically, or build it on a system with glibc " + to_string(spec_.image_glibc) + " or older";
  return std::unexpected(std::move(error));
}

Result<void> Builder::add_sources() {
  for (const auto& [path, file] : sources_) {
    Entry entry{.content = file.content, .executable = file.executable, .read_only = file.read_only};
    if (!file.link.empty()) {
      entry.content = entry.source = std::make_shared<const std::string>(file.link);
      entry.link = true;
    }
    if (!closure_.libraries.empty() && programs_.contains(path)) {
      ProgramPatch patch;
      ASSIGN_OR_RETURN(entry.content, patched(path, file, patch));
      if (entry.content != entry.source) {
        entry.recipe = fmt::format("program {}", patch.interpreter);
        for (const std::string& folder : patch.rpath) entry.recipe += ":" + folder;
      }
    }
    entries_[path] = std::move(entry);
  }
  return {};
}

/// Hashes and deflates; on any thread.
void Builder::pack_entry(Entry& entry) {
  entry.source_sha256 = sha256_hex(*entry.source);
  entry.identity = entry.recipe.empty()
                       ? entry.source_sha256
                       : sha256_hex(fmt::format("{}\n{}\n{}", k_recipe, entry.recipe, entry.source_sha256));
  entry.packed = cache_.pack(*entry.content, entry.identity, k_deflate_level);
}

/// On a few threads; each takes the largest entry left.
void Builder::pack_entries() {
  std::vector<Entry*> work;
  for (auto& [path, entry] : entries_) {
    if (entry.content) work.push_back(&entry);
  }
  std::ranges::sort(work, std::greater<>{}, [](const Entry* entry) { return entry->content->size(); });
  std::atomic<std::size_t> next{0};
  const auto run = [&] {
    for (std::size_t i = next++; i < work.size(); i = next++) pack_entry(*work[i]);
  };
  std::vector<std::jthread> threads;
  const std::size_t count = std::min<std::size_t>({work.size(), std::thread::hardware_concurrency(), 4});
  for (std::size_t i = 1; i < count; ++i) threads.emplace_back(run);
  run();
}

void Builder::add_manifest() {
  Manifest& manifest = package_.manifest;
  manifest.architecture = package_.architecture;
  for (PackagedSuite& suite : package_.suites) {
    suite.sha256 = entries_.at(suite.executable).source_sha256;
    manifest.suites.push_back({.name = suite.name, .executable = suite.executable, .sha256 = suite.sha256});
  }
  std::ranges::sort(manifest.libraries);
  if (closure_.own_glibc) manifest.own_glibc = k_glibc_folder;
  Entry& entry = entries_["manifest.json"] = {.content = std::make_shared<const std::string>(encode(manifest))};
  pack_entry(entry);
}

/// The suite's name with what a function's name may have: letters, digits, single dashes.
std::string function_name(const std::string& suite, const std::string& hash) {
  std::string name = "sortie-";
  const std::size_t limit = k_function_name_limit - 1 - hash.size();
  for (const char c : suite) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (name.size() < limit && (plain || name.back() != '-')) name += plain ? c : '-';
  }
  if (name.back() != '-') name += '-';
  return name + hash;
}

/// Who may execute and whether anyone may write is kept. Everybody may read: in Lambda the files are another user's.
/// What the umask of a checkout says of others is not kept: the same sources would give other bytes.
std::uint32_t mode_of(const Entry& entry) {
  if (entry.link) return 0777;
  const std::uint32_t mode = entry.executable || !entry.content ? 0755 : 0644;
  return entry.read_only ? mode & 0555U : mode;
}

Result<void> Builder::finish() {
  std::vector<ZipPart> parts;
  std::string identity(k_recipe);
  std::map<std::string, std::uint64_t> packed_sizes;
  for (const auto& [path, entry] : entries_) {
    const std::uint32_t mode = mode_of(entry);
    parts.push_back(
        {.path = path, .mode = mode, .content = entry.content ? &entry.packed : nullptr, .link = entry.link});
    identity += fmt::format("\n{} {:o}{} {}", path, mode, entry.link ? " link" : "", entry.identity);
    const std::uint64_t size = entry.content ? entry.content->size() : 0;
    package_.files.push_back({.path = path, .size = size, .executable = entry.executable});
    package_.unzipped_bytes += size;
    packed_sizes[path] = entry.packed.data.size();
  }
  ASSIGN_OR_RETURN(package_.zip, write_zip(parts));
  if (package_.unzipped_bytes > k_unzipped_limit || package_.zip.size() > k_zip_limit) {
    return fail(
        ErrorKind::config,
        fmt::format(
            "the package is too large: {:.1f} MB zipped, {:.1f} MB unzipped; Lambda takes {:.1f} MB and {:.1f} MB",
            static_cast<double>(package_.zip.size()) / 1e6, static_cast<double>(package_.unzipped_bytes) / 1e6,
            static_cast<double>(k_zip_limit) / 1e6, static_cast<double>(k_unzipped_limit) / 1e6),
        largest_files(packed_sizes) + " (zipped); strip debug information, or leave assets out");
  }
  package_.zip_sha256 = sha256_base64(package_.zip);
  package_.function_name = function_name(package_.suites.front().name, sha256_hex(identity).substr(0, 8));
  package_.asset_count = spec_.assets.size();
  package_.from_cache = cache_.all_hits();
  std::ranges::sort(package_.libraries);
  return {};
}

Result<Package> Builder::build() {
  RETURN_IF_ERROR(read_harness());
  ASSIGN_OR_RETURN(sources_, collect(spec_));
  RETURN_IF_ERROR(check_suites());
  RETURN_IF_ERROR(resolve_libraries());
  for (const ClosureLibrary& library : closure_.libraries) RETURN_IF_ERROR(add_library(library));
  RETURN_IF_ERROR(add_sources());
  pack_entries();
  add_manifest();
  RETURN_IF_ERROR(finish());
  cache_.trim();
  return std::move(package_);
}

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

std::string default_cache_folder() {
  // The XDG base directory specification: a relative value is to be ignored.
  if (const std::string cache = environment("XDG_CACHE_HOME"); cache.starts_with('/'))
    return cache + "/sortie/packages";
  if (const std::string home = environment("HOME"); home.starts_with('/')) return home + "/.cache/sortie/packages";
  return {};
}

std::vector<std::string> environment_library_folders() {
  std::vector<std::string> folders;
  const std::string text = environment("LD_LIBRARY_PATH");
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find(':', start), text.size());
    if (end > start) folders.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return folders;
}

Result<Package> build_package(const PackageSpec& spec) {
  return Builder(spec).build();
}

}  // namespace sortie::package
