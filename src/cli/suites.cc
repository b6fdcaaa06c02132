#include "cli/suites.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/suggest.h"
#include "cli/project_file.h"
#include "harness/blob.h"
#include "package/names.h"

namespace sortie::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_names_looked_at = 10'000;

/// The suites of a project file by what the user may call them.
struct Project {
  std::optional<ProjectFile> file;
  std::vector<std::string> names;  ///< one a suite: its own, or the shortest that tells it apart

  [[nodiscard]] const ProjectFile::Suite* find(const std::string& name) const {
    const auto found = std::ranges::find(names, name);
    return found == names.end() ? nullptr : &file->suites[static_cast<std::size_t>(found - names.begin())];
  }
};

Result<Project> open_project() {
  std::error_code error;
  Project project;
  ASSIGN_OR_RETURN(project.file, find_project_file(fs::current_path(error).string()));
  if (!project.file) return project;
  std::vector<std::string> paths;
  for (const ProjectFile::Suite& suite : project.file->suites) paths.push_back(suite.path);
  project.names = package::shortest_names(paths);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (const std::string& own = project.file->suites[i].name; !own.empty()) project.names[i] = own;
  }
  return project;
}

class Collecting {
 public:
  Collecting(const FunctionOptions& function, std::map<std::string, std::string> environment)
      : function_(function), environment_(std::move(environment)) {}

  void add(const ProjectFile::Suite& suite) {
    if (!is_new(suite.path, suite.name)) return;
    add(suite.path, suite.name, suite.args, suite.env);
    for (const std::string& asset : suite.assets) add_asset(asset);
  }
  void add(const std::string& path) {
    if (is_new(path, "")) add(path, "", {}, {});
  }
  void add_asset(const std::string& path) {
    std::vector<std::string>& assets = suites_.package.assets;
    if (std::find(assets.begin(), assets.end(), path) == assets.end()) assets.push_back(path);
  }
  Suites take() { return std::move(suites_); }

 private:
  bool is_new(const std::string& path, const std::string& name) {
    std::error_code error;
    std::pair<std::string, std::string> key(fs::absolute(path, error).lexically_normal().string(), name);
    if (std::ranges::find(known_, key) != known_.end()) return false;
    known_.push_back(std::move(key));
    return true;
  }

  void add(const std::string& path, const std::string& name, const std::vector<std::string>& args,
           const std::map<std::string, std::string>& env) {
    suites_.package.suites.push_back({.path = path, .name = name});
    suite::SuiteSpec spec;
    spec.args = args;
    spec.args.insert(spec.args.end(), function_.suite_args.begin(), function_.suite_args.end());
    spec.env = environment_;
    spec.env.insert(env.begin(), env.end());  // the command line wins
    spec.cwd = function_.cwd == "tmp" ? suite::WorkingFolder::tmp : suite::WorkingFolder::task;
    suites_.specs.push_back(std::move(spec));
  }

  const FunctionOptions& function_;
  std::map<std::string, std::string> environment_;
  std::vector<std::pair<std::string, std::string>> known_;  ///< path and name
  Suites suites_;
};

/// A path that leads nowhere: what is beside it, and the project's own names.
Result<void> check_there(const std::string& path, const Project& project) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() != fs::file_type::not_found) return {};
  const fs::path folder = fs::path(path).parent_path();
  std::vector<std::string> candidates = project.names;
  for (auto it = fs::directory_iterator(folder.empty() ? "." : folder, error);
       !error && it != fs::directory_iterator() && candidates.size() < k_names_looked_at; it.increment(error)) {
    candidates.push_back((folder / it->path().filename()).string());
  }
  return fail(ErrorKind::config, "no such file: " + path, did_you_mean(path, candidates));
}

}  // namespace

Result<Suites> resolve_suites(const PackageOptions& package, const FunctionOptions& function) {
  ASSIGN_OR_RETURN(auto environment, parse_environment(function.environment));
  ASSIGN_OR_RETURN(const Project project, open_project());
  Collecting collecting(function, std::move(environment));
  if (package.suites.empty()) {
    if (project.names.empty()) {
      return fail(ErrorKind::usage, "no suite given", "name test executables, or describe them in sortie.toml");
    }
    for (const ProjectFile::Suite& suite : project.file->suites) collecting.add(suite);
  }
  for (const std::string& name : package.suites) {
    if (const ProjectFile::Suite* suite = project.find(name)) {
      collecting.add(*suite);
      continue;
    }
    RETURN_IF_ERROR(check_there(name, project));
    collecting.add(name);
  }
  for (const std::string& asset : package.assets) collecting.add_asset(asset);
  Suites suites = collecting.take();
  const std::span<const char> harness = harness::harness_executable();
  suites.package.harness = {harness.data(), harness.size()};
  suites.package.library_folders = package::environment_library_folders();
  suites.package.cache_folder = package::default_cache_folder();
  return suites;
}

}  // namespace sortie::cli
