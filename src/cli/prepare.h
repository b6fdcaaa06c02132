#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/open_target.h"
#include "cli/options.h"
#include "cli/suites.h"
#include "package/package.h"
#include "run/deployment.h"
#include "run/event.h"
#include "run/stack.h"
#include "suite/protocol.h"

/// The way from a command line to a deployed function, shared by `run`, `list` and `package`.
namespace sortie::cli {

/// True when the options mean the embedded AWS.
bool is_local(const TargetOptions& target);

/// What the package is for: to be run here and now, or anywhere.
enum class Destination : std::uint8_t { here, anywhere };

/// Builds the package off the io_context thread and reports the step. For `here` on a machine whose sandboxes are plain
/// processes, says so, and leaves the host's C library where it is: the package's paths do not exist there.
Task<Result<package::Package>> build(const Suites& suites, Destination destination, run::Reporter& reporter);
/// The suites as the harness is to start them.
std::vector<suite::SuiteSpec> finished_specs(const Suites& suites, const package::Package& package);

/// Reads and checks what the function's role is to be. ErrorKind::config for a policy that is not JSON.
Result<run::DeploySpec> deploy_spec(const FunctionOptions& function, const TargetOptions& target);

/// The text and name of `--stack TEMPLATE`; nothing without the option. ErrorKind::config.
Result<std::optional<run::StackSpec>> stack_spec(const FunctionOptions& function);
/// Creates the stack that the options ask for, takes its role for `deploy_spec`, and reports the step. Nothing without
/// `--stack`.
Task<Result<std::optional<run::Stack>>> open_stack(run::Target& target, const FunctionOptions& function,
                                                   run::DeploySpec& deploy_spec, run::Reporter& reporter);

/// Replaces `${aws.region}`, `${aws.account}` and `${stack.OUTPUT}` in environment values. `stack` may be null.
Task<Result<void>> fill_in_values(run::Target& target, const run::Stack* stack, std::vector<suite::SuiteSpec>& specs);

/// Deploys and reports the step.
Task<Result<run::Deployment>> deploy(run::Target& target, const package::Package& package, run::DeploySpec spec,
                                     run::Reporter& reporter);

/// The key under which a suite's list is remembered: everything that its listing may depend on.
std::string list_key(const package::Package& package, const suite::SuiteSpec& spec);
/// `$XDG_CACHE_HOME/sortie/lists`; empty: nothing is remembered.
std::string list_cache_folder();

/// `4.1 MB`, `812 KB`.
std::string human_bytes(std::uint64_t bytes);

}  // namespace sortie::cli
