#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "emulator/lambda/runtimes/interpreters.h"

/// AWS's managed runtimes for Java on a JDK of this machine.
namespace sortie::emulator::lambda {

/// The JDK that serves `java<wanted>`: of that version, else the next newer one (which runs what was compiled for an
/// older one), else the newest. A JRE without its compiler is none. Reads the JDKs' `release` files; starts nothing.
std::optional<Interpreter> find_jdk(int wanted, const InterpreterPlaces& places);

/// `17` of `17.0.15`, `8` of `1.8.0_392`; 0: neither.
int java_version(const std::string& text);

/// Compiles our runtime client with that JDK into `folder`: some seconds, once for each JDK. Blocking.
Result<void> compile_java_client(const Interpreter& jdk, const std::filesystem::path& folder);
/// Changes when the client does.
std::string java_client_key();

/// Folders of the host's /etc that a distribution's JDK has links into, and which must be seen where it runs.
std::vector<std::string> java_configuration_folders(const Interpreter& jdk);

/// The arguments of `java` behind the class path: our client, which starts the one of AWS where the package `code`
/// carries it in its `lib`.
std::vector<std::string> java_main(const std::filesystem::path& code, const std::string& handler);

}  // namespace sortie::emulator::lambda
