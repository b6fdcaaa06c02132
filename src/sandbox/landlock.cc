#include "sandbox/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>

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

Result<void> allow(int ruleset, const std::string& path, std::uint64_t rights) {
  const UniqueFd file(open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status{};
  if (!file || fstat(file.get(), &status) != 0) return {};
  if (!S_ISDIR(status.st_mode)) rights &= execute | write_file | read_file | truncate;
  const PathRule rule = {rights & file_rights(landlock_support().version), file.get()};
  if (syscall(k_add_rule, ruleset, k_rule_path_beneath, &rule, 0) != 0) return fail_errno(errno, "allow " + path);
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

Result<UniqueFd> make_landlock_ruleset(const FileRules& rules, bool no_tcp) {
  const int version = landlock_support().version;
  const RulesetAttributes attributes = {
      .files = file_rights(version), .network = no_tcp ? k_connect_tcp : 0, .scopes = k_scopes};
  UniqueFd ruleset(static_cast<int>(syscall(k_create_ruleset, &attributes, attributes_size(version), 0)));
  if (!ruleset) return fail_errno(errno, "create a Landlock ruleset");
  const std::pair<const std::vector<std::string>*, std::uint64_t> kinds[] = {
      {&rules.executable, execute | read_file | read_dir},
      {&rules.readable, read_file | read_dir},
      {&rules.devices, read_file | write_file | truncate},
      {&rules.writable, ~std::uint64_t{0}},
  };
  for (const auto& [paths, rights] : kinds) {
    for (const std::string& path : *paths) RETURN_IF_ERROR(allow(ruleset.get(), path, rights));
  }
  return ruleset;
}

}  // namespace sortie::sandbox
