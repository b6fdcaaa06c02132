#include "emulator/lambda/runtimes/managed_runtimes.h"

#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "emulator/core/protocol.h"
#include "emulator/lambda/runtimes/aws_sdk.h"
#include "emulator/lambda/runtimes/java_runtime.h"

// The runtime clients, files of src/emulator/lambda/runtimes: the executable carries them.
asm(".pushsection .rodata\n"
    ".global sortie_python_client, sortie_python_client_end\n"
    ".global sortie_node_client, sortie_node_client_end\n"
    ".global sortie_node_path, sortie_node_path_end\n"
    ".global sortie_wrapper_script, sortie_wrapper_script_end\n"
    "sortie_python_client:\n"
    ".incbin \"" SORTIE_RUNTIMES_FOLDER
    "/bootstrap.py\"\n"
    "sortie_python_client_end:\n"
    "sortie_node_client:\n"
    ".incbin \"" SORTIE_RUNTIMES_FOLDER
    "/index.mjs\"\n"
    "sortie_node_client_end:\n"
    "sortie_node_path:\n"
    ".incbin \"" SORTIE_RUNTIMES_FOLDER
    "/node_path.mjs\"\n"
    "sortie_node_path_end:\n"
    "sortie_wrapper_script:\n"
    ".incbin \"" SORTIE_RUNTIMES_FOLDER
    "/bootstrap.sh\"\n"
    "sortie_wrapper_script_end:\n"
    ".popsection\n");

extern "C" {
extern const char sortie_python_client[];
extern const char sortie_python_client_end[];
extern const char sortie_node_client[];
extern const char sortie_node_client_end[];
extern const char sortie_node_path[];
extern const char sortie_node_path_end[];
extern const char sortie_wrapper_script[];
extern const char sortie_wrapper_script_end[];
}

namespace sortie::emulator::lambda {
namespace {

namespace fs = std::filesystem;

/// Where a sandbox has it.
constexpr char k_trust_store[] = "/etc/ssl/certs/ca-certificates.crt";

/// Where the AWS SDK is mounted: Node.js finds it in AWS's own place.
constexpr char k_python_sdk[] = "/var/runtime/site-packages";
constexpr char k_node_sdk[] = "/var/runtime/node_modules";

/// What a sandbox shows of the host at the same place: an interpreter in there needs no mount.
bool is_seen_inside(const std::string& path) {
  constexpr std::array k_seen{"/usr/", "/bin/", "/nix/store/", "/gnu/store/"};
  return std::any_of(k_seen.begin(), k_seen.end(), [&path](const char* folder) { return path.starts_with(folder); });
}

/// Readable by all whatever the umask says: functions are nobody to the host.
Result<void> write_file(const fs::path& path, std::string_view bytes, mode_t mode) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file || ::chmod(path.c_str(), mode) != 0) return fail_errno(errno, "write " + path.string());
  return {};
}

Result<void> make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error || ::chmod(path.c_str(), 0755) != 0) return fail_errno(errno, "make " + path.string());
  return {};
}

/// A folder that appears whole, or not at all. What is there already is what we would write: its name says so.
template <class Fill>
Result<fs::path> folder_of(const fs::path& root, const std::string& name, Fill fill) {
  std::error_code error;
  auto folder = root / name;
  if (fs::exists(folder, error)) return folder;
  auto temporary = root / (make_request_id() + ".tmp");
  RETURN_IF_ERROR(make_folder(temporary));
  RETURN_IF_ERROR(fill(temporary));
  fs::rename(temporary, folder, error);
  if (error && !fs::exists(folder)) return fail_errno(error.value(), "make " + folder.string());
  return folder;
}

Result<fs::path> client_folder(const fs::path& root) {
  const std::string_view python(sortie_python_client, sortie_python_client_end);
  const std::string_view node(sortie_node_client, sortie_node_client_end);
  const std::string_view node_path(sortie_node_path, sortie_node_path_end);
  const std::string_view script(sortie_wrapper_script, sortie_wrapper_script_end);
  auto hash = std::hash<std::string_view>();
  auto name =
      "client-" + std::to_string(hash(python) ^ (hash(node) << 1U) ^ (hash(script) << 2U) ^ (hash(node_path) << 3U));
  return folder_of(root, name, [&](const fs::path& folder) -> Result<void> {
    RETURN_IF_ERROR(write_file(folder / "bootstrap.py", python, 0644));
    RETURN_IF_ERROR(write_file(folder / "index.mjs", node, 0644));
    RETURN_IF_ERROR(write_file(folder / "node_path.mjs", node_path, 0644));
    for (const char* sdk : {k_python_sdk, k_node_sdk}) {
      RETURN_IF_ERROR(make_folder(folder / fs::path(sdk).filename()));
    }
    std::error_code error;
    fs::create_symlink(k_trust_store, folder / "ca-cert.pem", error);
    if (error) return fail_errno(error.value(), "make a link to the trust store");
    return write_file(folder / "bootstrap", script, 0755);
  });
}

/// A /var/lang for an interpreter that is not mounted there: its names in `bin`, which is the first folder of PATH.
Result<fs::path> links_folder(const fs::path& root, const Interpreter& interpreter,
                              const std::vector<std::string>& names) {
  auto key = std::to_string(std::hash<std::string>()(interpreter.program)) + "-" + names.front();
  return folder_of(root, "lang-" + key, [&](const fs::path& folder) -> Result<void> {
    RETURN_IF_ERROR(make_folder(folder / "bin"));
    for (const auto& each : names) {
      std::error_code error;
      fs::create_symlink(interpreter.program, folder / "bin" / each, error);
      if (error) return fail_errno(error.value(), "make a link to " + interpreter.program);
    }
    return {};
  });
}

Result<RuntimeLaunch> make_java_launch(const fs::path& root, const Interpreter& jdk) {
  auto key = std::to_string(std::hash<std::string>()(jdk.program + jdk.version)) + "-" + java_client_key();
  ASSIGN_OR_RETURN(auto client, folder_of(root, "java-" + key, [&](const fs::path& folder) -> Result<void> {
                     RETURN_IF_ERROR(compile_java_client(jdk, folder));
                     return write_file(folder / "bootstrap", {sortie_wrapper_script, sortie_wrapper_script_end}, 0755);
                   }));
  RuntimeLaunch launch{.version = jdk.version,
                       .mounts = {{client.string(), "/var/runtime"}},
                       .class_path = {"/var/runtime", "/var/task", "/var/task/lib/*", "/opt/java/lib/*"}};
  if (is_seen_inside(jdk.program)) {
    ASSIGN_OR_RETURN(auto links, links_folder(root, jdk, {"java"}));
    launch.mounts.push_back({links.string(), "/var/lang"});
  } else {
    launch.mounts.push_back({jdk.prefix, "/var/lang"});
  }
  for (auto& folder : java_configuration_folders(jdk)) launch.mounts.push_back({folder, folder});
  launch.command = {"/var/lang/bin/java"};
  return launch;
}

Result<RuntimeLaunch> make_launch(const fs::path& root, const std::string& runtime, ManagedRuntime wanted,
                                  const Interpreter& interpreter) {
  if (wanted.language == Language::java) return make_java_launch(root, interpreter);
  ASSIGN_OR_RETURN(auto client, client_folder(root));
  RuntimeLaunch launch{.version = interpreter.version, .mounts = {{client.string(), "/var/runtime"}}};
  const bool python = wanted.language == Language::python;
  std::string program;
  if (is_seen_inside(interpreter.program)) {
    auto names = python ? std::vector<std::string>{runtime, "python3", "python"} : std::vector<std::string>{"node"};
    ASSIGN_OR_RETURN(auto links, links_folder(root, interpreter, names));
    launch.mounts.push_back({links.string(), "/var/lang"});
    program = "/var/lang/bin/" + names.front();
  } else {
    launch.mounts.push_back({interpreter.prefix, "/var/lang"});
    program = "/var/lang/" + fs::path(interpreter.program).lexically_relative(interpreter.prefix).string();
  }
  // Without the folder of the user's own packages: which user's that would be, the function cannot know.
  launch.command = python ? std::vector<std::string>{program, "-s", "/var/runtime/bootstrap.py", "/opt", k_python_sdk}
                          : std::vector<std::string>{program, "/var/runtime/index.mjs"};
  if (!python) launch.disabled_features = disabled_features(wanted.version, interpreter);
  return launch;
}

}  // namespace

Task<std::optional<RuntimeLaunch>> ManagedRuntimes::find(std::string runtime) {
  auto with_sdk = [](Known& known) {
    auto& launch = known.launch;
    // What AWS's runtimes for Java have is in no package's way: the SDK comes with the function.
    if (launch.has_sdk || known.language == Language::java) return launch;
    auto folder = find_sdk(known.language, known.interpreter, SdkPlaces::of_environment());
    if (folder.empty()) return launch;
    launch.has_sdk = true;
    launch.mounts.push_back({std::move(folder), known.language == Language::python ? k_python_sdk : k_node_sdk});
    return launch;
  };
  if (auto found = known_.find(runtime); found != known_.end()) co_return with_sdk(found->second);
  auto wanted = parse_managed_runtime(runtime);
  auto root = wanted ? store_.blobs("lambda-runtimes") : Result<fs::path>(fs::path());
  if (!wanted || !root) co_return std::nullopt;
  auto job = [runtime, wanted = *wanted, root = *std::move(root),
              places = InterpreterPlaces::of_environment()]() -> std::optional<Known> {
    auto interpreter = find_interpreter(wanted, places);
    if (!interpreter) return std::nullopt;
    auto launch = make_launch(root, runtime, wanted, *interpreter);
    if (!launch) return std::nullopt;
    return Known{wanted.language, *std::move(interpreter), *std::move(launch)};
  };
  auto found = co_await pool_.run(std::move(job));
  if (!found) co_return std::nullopt;  // one that is not there may be installed
  co_return with_sdk(known_.insert_or_assign(runtime, *std::move(found)).first->second);
}

}  // namespace sortie::emulator::lambda
