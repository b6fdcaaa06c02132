#include "cli/prepare.h"

#include <fmt/format.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <utility>

#include "base/blocking.h"
#include "cli/project_file.h"
#include "harness/blob.h"
#include "sandbox/sandbox.h"
#include "suite/framework.h"
#include "wire/checksum.h"

namespace sortie::cli {
namespace {

constexpr std::size_t k_policy_limit = 64 * 1024;
constexpr std::size_t k_template_limit = 1024 * 1024;  ///< for reading it; CloudFormation's own is smaller

const ProjectFile::Suite* find_suite(const std::optional<ProjectFile>& file, const std::string& name) {
  if (!file) return nullptr;
  for (const ProjectFile::Suite& suite : file->suites) {
    if (suite.name == name) return &suite;
  }
  return nullptr;
}

class Collecting {
 public:
  Collecting(const FunctionOptions& function, std::map<std::string, std::string> environment)
      : function_(function), environment_(std::move(environment)) {}

  void add(const ProjectFile::Suite& suite) {
    add(suite.path, suite.name, suite.args, suite.env);
    for (const std::string& asset : suite.assets) add_asset(asset);
  }
  void add(const std::string& path) { add(path, "", {}, {}); }
  void add_asset(const std::string& path) {
    std::vector<std::string>& assets = suites_.package.assets;
    if (std::find(assets.begin(), assets.end(), path) == assets.end()) assets.push_back(path);
  }
  Suites take() { return std::move(suites_); }

 private:
  void add(const std::string& path, const std::string& name, const std::vector<std::string>& args,
           const std::map<std::string, std::string>& env) {
    suites_.package.suites.push_back({.path = path, .name = name});
    suite::SuiteSpec spec;
    spec.args = args;
    spec.args.insert(spec.args.end(), function_.suite_args.begin(), function_.suite_args.end());
    spec.env = environment_;
    spec.env.insert(env.begin(), env.end());  // the command line wins
    spec.cwd = function_.cwd == "tmp" ? suite::WorkingFolder::tmp : suite::WorkingFolder::task;
    suites_.specs.push_back(std::move(spec));
  }

  const FunctionOptions& function_;
  std::map<std::string, std::string> environment_;
  Suites suites_;
};

std::string plural(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string package_text(const package::Package& package) {
  std::string text;
  for (const package::PackagedSuite& suite : package.suites) text += (text.empty() ? "" : ", ") + suite.name;
  if (package.asset_count > 0) text += " + " + plural(package.asset_count, "asset", "assets");
  if (!package.libraries.empty()) text += ", " + plural(package.libraries.size(), "library", "libraries");
  return text + ", " + human_bytes(package.unzipped_bytes) + " -> " + human_bytes(package.zip.size());
}

run::Microseconds since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration_cast<run::Microseconds>(std::chrono::steady_clock::now() - began);
}

/// `${name}` in `text`; an unknown name is a configuration error.
Result<std::string> fill_in(const std::string& text, const std::map<std::string, std::string>& values) {
  std::string filled;
  std::size_t at = 0;
  for (std::size_t begin = 0; (begin = text.find("${", at)) != std::string::npos;) {
    const std::size_t end = text.find('}', begin);
    if (end == std::string::npos) break;
    const std::string name = text.substr(begin + 2, end - begin - 2);
    filled.append(text, at, begin - at);
    at = end + 1;
    const auto value = values.find(name);
    if (value != values.end()) {
      filled += value->second;
    } else if (name.starts_with("stack.") || name.starts_with("aws.")) {
      std::string known = "${aws.account}";
      for (const auto& [each, ignored] : values) known += ", ${" + each + "}";
      return fail(ErrorKind::config, "there is no value for ${" + name + "}", "known are " + known);
    } else {
      filled.append(text, begin, end + 1 - begin);  // not ours: the suite may want it
    }
  }
  return filled.append(text, at);
}

bool mentions(const std::vector<suite::SuiteSpec>& specs, std::string_view what) {
  for (const suite::SuiteSpec& spec : specs) {
    for (const auto& [name, value] : spec.env) {
      if (value.find(what) != std::string::npos) return true;
    }
  }
  return false;
}

Task<const sandbox::Capabilities*> look_at_sandbox() {
  co_return &sandbox::probe();
}

}  // namespace

Result<Suites> resolve_suites(const PackageOptions& package, const FunctionOptions& function) {
  ASSIGN_OR_RETURN(auto environment, parse_environment(function.environment));
  std::error_code error;
  const std::string here = std::filesystem::current_path(error).string();
  ASSIGN_OR_RETURN(const std::optional<ProjectFile> file, find_project_file(here));
  Collecting collecting(function, std::move(environment));
  if (package.suites.empty()) {
    if (!file || file->suites.empty()) {
      return fail(ErrorKind::usage, "no suite given", "name test executables, or describe them in sortie.toml");
    }
    for (const ProjectFile::Suite& suite : file->suites) collecting.add(suite);
  }
  for (const std::string& name : package.suites) {
    if (const ProjectFile::Suite* suite = find_suite(file, name)) {
      collecting.add(*suite);
    } else {
      collecting.add(name);
    }
  }
  for (const std::string& asset : package.assets) collecting.add_asset(asset);
  Suites suites = collecting.take();
  const std::span<const char> harness = harness::harness_executable();
  suites.package.harness = {harness.data(), harness.size()};
  suites.package.library_folders = package::environment_library_folders();
  suites.package.cache_folder = package::default_cache_folder();
  return suites;
}

bool is_local(const TargetOptions& target) {
  return target.on == "local" && target.endpoint_url.empty();
}

Task<Result<package::Package>> build(const Suites& suites, Destination destination, run::Reporter& reporter) {
  const auto began = std::chrono::steady_clock::now();
  package::PackageSpec spec = suites.package;
  BlockingPool pool(1);
  const auto make = [](package::PackageSpec wanted) {
    return [wanted = std::move(wanted)] { return package::build_package(wanted); };
  };
  Result<package::Package> package;
  if (destination == Destination::here) {
    using namespace asio::experimental::awaitable_operators;  // NOLINT(google-build-using-namespace)
    // Most machines can isolate: whether this one can is found out while the package for it is made.
    auto [made, sandbox] = co_await (pool.run(make(spec)) && look_at_sandbox());
    if (!sandbox->refused.empty()) co_return fail(ErrorKind::config, sandbox->refused);
    if (!sandbox->reason.empty()) reporter.on(run::Notice{sandbox->reason});
    package = std::move(made);
    if (!sandbox->namespaces) {
      spec.image_glibc = package::k_any_glibc;
      package = co_await pool.run(make(std::move(spec)));
    }
  } else {
    package = co_await pool.run(make(std::move(spec)));
  }
  if (!package) co_return std::unexpected(std::move(package).error());
  reporter.on(run::StepFinished{.step = "Package", .text = package_text(*package), .duration = since(began)});
  for (const std::string& warning : package->warnings) reporter.on(run::Notice{warning});
  co_return package;
}

std::vector<suite::SuiteSpec> finished_specs(const Suites& suites, const package::Package& package) {
  std::vector<suite::SuiteSpec> specs = suites.specs;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    specs[i].name = package.suites[i].name;
    specs[i].executable = package.suites[i].executable;
    specs[i].framework = suite::detect_framework(*package.suites[i].content).name();
  }
  return specs;
}

Result<run::DeploySpec> deploy_spec(const FunctionOptions& function, const TargetOptions& target) {
  run::DeploySpec spec{.role_arn = function.role_arn, .memory_mb = function.memory_mb, .keep = function.keep};
  if (!function.role_policy_file.empty()) {
    ASSIGN_OR_RETURN(spec.role_policy, read_file(function.role_policy_file, k_policy_limit));
    boost::system::error_code failed;
    const boost::json::value policy = boost::json::parse(spec.role_policy, failed);
    if (failed || !policy.is_object()) {
      return fail(ErrorKind::config, function.role_policy_file + ": not a JSON policy document");
    }
  }
  if (!is_local(target) && spec.role_arn.empty() && spec.role_policy.empty() && function.stack_template.empty()) {
    return fail(ErrorKind::usage, "--on aws needs --role ARN, --role-policy FILE or --stack TEMPLATE",
                "the role must be assumable by lambda.amazonaws.com and may write logs");
  }
  return spec;
}

Result<std::optional<run::StackSpec>> stack_spec(const FunctionOptions& function) {
  if (function.stack_template.empty()) return std::nullopt;
  run::StackSpec spec{.label = std::filesystem::path(function.stack_template).stem().string(), .keep = function.keep};
  // iam.template.json is called iam
  spec.label = spec.label.substr(0, spec.label.find('.'));
  ASSIGN_OR_RETURN(spec.template_text, read_file(function.stack_template, k_template_limit));
  spec.digest = wire::sha256_hex(spec.template_text).substr(0, 8);
  return spec;
}

Task<Result<std::optional<run::Stack>>> open_stack(run::Target& target, const FunctionOptions& function,
                                                   run::DeploySpec& deploy_spec, run::Reporter& reporter) {
  const auto began = std::chrono::steady_clock::now();
  ASSIGN_OR_CO_RETURN(auto spec, stack_spec(function));
  if (!spec) co_return std::nullopt;
  auto stack = co_await run::Stack::create(target, *std::move(spec));
  if (!stack) co_return std::unexpected(wrap(std::move(stack).error(), "--stack " + function.stack_template));
  deploy_spec.role_arn = stack->role_arn();
  deploy_spec.role_is_new = true;
  reporter.on(run::StepFinished{.step = "Stack", .text = stack->summary(), .duration = since(began)});
  co_return *std::move(stack);
}

Task<Result<void>> fill_in_values(run::Target& target, const run::Stack* stack, std::vector<suite::SuiteSpec>& specs) {
  std::map<std::string, std::string> values{{"aws.region", target.region}};
  if (stack != nullptr) {
    for (const auto& [key, value] : stack->outputs()) values.emplace("stack." + key, value);
  }
  if (mentions(specs, "${aws.account}")) {
    ASSIGN_OR_CO_RETURN(const aws::CallerIdentity identity, co_await target.sts.get_caller_identity());
    values.emplace("aws.account", identity.account);
  }
  for (suite::SuiteSpec& spec : specs) {
    for (auto& [name, value] : spec.env) {
      auto filled = fill_in(value, values);
      if (!filled) co_return std::unexpected(wrap(std::move(filled).error(), "--env " + name));
      value = *std::move(filled);
    }
  }
  co_return Result<void>{};
}

Task<Result<run::Deployment>> deploy(run::Target& target, const package::Package& package, run::DeploySpec spec,
                                     run::Reporter& reporter) {
  const auto began = std::chrono::steady_clock::now();
  auto deployment = co_await run::Deployment::create(target, package, std::move(spec));
  if (!deployment) co_return std::unexpected(std::move(deployment).error());
  std::string text = fmt::format("{} on {}, {}, {} MB", deployment->function_name(), target.name,
                                 deployment->architecture(), deployment->memory_mb());
  if (deployment->reused()) text += ", already there";
  reporter.on(run::StepFinished{.step = "Deploy", .text = std::move(text), .duration = since(began)});
  co_return deployment;
}

std::string list_key(const package::Package& package, const suite::SuiteSpec& spec) {
  suite::SuiteSpec named = spec;
  const std::string request = suite::encode(suite::HarnessRequest(suite::ListRequest{std::move(named)}));
  return wire::sha256_hex(package.zip_sha256 + "\n" + request);
}

std::string list_cache_folder() {
  const std::string packages = package::default_cache_folder();
  if (packages.empty()) return {};
  return (std::filesystem::path(packages).parent_path() / "lists").string();
}

std::string human_bytes(std::uint64_t bytes) {
  if (bytes < 1'000'000) return fmt::format("{} KB", (bytes + 999) / 1000);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

}  // namespace sortie::cli
