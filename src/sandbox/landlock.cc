#include "sandbox/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "base/scarce_descriptors.h"

namespace sortie::sandbox {
namespace {

// Of linux/landlock.h, which in Debian 12 knows its second version alone. The numbers are those of every architecture.
constexpr long k_create_ruleset = 444;
constexpr long k_add_rule = 445;
constexpr unsigned k_ask_version = 1;
constexpr int k_rule_path_beneath = 1;

enum : std::uint64_t {
  execute = 1 << 0,
  write_file = 1 << 1,
  read_file = 1 << 2,
  read_dir = 1 << 3,
  refer = 1 << 13,     // version 2
  truncate = 1 << 14,  // version 3
};
constexpr std::uint64_t k_first_version = (1 << 13) - 1;
constexpr std::uint64_t k_connect_tcp = 1 << 1;
constexpr std::uint64_t k_scopes = 1 << 0 | 1 << 1;  // abstract UNIX sockets, signals

struct RulesetAttributes {
  std::uint64_t files = 0;
  std::uint64_t network = 0;  // version 4
  std::uint64_t scopes = 0;   // version 6
};

struct __attribute__((packed)) PathRule {
  std::uint64_t allowed = 0;
  std::int32_t parent = -1;
};

std::uint64_t file_rights(int version) {
  return k_first_version | (version >= 2 ? refer : 0U) | (version >= 3 ? truncate : 0U);
}

std::size_t attributes_size(int version) {
  if (version >= 6) return sizeof(RulesetAttributes);
  return version >= 4 ? offsetof(RulesetAttributes, scopes) : offsetof(RulesetAttributes, network);
}

struct RuleFile {
  UniqueFd file;
  struct stat status{};
};

RuleFile open_rule_file(const std::string& path) {
  RuleFile opened{UniqueFd(open(path.c_str(), O_PATH | O_CLOEXEC))};
  if (opened.file && fstat(opened.file.get(), &opened.status) != 0) opened.file.reset();
  return opened;
}

/// Kept open from one ruleset to the next, where there are descriptors for it; opened anew when another file has taken
/// the path. Null when there is none.
const RuleFile* kept_rule_file(const std::string& path) {
  static std::map<std::string, RuleFile> kept;
  if (descriptors_are_scarce()) kept.clear();
  struct stat now{};
  if (stat(path.c_str(), &now) != 0) {
    kept.erase(path);
    return nullptr;
  }
  RuleFile& known = kept[path];
  if (!known.file || known.status.st_ino != now.st_ino || known.status.st_dev != now.st_dev) {
    known = open_rule_file(path);
  }
  return &known;
}

Result<void> allow(int ruleset, const std::string& path, const RuleFile& file, std::uint64_t rights) {
  if (!file.file) return {};
  if (!S_ISDIR(file.status.st_mode)) rights &= execute | write_file | read_file | truncate;
  const PathRule rule = {rights & file_rights(landlock_support().version), file.file.get()};
  if (syscall(k_add_rule, ruleset, k_rule_path_beneath, &rule, 0) != 0) return fail_errno(errno, "allow " + path);
  return {};
}

/// Calls `visit(path, rights)` for each.
template <class Visit>
Result<void> for_each_rule(const FileRules& rules, Visit visit) {
  const std::pair<const std::vector<std::string>*, std::uint64_t> kinds[] = {
      {&rules.executable, execute | read_file | read_dir},
      {&rules.readable, read_file | read_dir},
      {&rules.devices, read_file | write_file | truncate},
      {&rules.writable, ~std::uint64_t{0}},
  };
  for (const auto& [paths, rights] : kinds) {
    for (const std::string& path : *paths) RETURN_IF_ERROR(visit(path, rights));
  }
  return {};
}

}  // namespace

const LandlockSupport& landlock_support() {
  static const LandlockSupport support = [] {
    const long version = syscall(k_create_ruleset, nullptr, 0, k_ask_version);
    return version < 0 ? LandlockSupport{.error = errno} : LandlockSupport{.version = static_cast<int>(version)};
  }();
  return support;
}

Result<UniqueFd> make_landlock_ruleset(const FileRules& system, const FileRules& own, bool no_tcp) {
  const int version = landlock_support().version;
  const RulesetAttributes attributes = {
      .files = file_rights(version), .network = no_tcp ? k_connect_tcp : 0, .scopes = k_scopes};
  UniqueFd ruleset(static_cast<int>(syscall(k_create_ruleset, &attributes, attributes_size(version), 0)));
  if (!ruleset) return fail_errno(errno, "create a Landlock ruleset");
  RETURN_IF_ERROR(for_each_rule(system, [&](const std::string& path, std::uint64_t rights) -> Result<void> {
    const RuleFile* file = kept_rule_file(path);
    return file == nullptr ? Result<void>{} : allow(ruleset.get(), path, *file, rights);
  }));
  RETURN_IF_ERROR(for_each_rule(own, [&](const std::string& path, std::uint64_t rights) {
    return allow(ruleset.get(), path, open_rule_file(path), rights);
  }));
  return ruleset;
}

}  // namespace sortie::sandbox
