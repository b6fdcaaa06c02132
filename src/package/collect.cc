#include "package/collect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string_view>

#include "package/file.h"
#include "package/names.h"

namespace sortie::package {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_depth_limit = 64;
constexpr std::size_t k_file_limit = 60'000;

class Collector {
 public:
  Result<void> add_suite(const SuiteInput& suite, const std::string& place);
  Result<void> add_asset(const std::string& path);
  Result<SourceFiles> finish();

 private:
  Result<void> add_file(const std::string& place, const std::string& host_path, bool is_suite);
  Result<void> add_folder(const std::string& place, const fs::path& folder);
  Result<void> add_child(const std::string& place, const fs::path& child);
  Result<void> add_link(const std::string& place, const fs::path& link);
  [[nodiscard]] bool stays_link(const std::string& place, const fs::path& link) const;
  static Result<void> check_place(const std::string& place, const std::string& host_path);
  [[nodiscard]] Result<void> check_count(const std::string& host_path) const;
  Result<void> keep(const std::string& place, SourceFile file);

  SourceFiles files_;
  std::vector<fs::path> entered_;  ///< the folders around what is being added, canonical
  std::map<std::string, std::uint64_t> sizes_;
  std::uint64_t total_ = 0;
};

/// The name under which a file or folder given on the command line lands: its last part, also of `.` and `dir/`.
Result<std::string> own_name(const std::string& path) {
  std::error_code error;
  fs::path whole = fs::absolute(path, error).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  std::string name = whole.filename();
  if (path.empty() || error || name.empty() || name == "/")
    return fail(ErrorKind::config, fmt::format("not a file that can be packaged: '{}'", path));
  return name;
}

Result<void> Collector::check_place(const std::string& place, const std::string& host_path) {
  for (const char* const own : {"bootstrap", "manifest.json"}) {
    if (place != own && !place.starts_with(std::string(own) + "/")) continue;
    return fail(ErrorKind::config,
                fmt::format("{} cannot be called {}: the package has a file of that name", host_path, own),
                "rename it");
  }
  return {};
}

Result<void> Collector::check_count(const std::string& host_path) const {
  if (files_.size() < k_file_limit) return {};
  return fail(ErrorKind::config, fmt::format("more than {} files: {}", k_file_limit, host_path));
}

Result<void> Collector::add_file(const std::string& place, const std::string& host_path, bool is_suite) {
  RETURN_IF_ERROR(check_place(place, host_path));
  RETURN_IF_ERROR(check_count(host_path));
  std::error_code error;
  const std::uint64_t size = fs::file_size(host_path, error);
  if (!error) {
    sizes_[place] = size;
    total_ += size;
  }
  SourceFile file{.host_path = host_path, .content = std::make_shared<std::string>(), .is_suite = is_suite};
  // Past the limit the sizes alone are of interest, for the message.
  if (total_ <= k_unzipped_limit) {
    ASSIGN_OR_RETURN(const FileContent content, read_file(host_path, k_unzipped_limit));
    file.content = content.bytes;
    file.executable = content.executable;
    file.read_only = content.read_only;
  }
  return keep(place, std::move(file));
}

/// Once more the same is no second file.
Result<void> Collector::keep(const std::string& place, SourceFile file) {
  const auto [at, added] = files_.emplace(place, file);
  SourceFile& there = at->second;
  if (added || (there.host_path == file.host_path && there.is_suite == file.is_suite)) return {};
  const bool same = there.content && file.content ? *there.content == *file.content && total_ <= k_unzipped_limit
                                                  : there.link == file.link && !file.link.empty();
  if (same) {
    there.is_suite = there.is_suite || file.is_suite;
    there.executable = there.executable || file.executable;
    there.read_only = there.read_only && file.read_only;
    return {};
  }
  return fail(ErrorKind::config,
              fmt::format("two different files would be called {} in the package: {} and {}", place, there.host_path,
                          file.host_path),
              "rename one, or put it in a folder and give the folder as asset");
}

Result<void> Collector::add_folder(const std::string& place, const fs::path& folder) {
  if (entered_.size() > k_depth_limit)
    return fail(ErrorKind::config, fmt::format("folders nested deeper than {}: {}", k_depth_limit, folder.string()));
  std::error_code error;
  std::vector<fs::path> children;
  for (auto it = fs::directory_iterator(folder, error); !error && it != fs::directory_iterator(); it.increment(error))
    children.push_back(it->path());
  entered_.push_back(error ? folder : fs::canonical(folder, error));
  if (error) return fail(ErrorKind::config, fmt::format("folder {}: {}", folder.string(), error.message()));
  if (children.empty()) files_.emplace(place + "/", SourceFile{.host_path = folder});
  std::ranges::sort(children);
  for (const fs::path& child : children) RETURN_IF_ERROR(add_child(place + "/" + child.filename().string(), child));
  entered_.pop_back();
  return {};
}

Result<void> Collector::add_child(const std::string& place, const fs::path& child) {
  std::error_code error;
  if (fs::is_symlink(fs::symlink_status(child, error)) && stays_link(place, child)) return add_link(place, child);
  if (fs::is_directory(child, error)) return add_folder(place, child);
  return add_file(place, child, false);
}

bool Collector::stays_link(const std::string& place, const fs::path& link) const {
  std::error_code error;
  const fs::path target = fs::read_symlink(link, error);
  const fs::path led_to = fs::canonical(link, error);
  if (error) return error != std::errc::permission_denied;  // it leads nowhere
  const fs::file_status there = fs::status(led_to, error);
  if (!fs::is_regular_file(there) && !fs::is_directory(there)) return true;  // a device
  if (std::ranges::find(entered_, led_to) != entered_.end()) return true;    // around itself
  if (target.is_absolute()) return false;
  const fs::path top = *fs::path(place).begin();
  const fs::path in_package = (fs::path(place).parent_path() / target).lexically_normal();
  const fs::path below = led_to.lexically_relative(entered_.front());
  return *in_package.begin() == top && !below.empty() && *below.begin() != "..";
}

Result<void> Collector::add_link(const std::string& place, const fs::path& link) {
  RETURN_IF_ERROR(check_place(place, link));
  RETURN_IF_ERROR(check_count(link));
  std::error_code error;
  const fs::path target = fs::read_symlink(link, error);
  if (error) return fail(ErrorKind::config, fmt::format("link {}: {}", link.string(), error.message()));
  return keep(place, SourceFile{.host_path = link, .link = target});
}

Result<void> Collector::add_suite(const SuiteInput& suite, const std::string& place) {
  RETURN_IF_ERROR(own_name(suite.path));
  std::error_code ignored;
  if (fs::is_directory(suite.path, ignored))
    return fail(ErrorKind::config, fmt::format("{} is a folder, not a test executable", suite.path),
                "name the executable; folders can come along with --asset");
  return add_file(place, suite.path, true);
}

Result<void> Collector::add_asset(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string name, own_name(path));
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return add_folder(name, path);
  return add_file(name, path, false);
}

Result<SourceFiles> Collector::finish() {
  // A file and a folder of one name cannot be unpacked.
  for (auto file = files_.begin(); file != files_.end(); ++file) {
    const auto inside = files_.lower_bound(file->first + "/");
    if (!file->first.ends_with('/') && inside != files_.end() && inside->first.starts_with(file->first + "/"))
      return fail(ErrorKind::config,
                  fmt::format("a file and a folder would be called {} in the package: {} and {}", file->first,
                              file->second.host_path, inside->second.host_path),
                  "rename one");
  }
  if (total_ > k_unzipped_limit) {
    return fail(ErrorKind::config,
                fmt::format("the package is too large: {:.1f} MB, Lambda takes {:.1f} MB unzipped",
                            static_cast<double>(total_) / 1e6, static_cast<double>(k_unzipped_limit) / 1e6),
                largest_files(sizes_));
  }
  return std::move(files_);
}

/// The interpreter of a `#!` line; of `#!/usr/bin/env NAME`, NAME.
std::optional<std::string> script_interpreter(std::string_view content) {
  if (!content.starts_with("#!")) return std::nullopt;
  constexpr std::size_t kernel_limit = 256;
  std::string_view line = content.substr(2, kernel_limit);
  line = line.substr(0, line.find('\n'));
  const auto next_word = [&line] {
    line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(" \t\r"));
    line.remove_prefix(word.size());
    return word;
  };
  std::string_view word = next_word();
  if (word == "/usr/bin/env" || word == "/bin/env") {
    do word = next_word();
    while (word.starts_with('-') || word.contains('='));
  }
  return std::string(word);
}

std::string_view foreign_format(std::string_view content) {
  if (content.empty()) return "empty";
  if (content.starts_with("MZ")) return "a Windows program";
  if (content.starts_with("\xcf\xfa\xed\xfe") || content.starts_with("\xca\xfe\xba\xbe")) return "a macOS program";
  if (content.starts_with(std::string_view("\0asm", 4))) return "a WebAssembly module";
  return "neither an ELF program nor a #! script";
}

Result<void> check_script(const std::string& path, const std::string& interpreter, const SourceFiles& files) {
  constexpr std::array<std::string_view, 6> image = {"/bin/sh",       "/bin/bash", "/usr/bin/sh",
                                                     "/usr/bin/bash", "sh",        "bash"};
  if (std::ranges::find(image, interpreter) != image.end()) return {};
  constexpr std::string_view task_root = "/var/task/";
  if (interpreter.starts_with(task_root) && files.contains(interpreter.substr(task_root.size()))) return {};
  return fail(
      ErrorKind::config,
      fmt::format("{} is a script for {}, which is not in Lambda's image", path,
                  interpreter.empty() ? "no interpreter" : interpreter),
      "the image has /bin/sh and /bin/bash alone; compile the suite, or bring the interpreter along with --asset "
      "and start the script with #!/var/task/INTERPRETER");
}

}  // namespace

std::vector<std::string> suite_places(const PackageSpec& spec) {
  std::vector<std::string> paths;
  for (const SuiteInput& suite : spec.suites) paths.push_back(suite.path);
  return shortest_names(paths);
}

Result<SourceFiles> collect(const PackageSpec& spec) {
  Collector collector;
  const std::vector<std::string> places = suite_places(spec);
  for (std::size_t i = 0; i < places.size(); ++i) RETURN_IF_ERROR(collector.add_suite(spec.suites[i], places[i]));
  for (const std::string& asset : spec.assets) RETURN_IF_ERROR(collector.add_asset(asset));
  return collector.finish();
}

Result<void> check_startable(const std::string& path, const SourceFile& file, const std::string& machine,
                             const SourceFiles& files) {
  if (!file.executable)
    return fail(ErrorKind::config, fmt::format("{} is not executable", file.host_path),
                fmt::format("chmod +x {}", file.host_path));
  if (const auto interpreter = script_interpreter(*file.content)) return check_script(path, *interpreter, files);
  if (!is_elf(*file.content))
    return fail(ErrorKind::config, fmt::format("{} is {}", file.host_path, foreign_format(*file.content)),
                "a suite is a program compiled for Linux");
  auto elf = read_elf(*file.content);
  if (!elf)
    return std::unexpected(wrap(std::move(elf).error(), fmt::format("{} is not a usable program", file.host_path)));
  if (elf->machine != machine)
    return fail(ErrorKind::config,
                fmt::format("{} is built for {}, this sortie packages for {}", file.host_path, elf->machine, machine),
                fmt::format("build the suite for {}, or use sortie built for {}", machine, elf->machine));
  if (!elf->is_program)
    return fail(ErrorKind::config, fmt::format("{} is a shared library, not a program", file.host_path),
                "a library can come along with --asset");
  return {};
}

std::string largest_files(const std::map<std::string, std::uint64_t>& sizes) {
  std::vector<std::pair<std::uint64_t, std::string>> sorted;
  for (const auto& [path, size] : sizes) sorted.emplace_back(size, path);
  std::ranges::sort(sorted, std::greater<>{});
  std::string text = "the largest:";
  for (std::size_t i = 0; i < sorted.size() && i < 5; ++i)
    text += fmt::format("{} {} ({:.1f} MB)", i == 0 ? "" : ",", sorted[i].second,
                        static_cast<double>(sorted[i].first) / 1e6);
  return text;
}

}  // namespace sortie::package
