#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The interpreters of this machine, for AWS's managed runtimes.
namespace sortie::emulator::lambda {

enum class Language : std::uint8_t { python, node, java };

/// `python3.12` is {python, 12}, `nodejs20.x` {node, 20}, `java21` and `java8.al2` {java, 21} and {java, 8}.
struct ManagedRuntime {
  Language language = Language::python;
  int version = 0;
};
/// Nothing for any other name; whether AWS has such a version is not asked.
std::optional<ManagedRuntime> parse_managed_runtime(std::string_view runtime);

/// An interpreter of this machine.
struct Interpreter {
  std::string program;  ///< absolute, no symbolic link
  std::string version;  ///< its own: `3.11.2`
  std::string prefix;   ///< the folder that it and its library are in: `/usr`, `/home/me/.pyenv/versions/3.12.1`
};

/// Where to look besides /usr/bin and /usr/local/bin.
struct InterpreterPlaces {
  std::string path;        ///< as in PATH
  std::string home;        ///< of pyenv, uv, nvm and their like
  std::string pyenv_root;  ///< empty: `HOME/.pyenv`
  std::string java_home;   ///< as in JAVA_HOME
  /// From this process's environment.
  static InterpreterPlaces of_environment();
};

/// The oldest that the runtime clients work with.
inline constexpr int k_least_python = 9;
inline constexpr int k_least_node = 16;

/// The interpreter that serves `wanted`: of the same version if there is one, else of the nearest, of two equally near
/// the newer; of JDKs a newer one before any older one. Runs the candidates to ask for their versions: blocking, some
/// ten milliseconds each, a hanging one is killed. Nothing: the machine has none.
std::optional<Interpreter> find_interpreter(ManagedRuntime wanted, const InterpreterPlaces& places);

/// What Node.js has switched on and AWS's runtime of that version switches off, as far as this interpreter knows it.
/// https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
std::vector<std::string> disabled_features(int wanted_version, const Interpreter& node);

/// Indices into `versions`, the one that serves `wanted` best first. Pure.
std::vector<std::size_t> by_nearness(const std::vector<int>& versions, int wanted);

}  // namespace sortie::emulator::lambda
