#include "cli/role_command.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "aws/iam.h"
#include "cli/options.h"
#include "sandbox/sandbox.h"

namespace sortie::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_policy_limit = 64 * 1024;
constexpr const char* k_policy_name = "sortie";
/// Who may use the role: the machine that is made here, and functions of the same state.
constexpr const char* k_trust =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":)"
    R"(["ec2.amazonaws.com","ecs-tasks.amazonaws.com","lambda.amazonaws.com"]},"Action":"sts:AssumeRole"}]})";
/// Where a working folder is shown that the sandbox has its own of.
constexpr const char* k_own_tmp_stand_in = "/mnt";

std::string role_arn(const std::string& role) {
  return role.starts_with("arn:") ? role : "arn:aws:iam::" + emulator::Options().account + ":role/" + role;
}

Task<Result<void>> make_role(Context& context, emulator::Emulator& emulator, const std::string& region,
                             const RoleOptions& options) {
  ASSIGN_OR_CO_RETURN(std::string policy, read_file(options.policy_file, k_policy_limit));
  aws::StaticCredentials credentials({.access_key_id = emulator.root_credentials().access_key_id,
                                      .secret_access_key = emulator.root_credentials().secret_access_key,
                                      .source = "embedded AWS"});
  aws::Iam iam({.service = emulator, .credentials = credentials, .clock = context.clock, .region = region});
  const std::string name = options.role.substr(options.role.rfind('/') + 1);
  auto made = co_await iam.create_role({.name = name, .assume_role_policy = k_trust});
  if (!made && made.error().code != "EntityAlreadyExists") co_return std::unexpected(std::move(made).error());
  auto put = co_await iam.put_role_policy(name, k_policy_name, std::move(policy));
  if (!put) co_return std::unexpected(wrap(std::move(put).error(), "--role-policy " + options.policy_file));
  co_return Result<void>{};
}

bool is_below(const fs::path& path, const fs::path& folder) {
  const auto relative = path.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

/// Where the host's `path` is seen: at its own place, unless the sandbox has something else there.
std::string place_of(const fs::path& path) {
  for (const char* own : {"/tmp", "/dev", "/proc", "/etc"}) {
    if (is_below(path, own)) return k_own_tmp_stand_in / path.filename();
  }
  return path.string();
}

/// Without what would lead past the role, or name folders that are not there.
std::vector<std::pair<std::string, std::string>> clean_environment(const std::map<std::string, std::string>& ours) {
  std::vector<std::pair<std::string, std::string>> environment;
  for (const auto& [name, value] : ours) {
    if (name.starts_with("AWS_") || name == "HOME" || name == "TMPDIR" || name == "PWD") continue;
    environment.emplace_back(name, value);
  }
  environment.emplace_back("HOME", "/tmp");
  return environment;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

/// Passes on what the command prints, to its end. Empty when all of it could be written.
Task<std::string> relay(UniqueFd from, int to, const char* name) {
  asio::posix::stream_descriptor pipe(co_await asio::this_coro::executor, from.release());
  std::vector<char> buffer(64 * 1024);
  std::string failed;
  for (;;) {
    boost::system::error_code end;
    const std::size_t count =
        co_await pipe.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, end));
    if (end) co_return failed;
    if (failed.empty() && !write_all(to, {buffer.data(), count})) {
      failed = std::string("write to ") + name + ": " + std::generic_category().message(errno);
    }
  }
}

/// What would hide another is refused; the same twice is once.
Result<void> add_mount(emulator::InstanceOptions& wanted, const fs::path& path) {
  const std::string place = place_of(path);
  for (const auto& there : wanted.mounts) {
    if (there.target != place) continue;
    if (there.source == path) return {};
    return fail(ErrorKind::usage,
                "--mount: " + there.source + " and " + path.string() + " would both be seen at " + place,
                "give one of them another last name, or mount the folder above");
  }
  wanted.mounts.push_back({path.string(), place});
  return {};
}

/// Root's sandboxes run under an id that owns nothing here: what they are to see must be open to others.
Result<void> check_readable(const fs::path& path) {
  struct stat found{};
  if (::geteuid() != 0 || !sandbox::probe().namespaces || ::stat(path.c_str(), &found) != 0) return {};
  const mode_t needed = S_ISDIR(found.st_mode) ? S_IROTH | S_IXOTH : S_IROTH;
  if ((found.st_mode & needed) == needed) return {};
  return fail(ErrorKind::config, "--as-role: " + path.string() + " may be read by its owner alone",
              "under root the command has a user id of its own that owns nothing: chmod -R o+rX " + path.string() +
                  ", or run sortie as a plain user");
}

/// Says what to do about a role that cannot be had.
Error explained(Error failed) {
  if (failed.kind == ErrorKind::not_found) {
    failed.hint = "--role-policy FILE makes it; --state DIR has the roles of an earlier `sortie serve`";
  } else if (failed.kind == ErrorKind::denied) {
    failed.hint = "its trust policy must allow sts:AssumeRole to the service ec2.amazonaws.com";
  } else {
    return failed;
  }
  failed.kind = ErrorKind::config;
  return failed;
}

}  // namespace

Task<Result<RoleCommand>> RoleCommand::prepare(Context& context, emulator::Emulator& emulator,
                                               const std::string& region, const RoleOptions& options,
                                               bool host_network) {
  if (!options.policy_file.empty()) {
    CO_RETURN_IF_ERROR(co_await make_role(context, emulator, region, options));
  }
  std::error_code error;
  const fs::path here = fs::current_path(error);
  if (error) co_return fail(ErrorKind::config, "the working folder: " + error.message());
  emulator::InstanceOptions wanted{.region = region, .role_arn = role_arn(options.role), .host_network = host_network};
  const bool shown = here != "/" && !is_below(here, "/usr");
  if (shown) wanted.mounts.push_back({here.string(), place_of(here)});
  for (const std::string& path : options.mounts) {
    const fs::path absolute = fs::weakly_canonical(path, error);
    if (error || !fs::exists(absolute)) co_return fail(ErrorKind::usage, "--mount: there is no " + path);
    CO_RETURN_IF_ERROR(add_mount(wanted, absolute));
  }
  for (const auto& mount : wanted.mounts) CO_RETURN_IF_ERROR(check_readable(mount.source));
  auto instance = co_await emulator.start_instance(std::move(wanted));
  if (!instance) {
    co_return std::unexpected(explained(wrap(std::move(instance).error(), "--as-role " + options.role)));
  }
  auto environment = clean_environment(context.environment);
  environment.emplace_back("AWS_REGION", region);
  environment.emplace_back("AWS_DEFAULT_REGION", region);
  for (auto& address : (*instance)->addresses()) {
    if (address.first != "AWS_CONTAINER_CREDENTIALS_FULL_URI" || options.as_container)
      environment.push_back(std::move(address));
  }
  if (options.as_container)
    environment.emplace_back("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", (*instance)->container_credentials_path());
  const std::string folder = shown ? (*instance)->sandbox().inside_path(place_of(here)) : here.string();
  co_return RoleCommand(*std::move(instance), folder, std::move(environment));
}

Task<Result<int>> RoleCommand::run(const std::vector<std::string>& command) {
  using namespace asio::experimental::awaitable_operators;  // NOLINT(google-build-using-namespace)
  sandbox::Sandbox& box = instance_->sandbox();
  // env looks for the program on PATH, as a shell would.
  sandbox::Command started{.argv = {"/usr/bin/env"}, .environment = environment_, .working_folder = folder_};
  started.argv.insert(started.argv.end(), command.begin(), command.end());
  CO_RETURN_IF_ERROR(co_await box.start(std::move(started)));
  auto [status, out, err] = co_await (box.wait() && relay(box.take_stdout(), STDOUT_FILENO, "standard output") &&
                                      relay(box.take_stderr(), STDERR_FILENO, "standard error"));
  if (status.out_of_memory) std::fputs("note: the command ran out of memory\n", stderr);
  for (const std::string& failed : {out, err}) {
    if (!failed.empty()) co_return fail(ErrorKind::internal, failed);
  }
  co_return status.signal != 0 ? 128 + status.signal : status.code;
}

void RoleCommand::signal(int number) {
  instance_->sandbox().signal(number);
}

}  // namespace sortie::cli
