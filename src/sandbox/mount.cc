#include "sandbox/mount.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <system_error>

#include "sandbox/java_trust_store.h"
#include "sandbox/template_builder.h"
#include "sandbox/trust_store.h"

namespace sortie::sandbox {
namespace {

namespace fs = std::filesystem;
using Kind = TemplateStep::Kind;

constexpr std::size_t k_kept_templates = 8;

constexpr const char* k_passwd =
    "root:x:0:0:root:/root:/sbin/nologin\n"
    "sbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin\n"
    "nobody:x:65534:65534:nobody:/:/sbin/nologin\n";
constexpr const char* k_group =
    "root:x:0:\n"
    "sbx_user1051:x:990:\n"
    "nogroup:x:65534:\n";
constexpr const char* k_nsswitch =
    "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\nservices: files\nprotocols: "
    "files\n";

class Steps {
 public:
  void add(Kind kind, std::string path, std::string content = {}) {
    add_parents(path);
    steps_.push_back({kind, std::move(path), std::move(content)});
  }
  void add_parents(const std::string& path) {
    for (auto at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
      steps_.push_back({Kind::folder, path.substr(0, at), {}});
    }
  }
  /// A host file that programs read; nothing when the host has none.
  void copy(const std::string& path) {
    if (std::string text = read_host_file(path); !text.empty()) add(Kind::file, path, std::move(text));
  }
  void bind(const std::string& path) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) add(Kind::bind, path, path);
  }
  /// The path is there already.
  void cover(std::string path, std::string content) {
    steps_.push_back({Kind::cover, std::move(path), std::move(content)});
  }
  std::vector<TemplateStep> take() { return std::move(steps_); }

 private:
  std::vector<TemplateStep> steps_;
};

/// Programs and libraries. On most distributions all but /usr are symbolic links into it.
void add_programs(Steps& steps) {
  steps.bind("/usr");
  for (const char* path : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) {
    std::error_code error;
    if (fs::path target = fs::read_symlink(path, error); !error) {
      steps.add(Kind::symlink, path, target.string());
    } else {
      steps.bind(path);
    }
  }
  for (const char* path : {"/nix/store", "/gnu/store", "/etc/alternatives"}) steps.bind(path);
}

/// In Lambda's images /bin/sh is bash, and programs rely on it. Debian's and Ubuntu's is dash.
void add_shell(Steps& steps) {
  std::error_code error;
  const fs::path bash = fs::canonical("/bin/bash", error);
  if (error) return;
  const fs::path shell = fs::canonical("/bin/sh", error);
  if (error || shell == bash) return;
  const fs::path folder = fs::canonical("/bin", error);
  if (!error) steps.cover((folder / "sh").string(), bash.string());
}

void add_trust_store(Steps& steps, const std::string& extra_pem) {
  const auto paths = trust_store_paths();
  steps.add(Kind::file, paths.front(), trust_bundle(extra_pem));
  for (const char* path : paths.subspan(1)) steps.add(Kind::symlink, path, paths.front());
  if (has_java()) steps.add(Kind::file, k_java_trust_store, java_trust_store(trust_bundle(extra_pem)));
}

void add_etc(Steps& steps, const Spec& spec) {
  steps.add(Kind::file, "/etc/passwd", k_passwd);
  steps.add(Kind::file, "/etc/group", k_group);
  steps.add(Kind::file, "/etc/nsswitch.conf", k_nsswitch);
  steps.add(Kind::file, "/etc/hosts", spec.hosts.empty() ? "127.0.0.1 localhost\n" : spec.hosts);
  const bool own_resolver = !spec.resolv_conf.empty() || spec.network == Network::isolated;
  steps.add(Kind::file, "/etc/resolv.conf", own_resolver ? spec.resolv_conf : read_host_file("/etc/resolv.conf"));
  for (const char* path :
       {"/etc/ld.so.cache", "/etc/ssl/openssl.cnf", "/etc/protocols", "/etc/services", "/etc/mime.types"}) {
    steps.copy(path);
  }
  add_trust_store(steps, spec.ca_bundle_pem);
}

void add_devices(Steps& steps) {
  for (const char* name : {"null", "zero", "full", "random", "urandom"})
    steps.add(Kind::device, fmt::format("/dev/{}", name));
  steps.add(Kind::symlink, "/dev/fd", "/proc/self/fd");
  steps.add(Kind::symlink, "/dev/stdin", "/proc/self/fd/0");
  steps.add(Kind::symlink, "/dev/stdout", "/proc/self/fd/1");
  steps.add(Kind::symlink, "/dev/stderr", "/proc/self/fd/2");
  steps.add(Kind::folder, "/dev/shm");
}

/// An empty file or folder for each mount of the Spec, where none of the host's folders is shown already.
void add_mount_points(Steps& steps, const Spec& spec) {
  for (const ReadOnlyMount& mount : spec.mounts) {
    if (mount.target.starts_with("/usr/")) continue;
    std::error_code ignored;
    steps.add(fs::is_directory(mount.source, ignored) ? Kind::folder : Kind::file, mount.target);
  }
}

std::string key_of(const Spec& spec) {
  std::string key =
      fmt::format("{}\n{}\n{}\n{}\n", static_cast<int>(spec.network), spec.ca_bundle_pem, spec.resolv_conf, spec.hosts);
  for (const ReadOnlyMount& mount : spec.mounts) {
    std::error_code ignored;
    key += fmt::format("{} {}\n", fs::is_directory(mount.source, ignored), mount.target);
  }
  return key;
}

}  // namespace

int HostMounts::current() {
  // proc_pid_mountinfo(5): an error is signalled once after each change of the mounts.
  pollfd changed = {mountinfo_.get(), 0, 0};
  if (mountinfo_ && poll(&changed, 1, 0) == 0) return copy_.get();
  copy_.reset();
  if (!mountinfo_) mountinfo_.reset(open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
  return -1;
}

void HostMounts::keep(UniqueFd mount_namespace) {
  copy_ = std::move(mount_namespace);
}

std::vector<TemplateStep> template_steps(const Spec& spec) {
  Steps steps;
  add_programs(steps);
  add_shell(steps);
  add_etc(steps, spec);
  add_devices(steps);
  steps.add(Kind::proc, "/proc");
  for (const char* path :
       {"/tmp", "/var/task", "/var/runtime", "/var/lang", "/var/tmp", "/opt", "/home", "/run", "/mnt", "/srv"}) {
    steps.add(Kind::folder, path);
  }
  add_mount_points(steps, spec);
  return steps.take();
}

Result<std::shared_ptr<const Template>> template_for(const Spec& spec) {
  static std::deque<std::pair<std::string, std::shared_ptr<const Template>>> kept;
  const std::string key = key_of(spec);
  const auto found = std::ranges::find(kept, key, [](const auto& entry) { return entry.first; });
  if (found != kept.end()) return found->second;
  ASSIGN_OR_RETURN(auto made, build_template(template_steps(spec)));
  kept.emplace_back(key, std::make_shared<const Template>(std::move(made)));
  if (kept.size() > k_kept_templates) kept.pop_front();
  return kept.back().second;
}

}  // namespace sortie::sandbox
