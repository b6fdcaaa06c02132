#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <charconv>
#include <cstdio>

namespace sortie::cli {

void add_target_options(CLI::App& app, TargetOptions& options, const std::string& default_target) {
  options.on = default_target;
  app.add_option("--on", options.on, "where: the embedded AWS (local) or an AWS account (aws)")
      ->check(CLI::IsMember({"local", "aws"}))
      ->capture_default_str();
  app.add_option("--region", options.region, "AWS region (default: AWS_REGION, the profile's, us-east-1 for local)");
  app.add_option("--profile", options.profile, "profile of ~/.aws/config for the credentials");
  app.add_option("--endpoint-url", options.endpoint_url, "send AWS requests there instead (implies --on aws)");
}

void add_realism_option(CLI::App& app, std::string& realism) {
  app.add_option("--realism", realism,
                 "aws: with AWS's waits, quotas and late logs, to try a client's patience; off: at once")
      ->check(CLI::IsMember({"off", "aws"}))
      ->capture_default_str();
}

void add_package_options(CLI::App& app, PackageOptions& options) {
  app.add_option("SUITE", options.suites, "test executables")->type_name("");
  app.add_option("--asset", options.assets, "file or folder to put beside the suite; repeatable")
      ->type_name("PATH")
      ->allow_extra_args(false);
}

void add_role_options(CLI::App& app, FunctionOptions& options) {
  app.add_option("--env", options.environment, "environment of the function; repeatable")
      ->type_name("K=V")
      ->allow_extra_args(false);
  auto* policy = app.add_option("--role-policy", options.role_policy_file,
                                "run under a role made for the run, with this policy (JSON) besides writing logs")
                     ->type_name("FILE");
  auto* stack =
      app.add_option("--stack", options.stack_template,
                     "create this CloudFormation template for the run: its role, and ${stack.OUTPUT} in --env")
          ->type_name("TEMPLATE");
  policy->excludes(stack);
  app.add_option("--stack-name", options.stack_name, "with --stack: the stack's name, instead of a short one made up")
      ->type_name("NAME")
      ->needs(stack);
}

void add_function_options(CLI::App& app, FunctionOptions& options) {
  add_role_options(app, options);
  app.add_option("--role", options.role_arn, "run under this IAM role")
      ->type_name("ARN")
      ->excludes(app.get_option("--role-policy"))
      ->excludes(app.get_option("--stack"));
  app.add_option("--memory", options.memory_mb, "memory of the function in MB (1 vCPU at 1769)")
      ->check(CLI::Range(128, 10240))
      ->capture_default_str();
  app.add_option("--cwd", options.cwd,
                 "the suite's working folder: /var/task, read-only, or a writable copy under /tmp")
      ->check(CLI::IsMember({"task", "tmp"}))
      ->capture_default_str();
  app.add_flag("--keep", options.keep, "leave the function in place: the next run of the same suite uploads nothing");
}

namespace {

struct Unit {
  std::string_view name;
  double ms;
};
constexpr Unit k_units[] = {{"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}};

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text, std::string_view option) {
  const auto wrong = [&] {
    return fail(ErrorKind::usage, std::string(option) + ": not a duration: '" + std::string(text) + "'",
                "write it like 30s, 1m30s or 250ms");
  };
  double total_ms = 0;
  std::string_view rest = text;
  if (rest.empty()) return wrong();
  while (!rest.empty()) {
    double number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (error != std::errc{} || number < 0) return wrong();
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const Unit* unit = &k_units[1];
    if (!rest.empty()) {
      unit = nullptr;
      for (const Unit& candidate : k_units) {
        if (!rest.starts_with(candidate.name)) continue;
        if (unit == nullptr || candidate.name.size() > unit->name.size()) unit = &candidate;
      }
      if (unit == nullptr) return wrong();
      rest.remove_prefix(unit->name.size());
    } else if (total_ms > 0) {
      return wrong();
    }
    total_ms += number * unit->ms;
  }
  constexpr double k_longest_ms = 24 * 3.6e6;
  if (total_ms < 1 || total_ms > k_longest_ms) {
    return fail(ErrorKind::usage, std::string(option) + ": must be between 1ms and 24h: '" + std::string(text) + "'");
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(total_ms));
}

Result<std::map<std::string, std::string>> parse_environment(const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> environment;
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ErrorKind::usage, "--env: not of the form NAME=VALUE: '" + pair + "'");
    }
    if (!environment.emplace(pair.substr(0, equals), pair.substr(equals + 1)).second) {
      return fail(ErrorKind::usage, "--env: given twice: '" + pair.substr(0, equals) + "'");
    }
  }
  return environment;
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  std::FILE* file = std::fopen(path.c_str(), "re");
  const auto failed = [&path](int error_number) {
    Error error = fail_errno(error_number, path).error();
    error.kind = ErrorKind::config;
    return std::unexpected(std::move(error));
  };
  if (file == nullptr) return failed(errno);
  std::string text;
  char buffer[16384];
  for (std::size_t count = 0; (count = std::fread(buffer, 1, sizeof buffer, file)) > 0 && text.size() <= limit;) {
    text.append(buffer, count);
  }
  const int error_number = std::ferror(file) != 0 ? errno : 0;
  std::fclose(file);
  if (error_number != 0) return failed(error_number);
  if (text.size() > limit) return fail(ErrorKind::config, path + ": larger than " + std::to_string(limit) + " bytes");
  return text;
}

}  // namespace sortie::cli
