#include "harness/suite_launch.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "harness/files.h"

namespace sortie::harness {
namespace {

std::string variable_or(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

/// Where the framework named the file `path`, it is named `by` instead.
void rename(suite::CommandSpec& invocation, const std::string& path, const std::string& by) {
  const auto in = [&](std::string& text) {
    for (std::size_t at = 0; (at = text.find(path, at)) != std::string::npos; at += by.size()) {
      text.replace(at, path.size(), by);
    }
  };
  for (std::string& argument : invocation.args) in(argument);
  for (auto& [name, value] : invocation.env) in(value);
}

off_t size_of(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? status.st_size : -1;
}

}  // namespace

Folders find_folders() {
  return {variable_or("LAMBDA_TASK_ROOT", "/var/task"), variable_or("TMPDIR", "/tmp")};
}

Workspace::Workspace(const suite::SuiteSpec& suite, Folders folders, std::string trace_id)
    : suite_(suite),
      folders_(std::move(folders)),
      trace_id_(std::move(trace_id)),
      root_(folders_.tmp + "/.sortie-" + std::to_string(::getpid())),
      base_(suite.cwd == suite::WorkingFolder::tmp ? root_ + "/task" : folders_.task) {
  remove_tree(root_);
}

Workspace::~Workspace() {
  remove_tree(root_);
}

std::string Workspace::next_scratch() {
  if (!scratch_.empty()) remove_tree(scratch_);
  scratch_ = root_ + "/" + std::to_string(++scratch_count_);
  return scratch_;
}

Result<Prepared> Workspace::prepare(suite::CommandSpec invocation) {
  if (suite_.cwd == suite::WorkingFolder::tmp) RETURN_IF_ERROR(refresh_copy());
  for (const std::string& folder : invocation.folders) RETURN_IF_ERROR(make_folders(folder));
  Prepared prepared;
  for (const suite::InputFile& input : invocation.input_files) {
    ASSIGN_OR_RETURN(PrivateFile file, PrivateFile::make(input.path));
    RETURN_IF_ERROR(file.write(input.content));
    rename(invocation, input.path, file.path());
    prepared.files.push_back(std::move(file));
  }
  if (!invocation.result_file.empty()) {
    ASSIGN_OR_RETURN(PrivateFile file, PrivateFile::make(invocation.result_file));
    rename(invocation, invocation.result_file, file.path());
    prepared.result = std::move(file);
  }
  ASSIGN_OR_RETURN(prepared.launch, launch_of(invocation));
  return prepared;
}

Result<Launch> Workspace::launch_of(const suite::CommandSpec& invocation) const {
  Launch launch;
  const std::string executable = base_ + "/" + suite_.executable;
  if (!suite_.loader.empty()) {
    const std::string loader = folders_.task + "/" + suite_.loader;
    launch.argv = {loader, "--library-path", loader.substr(0, loader.rfind('/')), "--argv0", executable};
    if (size_of(executable) < 0) return fail(ErrorKind::not_found, executable + ": no such file");
  }
  launch.argv.push_back(executable);
  launch.argv.insert(launch.argv.end(), invocation.args.begin(), invocation.args.end());
  launch.argv.insert(launch.argv.end(), suite_.args.begin(), suite_.args.end());
  launch.environment = environment(invocation);
  launch.working_folder = base_;
  return launch;
}

Result<void> Workspace::refresh_copy() {
  const off_t wanted = size_of(folders_.task + "/" + suite_.executable);
  if (wanted >= 0 && size_of(base_ + "/" + suite_.executable) == wanted) return {};
  remove_tree(base_);
  RETURN_IF_ERROR(make_folders(root_));
  auto copied = copy_tree(folders_.task, base_);
  if (!copied) return std::unexpected(wrap(std::move(copied).error(), "copy the package to " + folders_.tmp));
  return {};
}

std::vector<std::string> Workspace::environment(const suite::CommandSpec& invocation) const {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  // A suite that spoke to the Runtime API would take the harness's invocations away from it.
  variables.erase("AWS_LAMBDA_RUNTIME_API");
  if (!trace_id_.empty()) variables["_X_AMZN_TRACE_ID"] = trace_id_;
  for (const std::string& name : invocation.cleared) variables.erase(name);
  for (const auto& [name, value] : invocation.env) variables[name] = value;
  for (const auto& [name, value] : suite_.env) {
    if (std::ranges::find(invocation.cleared, name) == invocation.cleared.end()) variables[name] = value;
  }

  std::vector<std::string> environment;
  environment.reserve(variables.size());
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
  return environment;
}

}  // namespace sortie::harness
