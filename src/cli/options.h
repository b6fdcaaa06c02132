#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace CLI {
class App;
}

/// Options that several subcommands share, and how their values are read.
namespace sortie::cli {

/// Where to run.
struct TargetOptions {
  std::string on;  ///< local or aws
  std::string region;
  std::string profile;
  std::string endpoint_url;
  std::string realism = "off";  ///< of the embedded AWS: off or aws
};
/// `--realism off|aws`.
void add_realism_option(CLI::App& app, std::string& realism);
void add_target_options(CLI::App& app, TargetOptions& options, const std::string& default_target);

/// What goes into the package.
struct PackageOptions {
  std::vector<std::string> suites;
  std::vector<std::string> assets;
};
void add_package_options(CLI::App& app, PackageOptions& options);

/// How the suite runs inside the function.
struct FunctionOptions {
  std::vector<std::string> environment;  ///< `K=V`
  std::string role_arn;
  std::string role_policy_file;
  std::string stack_template;
  std::string stack_name;
  int memory_mb = 1769;
  bool keep = false;
  std::string cwd = "task";
  std::vector<std::string> suite_args;
};
void add_function_options(CLI::App& app, FunctionOptions& options);
/// `--env`, `--role-policy`, `--stack`, `--stack-name`.
void add_role_options(CLI::App& app, FunctionOptions& options);

/// `90s`, `1m30s`, `250ms`, `2h`; a plain number is seconds. ErrorKind::usage names `option`.
Result<std::chrono::milliseconds> parse_duration(std::string_view text, std::string_view option);
/// `K=V` pairs; a name twice, or none: ErrorKind::usage.
Result<std::map<std::string, std::string>> parse_environment(const std::vector<std::string>& pairs);
/// A whole file of at most `limit` bytes. ErrorKind::config.
Result<std::string> read_file(const std::string& path, std::size_t limit);

}  // namespace sortie::cli
