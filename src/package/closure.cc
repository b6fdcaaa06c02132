#include "package/closure.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <deque>
#include <filesystem>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "package/file.h"
#include "package/loader_cache.h"

namespace sortie::package {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_library_limit = 1024;
constexpr std::uint64_t k_library_size_limit = 262'144'000;
constexpr std::array<std::string_view, 15> k_glibc_names = {
    "libc.so.6",       "libm.so.6",         "libpthread.so.0",    "libdl.so.2",           "librt.so.1",
    "libresolv.so.2",  "libutil.so.1",      "libanl.so.1",        "libmvec.so.1",         "libnsl.so.1",
    "libnss_dns.so.2", "libnss_files.so.2", "libnss_compat.so.2", "libBrokenLocale.so.1", "libthread_db.so.1"};
/// What comes along with an own C library even when nothing names it: a library opened at run time may.
constexpr std::array<std::string_view, 8> k_glibc_always = {"libc.so.6",    "libm.so.6",  "libpthread.so.0",
                                                            "libdl.so.2",   "librt.so.1", "libresolv.so.2",
                                                            "libutil.so.1", "libanl.so.1"};

bool is_loader_name(std::string_view name) {
  return name.starts_with("ld-linux") && name.contains(".so.");
}

/// Where the image has its loader.
bool is_image_loader(std::string_view path) {
  return path == "/lib64/ld-linux-x86-64.so.2" || path == "/lib/ld-linux-aarch64.so.1";
}

/// Something that needs libraries: a root or a library found for one.
struct Node {
  std::string label;      ///< in messages
  std::string host_path;  ///< `$ORIGIN` is its folder
  std::optional<std::string> package_path;
  ElfFile elf;
  const Node* needed_by = nullptr;
  bool required = true;
};

std::string replace_all(std::string text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

class Search {
 public:
  explicit Search(const ClosureSpec& spec) : spec_(spec) {
    if (const auto cache = read_file(spec.loader_cache, 64U << 20)) cache_ = read_loader_cache(*cache->bytes);
  }
  Result<Closure> run();

 private:
  struct Found {
    std::string path;
    std::shared_ptr<const std::string> content;
    ElfFile elf;
  };
  Result<void> add_root(const ClosureRoot& root);
  Result<void> follow(const Node& node);
  Result<void> add_library(const std::string& name, Found found, const Node* needed_by, bool is_glibc);
  Result<void> add_glibc();
  Result<void> check_loader(const ClosureRoot& root);
  [[nodiscard]] bool in_package(const Node& node, const std::string& name) const;
  [[nodiscard]] std::optional<Found> on_host(const Node& node, const std::string& name) const;
  [[nodiscard]] std::vector<std::string> folders_for(const Node& node) const;
  [[nodiscard]] std::vector<std::string> expand(const Node& node, const std::vector<std::string>& folders) const;
  [[nodiscard]] std::vector<std::string> standard_folders() const;
  [[nodiscard]] std::optional<Found> open(const std::string& path) const;
  [[nodiscard]] std::unexpected<Error> missing(const Node& node, const std::string& name) const;
  /// True when `k_any_glibc` or the like says that the package runs where its libraries are.
  [[nodiscard]] bool runs_here() const { return spec_.image_glibc == GlibcVersion{~0U, ~0U}; }

  const ClosureSpec& spec_;
  std::unordered_map<std::string, std::vector<std::string>> cache_;
  std::string machine_;
  std::string interpreter_;  ///< of the programs, when it is not where the image has it or an own glibc is wanted
  bool foreign_loader_ = false;
  std::deque<Node> nodes_;  ///< a deque: nodes point at one another
  std::set<std::string> seen_;
  std::set<std::string> glibc_names_;
  std::string newest_user_;  ///< who needs the highest glibc, for messages
  Closure closure_;
};

std::vector<std::string> Search::expand(const Node& node, const std::vector<std::string>& folders) const {
  const std::string origin = fs::path(node.host_path).parent_path();
  const std::string triplet = machine_ + "-linux-gnu";
  std::vector<std::string> result;
  for (std::string folder : folders) {
    folder = replace_all(replace_all(std::move(folder), "${ORIGIN}", origin), "$ORIGIN", origin);
    folder = replace_all(replace_all(std::move(folder), "${PLATFORM}", machine_), "$PLATFORM", machine_);
    if (folder.contains("$LIB") || folder.contains("${LIB}")) {
      for (const std::string& lib : {"lib/" + triplet, std::string("lib64"), std::string("lib")})
        result.push_back(replace_all(replace_all(folder, "${LIB}", lib), "$LIB", lib));
    } else {
      result.push_back(std::move(folder));
    }
  }
  return result;
}

std::vector<std::string> Search::standard_folders() const {
  const std::string triplet = machine_ + "-linux-gnu";
  return {"/lib/" + triplet, "/usr/lib/" + triplet, "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib"};
}

/// The folders that come before the loader's cache, in ld.so(8)'s order.
std::vector<std::string> Search::folders_for(const Node& node) const {
  std::vector<std::string> folders;
  const auto append = [&](const std::vector<std::string>& more) {
    folders.insert(folders.end(), more.begin(), more.end());
  };
  if (node.elf.runpath.empty()) {
    for (const Node* at = &node; at; at = at->needed_by) {
      if (at->elf.runpath.empty()) append(expand(*at, at->elf.rpath));
    }
  }
  append(spec_.library_folders);
  append(expand(node, node.elf.runpath));
  return folders;
}

std::optional<Search::Found> Search::open(const std::string& path) const {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return std::nullopt;
  auto file = read_file(path, k_library_size_limit);
  if (!file) return std::nullopt;
  auto elf = read_elf(*file->bytes);
  if (!elf || elf->machine != machine_) return std::nullopt;
  return Found{.path = path, .content = file->bytes, .elf = *std::move(elf)};
}

std::optional<Search::Found> Search::on_host(const Node& node, const std::string& name) const {
  for (const std::string& folder : folders_for(node)) {
    if (auto found = open(folder + "/" + name)) return found;
  }
  if (const auto cached = cache_.find(name); cached != cache_.end()) {
    for (const std::string& path : cached->second) {
      if (auto found = open(path)) return found;
    }
  }
  for (const std::string& folder : standard_folders()) {
    if (auto found = open(folder + "/" + name)) return found;
  }
  return std::nullopt;
}

bool Search::in_package(const Node& node, const std::string& name) const {
  const auto has = [&](const std::string& path) { return std::ranges::binary_search(spec_.package_paths, path); };
  if (has(name) || has("lib/" + name)) return true;
  if (!node.package_path) return false;
  const std::string origin = fs::path("/" + *node.package_path).parent_path();
  for (const auto* folders : {&node.elf.rpath, &node.elf.runpath}) {
    for (std::string folder : *folders) {
      if (!folder.starts_with("$ORIGIN") && !folder.starts_with("${ORIGIN}")) continue;
      folder = replace_all(replace_all(std::move(folder), "${ORIGIN}", origin), "$ORIGIN", origin);
      if (has(fs::path(folder + "/" + name).lexically_normal().string().substr(1))) return true;
    }
  }
  return false;
}

std::unexpected<Error> Search::missing(const Node& node, const std::string& name) const {
  std::string chain = node.label;
  for (const Node* at = node.needed_by; at; at = at->needed_by) chain += ", needed by " + at->label;
  std::vector<std::string> folders = folders_for(node);
  std::string where = folders.empty() ? "" : fmt::format("{}, ", fmt::join(folders, ", "));
  return fail(
      ErrorKind::config, fmt::format("shared library {} was not found; it is needed by {}", name, chain),
      fmt::format("looked in {}the loader's cache {} and {}; install it, name its folder in LD_LIBRARY_PATH, or "
                  "link it statically",
                  where, spec_.loader_cache, fmt::join(standard_folders(), ", ")));
}

Result<void> Search::add_library(const std::string& name, Found found, const Node* needed_by, bool is_glibc) {
  if (closure_.libraries.size() >= k_library_limit)
    return fail(ErrorKind::config, fmt::format("more than {} shared libraries are needed", k_library_limit));
  closure_.libraries.push_back({.name = name, .host_path = found.path, .content = found.content, .is_glibc = is_glibc});
  if (is_glibc) return {};
  nodes_.push_back({.label = name,
                    .host_path = found.path,
                    .package_path = std::nullopt,
                    .elf = std::move(found.elf),
                    .needed_by = needed_by,
                    .required = needed_by->required});
  return {};
}

Result<void> Search::follow(const Node& node) {
  if (node.elf.glibc > closure_.glibc) {
    closure_.glibc = node.elf.glibc;
    newest_user_ = node.label;
  }
  for (const std::string& name : node.elf.needed) {
    if (is_glibc_library(name)) {
      glibc_names_.insert(name);
      continue;
    }
    if (name.contains('/')) {
      auto error =
          fail(ErrorKind::config, fmt::format("{} needs {} by its path, which Lambda does not have", node.label, name),
               "link the library by its name (-l), not by its path, or give it a soname");
      if (node.required) return error;
      closure_.warnings.push_back(error.error().message);
      continue;
    }
    if (seen_.contains(name) || in_package(node, name)) continue;
    auto found = on_host(node, name);
    if (!found && node.required) return missing(node, name);
    if (!found) {
      closure_.warnings.push_back(missing(node, name).error().message);
      continue;
    }
    seen_.insert(name);
    RETURN_IF_ERROR(add_library(name, *std::move(found), &node, false));
  }
  return {};
}

Result<void> Search::check_loader(const ClosureRoot& root) {
  if (root.elf.interpreter.empty() || runs_here()) return {};
  const std::string name = fs::path(root.elf.interpreter).filename();
  if (!is_loader_name(name)) {
    auto error = fail(
        ErrorKind::config,
        fmt::format("{} is loaded by {}, which Lambda's image does not have", root.package_path, root.elf.interpreter),
        "link it statically");
    if (root.required) return error;
    closure_.warnings.push_back(error.error().message);
    return {};
  }
  if (!is_image_loader(root.elf.interpreter)) foreign_loader_ = true;
  if (!interpreter_.empty() && interpreter_ != root.elf.interpreter && foreign_loader_)
    return fail(ErrorKind::config,
                fmt::format("{} is loaded by {}, another program by {}: they cannot share one C library",
                            root.package_path, root.elf.interpreter, interpreter_),
                "build both on the same system");
  interpreter_ = root.elf.interpreter;
  return {};
}

Result<void> Search::add_root(const ClosureRoot& root) {
  machine_ = root.elf.machine;
  RETURN_IF_ERROR(check_loader(root));
  nodes_.push_back({.label = root.package_path,
                    .host_path = root.host_path,
                    .package_path = root.package_path,
                    .elf = root.elf,
                    .needed_by = nullptr,
                    .required = root.required});
  return {};
}

/// Brings the host's C library along: the loader that the programs name, and the libraries beside their libc.so.6.
Result<void> Search::add_glibc() {
  closure_.own_glibc = true;
  closure_.loader = fs::path(interpreter_).filename();
  auto loader = open(interpreter_);
  if (!loader) return fail(ErrorKind::config, fmt::format("the loader {} was not found", interpreter_));
  RETURN_IF_ERROR(add_library(closure_.loader, *std::move(loader), nullptr, true));
  const auto program = std::ranges::find_if(nodes_, [&](const Node& n) { return n.elf.interpreter == interpreter_; });
  for (const std::string_view name : k_glibc_always) glibc_names_.emplace(name);
  std::erase_if(glibc_names_, [](const std::string& name) { return is_loader_name(name); });
  for (const std::string& name : glibc_names_) {
    auto found = on_host(*program, name);
    const bool always = std::ranges::find(k_glibc_always, name) != k_glibc_always.end();
    if (!found && always && name != "libc.so.6") continue;  // merged into libc since 2.34, gone one day
    if (!found) return missing(*program, name);
    if (name == "libc.so.6" && found->elf.glibc_provided < closure_.glibc) {
      return fail(ErrorKind::config,
                  fmt::format("{} needs glibc {}, but this machine has {}", newest_user_, to_string(closure_.glibc),
                              to_string(found->elf.glibc_provided)),
                  "make the package on the machine that built it, or link it statically");
    }
    RETURN_IF_ERROR(add_library(name, *std::move(found), nullptr, true));
  }
  return {};
}

Result<Closure> Search::run() {
  for (const ClosureRoot& root : spec_.roots) RETURN_IF_ERROR(add_root(root));
  for (std::size_t i = 0; i < nodes_.size(); ++i) RETURN_IF_ERROR(follow(nodes_[i]));
  if (!runs_here() && !interpreter_.empty() && (closure_.glibc > spec_.image_glibc || foreign_loader_))
    RETURN_IF_ERROR(add_glibc());
  std::ranges::sort(closure_.libraries, {}, &ClosureLibrary::name);
  return std::move(closure_);
}

}  // namespace

bool is_glibc_library(std::string_view name) {
  return is_loader_name(name) || std::ranges::find(k_glibc_names, name) != k_glibc_names.end();
}

Result<Closure> find_closure(const ClosureSpec& spec) {
  return Search(spec).run();
}

}  // namespace sortie::package
