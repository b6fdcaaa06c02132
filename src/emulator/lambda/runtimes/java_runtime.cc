#include "emulator/lambda/runtimes/java_runtime.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <set>
#include <string_view>
#include <system_error>

#include "emulator/lambda/runtimes/program_output.h"

// The client's sources, files of src/emulator/lambda/runtimes/java: the executable carries them.
#define SORTIE_JAVA_SOURCE(name)                          \
  asm(".pushsection .rodata\n"                            \
      ".global sortie_java_" #name ", sortie_java_" #name \
      "_end\n"                                            \
      "sortie_java_" #name                                \
      ":\n"                                               \
      ".incbin \"" SORTIE_RUNTIMES_FOLDER "/java/" #name  \
      ".java\"\n"                                         \
      "sortie_java_" #name                                \
      "_end:\n"                                           \
      ".popsection\n");                                   \
  extern "C" {                                            \
  extern const char sortie_java_##name[];                 \
  extern const char sortie_java_##name##_end[];           \
  }
SORTIE_JAVA_SOURCE(Beans)
SORTIE_JAVA_SOURCE(Client)
SORTIE_JAVA_SOURCE(Handler)
SORTIE_JAVA_SOURCE(InvocationContext)
SORTIE_JAVA_SOURCE(Json)
SORTIE_JAVA_SOURCE(RuntimeApi)
SORTIE_JAVA_SOURCE(Trust)
#undef SORTIE_JAVA_SOURCE

namespace sortie::emulator::lambda {
namespace {

namespace fs = std::filesystem;

constexpr auto k_compile_limit = std::chrono::seconds(120);
constexpr const char* k_client = "sortie.runtime.Client";
constexpr std::string_view k_aws_client = "aws-lambda-java-runtime-interface-client-";

struct Source {
  const char* name;
  std::string_view text;
};

std::array<Source, 7> sources() {
  return {{{"Beans.java", {sortie_java_Beans, sortie_java_Beans_end}},
           {"Client.java", {sortie_java_Client, sortie_java_Client_end}},
           {"Handler.java", {sortie_java_Handler, sortie_java_Handler_end}},
           {"InvocationContext.java", {sortie_java_InvocationContext, sortie_java_InvocationContext_end}},
           {"Json.java", {sortie_java_Json, sortie_java_Json_end}},
           {"RuntimeApi.java", {sortie_java_RuntimeApi, sortie_java_RuntimeApi_end}},
           {"Trust.java", {sortie_java_Trust, sortie_java_Trust_end}}}};
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The value of `name="…"` in a JDK's `release` file.
std::string release_value(const std::string& text, const std::string& name) {
  const auto at = ("\n" + text).find("\n" + name + "=\"");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 2;
  return text.substr(begin, text.find('"', begin) - begin);
}

/// A sandbox made by root is nobody to the host.
bool is_open_to_all(const fs::path& program) {
  struct stat status{};
  return ::stat(program.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         (status.st_mode & (S_IROTH | S_IXOTH)) == (S_IROTH | S_IXOTH);
}

std::optional<Interpreter> jdk_at(const fs::path& home) {
  const auto version = release_value(read_file(home / "release"), "JAVA_VERSION");
  std::error_code error;
  if (java_version(version) == 0 || !fs::exists(home / "bin/javac", error)) return std::nullopt;
  if (!is_open_to_all(home / "bin/java")) return std::nullopt;
  return Interpreter{(home / "bin/java").string(), version, home.string()};
}

/// The homes to look at, best first, each once and without links.
std::vector<fs::path> homes(const InterpreterPlaces& places) {
  std::vector<fs::path> found;
  const auto add = [&found](const fs::path& home) {
    std::error_code error;
    const auto path = fs::canonical(home, error);
    if (!error && std::ranges::find(found, path) == found.end()) found.push_back(path);
  };
  if (!places.java_home.empty()) add(places.java_home);
  for (std::size_t begin = 0; begin < places.path.size();) {
    const auto end = std::min(places.path.find(':', begin), places.path.size());
    std::error_code error;
    const auto program = fs::canonical(fs::path(places.path.substr(begin, end - begin)) / "javac", error);
    if (!error) add(program.parent_path().parent_path());
    begin = end + 1;
  }
  std::vector<std::string> patterns{"/usr/lib/jvm/*", "/usr/java/*", "/opt/java/*", "/opt/jdk*"};
  if (!places.home.empty()) {
    for (const char* below :
         {"/.sdkman/candidates/java/*", "/.asdf/installs/java/*", "/.jdks/*", "/.local/share/mise/installs/java/*"}) {
      patterns.push_back(places.home + below);
    }
  }
  for (const auto& pattern : patterns) {
    glob_t matches{};
    if (::glob(pattern.c_str(), 0, nullptr, &matches) == 0) {
      for (std::size_t i = 0; i < matches.gl_pathc; ++i) add(matches.gl_pathv[i]);
    }
    ::globfree(&matches);
  }
  return found;
}

}  // namespace

int java_version(const std::string& text) {
  std::string_view rest = text;
  if (rest.starts_with("1.")) rest.remove_prefix(2);
  int version = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), version);
  return error == std::errc() && version > 0 ? version : 0;
}

std::optional<Interpreter> find_jdk(int wanted, const InterpreterPlaces& places) {
  std::optional<Interpreter> best;
  const auto rank = [wanted](const Interpreter& jdk) {
    const int version = java_version(jdk.version);
    return version >= wanted ? std::pair(0, version - wanted) : std::pair(1, wanted - version);
  };
  for (const auto& home : homes(places)) {
    auto jdk = jdk_at(home);
    if (jdk && (!best || rank(*jdk) < rank(*best))) best = std::move(jdk);
  }
  return best;
}

std::string java_client_key() {
  std::size_t key = 0;
  for (const auto& source : sources()) key = key * 31 + std::hash<std::string_view>()(source.text);
  return std::to_string(key);
}

Result<void> compile_java_client(const Interpreter& jdk, const fs::path& folder) {
  // Java 8 has no other option for the encoding; what the client needs of newer versions it finds by reflection.
  std::vector<std::string> command{jdk.prefix + "/bin/javac", "-encoding", "UTF-8", "-nowarn", "-d", folder.string()};
  for (const auto& source : sources()) {
    const auto path = folder / source.name;
    std::ofstream file(path, std::ios::binary);
    file << source.text;
    file.close();
    if (!file) return fail(ErrorKind::internal, "write " + path.string());
    command.push_back(path.string());
  }
  if (!program_output(command, k_compile_limit)) {
    return fail(ErrorKind::config, jdk.prefix + "/bin/javac cannot compile the runtime client");
  }
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
    fs::permissions(entry.path(), entry.is_directory() ? fs::perms(0755) : fs::perms(0644), error);
  }
  return {};
}

std::vector<std::string> java_configuration_folders(const Interpreter& jdk) {
  std::set<std::string> folders;
  for (const char* link :
       {"conf/net.properties", "conf/logging.properties", "lib/security/blocked.certs", "jre/lib/net.properties"}) {
    std::error_code error;
    const auto target = fs::read_symlink(fs::path(jdk.prefix) / link, error);
    if (error || !target.is_absolute() || !target.string().starts_with("/etc/")) continue;
    // `/etc/java-17-openjdk` of whatever lies in it.
    const auto rest = target.lexically_relative("/etc");
    folders.insert((fs::path("/etc") / *rest.begin()).string());
  }
  return {folders.begin(), folders.end()};
}

std::vector<std::string> java_main(const fs::path& code, const std::string& handler) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(code / "lib", error)) {
    if (entry.path().filename().string().starts_with(k_aws_client)) {
      return {k_client, "com.amazonaws.services.lambda.runtime.api.client.AWSLambda", handler};
    }
  }
  return {k_client};
}

}  // namespace sortie::emulator::lambda
