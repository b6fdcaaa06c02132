#include "emulator/lambda/runtimes/interpreters.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <numeric>
#include <tuple>

#include "base/number.h"
#include "base/unique_fd.h"
#include "emulator/lambda/runtimes/java_runtime.h"
#include "emulator/lambda/runtimes/program_output.h"

namespace sortie::emulator::lambda {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_candidates_limit = 32;

std::optional<int> number(std::string_view text) {
  return parse_number_between(text, 0, std::numeric_limits<int>::max());
}

/// A program that the sandbox can execute: not one of the scripts that pyenv and its like put into PATH. A sandbox made
/// by root is nobody to the host.
bool is_program(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  const mode_t needed = geteuid() == 0 ? S_IROTH | S_IXOTH : 0;
  if ((status.st_mode & needed) != needed || access(path.c_str(), X_OK) != 0) return false;
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char magic[4];
  return file && read(file.get(), magic, sizeof magic) == sizeof magic && std::memcmp(magic, "\177ELF", 4) == 0;
}

/// The folders to look into, best first.
std::vector<std::string> folders(Language language, const InterpreterPlaces& places) {
  std::vector<std::string> found;
  for (std::size_t begin = 0; begin < places.path.size();) {
    auto end = std::min(places.path.find(':', begin), places.path.size());
    if (places.path[begin] == '/') found.push_back(places.path.substr(begin, end - begin));
    begin = end + 1;
  }
  found.emplace_back("/usr/bin");
  found.emplace_back("/usr/local/bin");
  auto add = [&found](const std::string& pattern) {
    glob_t matches{};
    if (glob(pattern.c_str(), 0, nullptr, &matches) == 0) {
      for (std::size_t i = 0; i < matches.gl_pathc; ++i) found.emplace_back(matches.gl_pathv[i]);
    }
    globfree(&matches);
  };
  const std::string& home = places.home;
  if (language == Language::python) {
    add((places.pyenv_root.empty() ? home + "/.pyenv" : places.pyenv_root) + "/versions/*/bin");
    if (home.empty()) return found;
    for (const char* pattern : {"/.local/share/uv/python/*/bin", "/.asdf/installs/python/*/bin",
                                "/.local/share/mise/installs/python/*/bin", "/.local/bin"}) {
      add(home + pattern);
    }
  } else if (!home.empty()) {
    for (const char* pattern :
         {"/.nvm/versions/node/*/bin", "/.local/share/fnm/node-versions/*/installation/bin",
          "/.volta/tools/image/node/*/bin", "/.asdf/installs/nodejs/*/bin", "/.local/share/mise/installs/node/*/bin"}) {
      add(home + pattern);
    }
  }
  return found;
}

struct Candidate {
  std::string program;
  int version = 0;  ///< 0: only it itself knows
};

std::vector<Candidate> candidates(Language language, const InterpreterPlaces& places) {
  std::vector<Candidate> found;
  for (const auto& folder : folders(language, places)) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      auto name = entry.path().filename().string();
      int version = 0;
      if (language == Language::python) {
        auto minor = name.starts_with("python3.") ? number(std::string_view(name).substr(8)) : std::nullopt;
        if (!minor || *minor < k_least_python) continue;
        version = *minor;
      } else if (name != "node" && name != "nodejs") {
        continue;
      }
      auto program = fs::canonical(entry.path(), error).string();
      auto same = [&program](const Candidate& each) { return each.program == program; };
      if (error || std::any_of(found.begin(), found.end(), same) || !is_program(program)) continue;
      found.push_back({std::move(program), version});
      if (found.size() == k_candidates_limit) return found;
    }
  }
  return found;
}

std::optional<Interpreter> ask_python(const Candidate& candidate) {
  constexpr char question[] =
      "import sys; print('%d.%d.%d' % sys.version_info[:3], sys.implementation.name, sys.base_prefix, sep='\\n')";
  auto text = program_output({candidate.program, "-I", "-S", "-c", question}).value_or("");
  auto first = text.find('\n');
  auto second = first == std::string::npos ? first : text.find('\n', first + 1);
  if (second == std::string::npos || text.back() != '\n') return std::nullopt;
  text.pop_back();
  auto version = text.substr(0, first);
  if (text.substr(first + 1, second - first - 1) != "cpython" ||
      !version.starts_with(fmt::format("3.{}.", candidate.version))) {
    return std::nullopt;
  }
  return Interpreter{candidate.program, std::move(version), text.substr(second + 1)};
}

std::optional<Interpreter> ask_node(const Candidate& candidate) {
  auto text = program_output({candidate.program, "--version"}).value_or("");
  if (!text.starts_with('v') || text.find_first_not_of("0123456789.", 1) != text.size() - 1) return std::nullopt;
  text.pop_back();
  return Interpreter{candidate.program, text.substr(1),
                     fs::path(candidate.program).parent_path().parent_path().string()};
}

int major(const Interpreter& interpreter) {
  return number(std::string_view(interpreter.version).substr(0, interpreter.version.find('.'))).value_or(0);
}

}  // namespace

std::optional<ManagedRuntime> parse_managed_runtime(std::string_view runtime) {
  if (runtime.starts_with("python3.")) {
    auto minor = number(runtime.substr(8));
    return minor ? std::optional(ManagedRuntime{Language::python, *minor}) : std::nullopt;
  }
  if (runtime.starts_with("java")) {
    auto version = number(runtime == "java8.al2" ? "8" : runtime.substr(4));
    return version ? std::optional(ManagedRuntime{Language::java, *version}) : std::nullopt;
  }
  if (!runtime.starts_with("nodejs") || !runtime.ends_with(".x")) return std::nullopt;
  auto version = number(runtime.substr(6, runtime.size() - 8));
  return version ? std::optional(ManagedRuntime{Language::node, *version}) : std::nullopt;
}

InterpreterPlaces InterpreterPlaces::of_environment() {
  auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  return {variable("PATH"), variable("HOME"), variable("PYENV_ROOT"), variable("JAVA_HOME")};
}

std::vector<std::size_t> by_nearness(const std::vector<int>& versions, int wanted) {
  std::vector<std::size_t> order(versions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  auto rank = [&](std::size_t index) {
    return std::tuple(std::abs(versions[index] - wanted), -versions[index], index);
  };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  return order;
}

std::vector<std::string> disabled_features(int wanted_version, const Interpreter& node) {
  struct Feature {
    const char* name;
    int least;
    int most;
  };
  constexpr std::array k_features{Feature{"experimental-require-module", 20, 22},
                                  Feature{"experimental-detect-module", 22, 22}};
  std::vector<std::string> names;
  for (const auto& feature : k_features) {
    if (wanted_version < feature.least || wanted_version > feature.most) continue;
    const auto option = fmt::format("--no-{}", feature.name);
    if (program_output({node.program, option, "--version"}).value_or("").starts_with('v'))
      names.emplace_back(feature.name);
  }
  return names;
}

std::optional<Interpreter> find_interpreter(ManagedRuntime wanted, const InterpreterPlaces& places) {
  if (wanted.language == Language::java) return find_jdk(wanted.version, places);
  auto found = candidates(wanted.language, places);
  std::vector<int> versions;
  if (wanted.language == Language::python) {
    for (const auto& each : found) versions.push_back(each.version);
    for (auto index : by_nearness(versions, wanted.version)) {
      if (auto interpreter = ask_python(found[index])) return interpreter;
    }
    return std::nullopt;
  }
  std::vector<Interpreter> interpreters;
  for (const auto& each : found) {
    auto interpreter = ask_node(each);
    if (!interpreter || major(*interpreter) < k_least_node) continue;
    versions.push_back(major(*interpreter));
    interpreters.push_back(*std::move(interpreter));
    if (versions.back() == wanted.version) return interpreters.back();
  }
  if (interpreters.empty()) return std::nullopt;
  return interpreters[by_nearness(versions, wanted.version).front()];
}

}  // namespace sortie::emulator::lambda
