#include "sandbox/confined.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <sstream>
#include <system_error>

#include "sandbox/java_trust_store.h"
#include "sandbox/own_sockets.h"
#include "sandbox/plain.h"
#include "sandbox/trust_store.h"

namespace sortie::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr std::uint16_t k_name_service = 53;
/// RFC 2544: for measurements, never routed. What the engine's name server gives to AWS's names.
constexpr std::uint32_t k_reserved = 0xc612'0000;  // 198.18.0.0/15
constexpr std::uint32_t k_reserved_mask = 0xfffe'0000;

constexpr const char* k_programs[] = {"/usr",   "/bin",    "/sbin",      "/lib",       "/lib32",
                                      "/lib64", "/libx32", "/nix/store", "/gnu/store", "/etc/alternatives"};
/// Of the host's settings those that programs and libraries read, and none that is anybody's secret.
constexpr const char* k_settings[] = {
    "/etc/passwd",
    "/etc/group",
    "/etc/nsswitch.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/resolv.conf",
    "/etc/gai.conf",
    "/etc/hostname",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/locale.alias",
    "/etc/locale.conf",
    "/etc/os-release",
    "/etc/debian_version",
    "/etc/mime.types",
    "/etc/protocols",
    "/etc/services",
    "/etc/networks",
    "/etc/inputrc",
    "/etc/profile",
    "/etc/bash.bashrc",
    "/etc/terminfo",
    "/etc/magic",
    "/etc/fonts",
    "/etc/ssl/certs",
    "/etc/ssl/cert.pem",
    "/etc/ssl/openssl.cnf",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/openssl.cnf",
    "/etc/pki/ca-trust/extracted",
    "/etc/crypto-policies",
    "/etc/ca-certificates",
    "/proc",
};
/// Followed by a version.
constexpr std::string_view k_versioned_settings[] = {"java-", "python", "perl", "nodejs", "ruby"};
constexpr const char* k_devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};

Result<void> write_new_file(const std::string& path, const std::string& text) {
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file || write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return fail_errno(errno, "write " + path);
  }
  return {};
}

std::string java_store_beside(const std::string& bundle) {
  return bundle + ".jks";
}

/// What programs find their authorities in; made once for the same certificate.
struct TrustStores {
  std::string extra_pem;
  std::string bundle;
  std::string java;  ///< empty: there is no Java here
};

const TrustStores& trust_stores(const std::string& extra_pem) {
  static TrustStores made;
  if (made.bundle.empty() || made.extra_pem != extra_pem) {
    made = {.extra_pem = extra_pem, .bundle = trust_bundle(extra_pem), .java = {}};
    if (has_java()) made.java = java_trust_store(made.bundle);
  }
  return made;
}

Result<void> fill(const ConfinedFolder& folder, const Spec& spec) {
  if (mkdir(folder.temporary().c_str(), 0700) != 0) return fail_errno(errno, "create a folder in " + folder.top);
  if (spec.ca_bundle_pem.empty()) return {};
  const TrustStores& stores = trust_stores(spec.ca_bundle_pem);
  RETURN_IF_ERROR(write_new_file(folder.bundle(), stores.bundle));
  return stores.java.empty() ? Result<void>{} : write_new_file(java_store_beside(folder.bundle()), stores.java);
}

std::uint32_t ipv4_of(const std::string& text) {
  in_addr address{};
  return inet_pton(AF_INET, text.c_str(), &address) == 1 ? ntohl(address.s_addr) : 0;
}

/// The IPv4 name servers of the system's resolver; where it names none, it asks 127.0.0.1.
std::vector<std::uint32_t> system_name_servers() {
  std::vector<std::uint32_t> found;
  std::istringstream lines(read_host_file("/etc/resolv.conf"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    std::string address;
    if (words >> word >> address && word == "nameserver") found.push_back(ipv4_of(address));
  }
  if (found.empty()) found.push_back(INADDR_LOOPBACK);
  return found;
}

/// The rules of one sandbox.
class Rules {
 public:
  Rules(const Spec& spec, std::vector<ListenAddress> served, int supervisor)
      : served_(std::move(served)), own_(supervisor) {
    for (const ListenAddress& wanted : spec.listen) {
      wanted_.push_back({ipv4_of(wanted.address), wanted.port, wanted.datagram});
      if (wanted.port == k_name_service) endpoint_ = wanted_.back().address;
    }
  }

  Verdict operator()(const Destination& destination) {
    if (const auto listener = find(destination)) return Verdict::redirect(served_[*listener].port);
    if (!destination.is_loopback()) return Verdict::refuse(ENETUNREACH);
    return is_served(destination) || own_.listens(destination) ? Verdict{Verdict::Kind::carry_out}
                                                               : Verdict::refuse(ECONNREFUSED);
  }

 private:
  struct Wanted {
    std::uint32_t address;
    std::uint16_t port;
    bool datagram;
  };

  [[nodiscard]] std::optional<std::size_t> find(const Destination& destination) const {
    // Reserved addresses stand for that of our own. A question in a datagram may go to whatever address a program takes
    // for its name server's; a connection to no other than the system's: elsewhere it would seem to reach the world.
    const bool asks =
        destination.port == k_name_service &&
        (destination.datagram || std::ranges::find(name_servers_, destination.ipv4()) != name_servers_.end());
    const bool ours = asks || (destination.ipv4() & k_reserved_mask) == k_reserved;
    const std::uint32_t address = ours ? endpoint_ : destination.ipv4();
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      const Wanted& wanted = wanted_[i];
      if (address != 0 && wanted.address == address && wanted.port == destination.port &&
          wanted.datagram == destination.datagram) {
        return i;
      }
    }
    return std::nullopt;
  }

  /// The engine's own address of this sandbox's listener, where an earlier call has put it into the program's memory.
  [[nodiscard]] bool is_served(const Destination& destination) const {
    return std::ranges::any_of(served_, [&](const ListenAddress& listener) {
      return listener.port == destination.port && listener.datagram == destination.datagram;
    });
  }

  std::vector<Wanted> wanted_;
  std::vector<std::uint32_t> name_servers_ = system_name_servers();
  std::vector<ListenAddress> served_;
  std::uint32_t endpoint_ = 0;  ///< the address of the name server
  OwnSockets own_;
};

FileRules make_system_files() {
  FileRules rules;
  rules.executable.assign(std::begin(k_programs), std::end(k_programs));
  rules.readable.assign(std::begin(k_settings), std::end(k_settings));
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator("/etc", ignored)) {
    const std::string name = entry.path().filename().string();
    if (std::ranges::any_of(k_versioned_settings, [&](std::string_view begin) { return name.starts_with(begin); })) {
      rules.readable.push_back(entry.path().string());
    }
  }
  rules.devices.assign(std::begin(k_devices), std::end(k_devices));
  return rules;
}

}  // namespace

Result<ConfinedFolder> make_confined_folder(const Spec& spec) {
  ConfinedFolder folder;
  ASSIGN_OR_RETURN(const std::string made, make_temporary_folder());
  std::error_code ignored;
  folder.top = fs::canonical(made, ignored).string();
  if (auto filled = fill(folder, spec); !filled) {
    fs::remove_all(made, ignored);
    return std::unexpected(std::move(filled).error());
  }
  return folder;
}

const FileRules& system_files() {
  static FileRules rules;
  static timespec seen = {};
  struct stat settings{};
  const bool found = stat("/etc", &settings) == 0;
  const timespec& changed = settings.st_mtim;
  if (!found || rules.executable.empty() || changed.tv_sec != seen.tv_sec || changed.tv_nsec != seen.tv_nsec) {
    rules = make_system_files();
    seen = changed;
  }
  return rules;
}

FileRules own_files(const Spec& spec, const ConfinedFolder& folder) {
  FileRules rules;
  for (const ReadOnlyMount& mount : spec.mounts) rules.executable.push_back(mount.source);
  if (!spec.ca_bundle_pem.empty()) rules.readable = {folder.bundle(), java_store_beside(folder.bundle())};
  rules.writable.push_back(folder.temporary());
  return rules;
}

ConnectPolicy confined_policy(const Spec& spec, std::vector<ListenAddress> served, const ConfinedFolder& folder,
                              int supervisor) {
  ConnectPolicy policy;
  policy.internet = Rules(spec, std::move(served), supervisor);
  policy.own_folder = folder.temporary();
  if (!spec.ca_bundle_pem.empty()) {
    for (const char* path : trust_store_paths()) policy.instead.emplace(path, folder.bundle());
  }
  policy.abstract_names = landlock_support().signals();
  policy.may_signal = [own = OwnSockets(supervisor)](int pid) { return own.is_descendant(pid); };
  return policy;
}

std::vector<std::pair<std::string, std::string>> trust_variables(const std::string& bundle) {
  std::vector<std::pair<std::string, std::string>> variables;
  for (const char* name : {"SSL_CERT_FILE", "AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
                           "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO"}) {
    variables.emplace_back(name, bundle);
  }
  if (has_java()) {
    variables.emplace_back("JAVA_TOOL_OPTIONS", "-Djavax.net.ssl.trustStore=" + java_store_beside(bundle));
  }
  return variables;
}

}  // namespace sortie::sandbox
