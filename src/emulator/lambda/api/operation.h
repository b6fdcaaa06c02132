#pragma once

#include <boost/json/object.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/blocking.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/task.h"
#include "emulator/core/call.h"
#include "emulator/core/operation_table.h"
#include "emulator/core/ports.h"
#include "emulator/core/protocol.h"
#include "emulator/lambda/access/permissions.h"
#include "emulator/lambda/api/paging.h"
#include "emulator/lambda/async/async_invocations.h"
#include "emulator/lambda/catalogue/activations.h"
#include "emulator/lambda/catalogue/errors.h"
#include "emulator/lambda/catalogue/packages.h"
#include "emulator/lambda/execution/invoker.h"
#include "emulator/lambda/execution/provisioner.h"
#include "emulator/lambda/runtimes/managed_runtimes.h"

/// What every operation of the API has in common.
namespace sortie::emulator::lambda {

/// One request to the API and what it works on. Lives as long as its handler runs.
struct Operation {
  Call call;
  std::vector<std::string> parts;  ///< the captured parts of the path, decoded
  boost::json::object body;        ///< for operations that have one

  const std::string& account;
  const Clock& clock;
  Registry& functions;
  LayerRegistry& layers;
  CodeSigningRegistry& code_signing;
  Packages& packages;
  Activations& activations;
  Permissions& permissions;
  Identities& identities;
  ObjectSource& objects;
  BlockingPool& blocking;
  ManagedRuntimes& runtimes;
  LiveEnvironments& environments;
  Deployments& deployments;
  Provisioner& provisioner;
  Invoker& invoker;
  AsyncInvocations& async;

  /// A parameter of the query, decoded; empty when there is none.
  [[nodiscard]] std::string query(std::string_view name) const;
  /// The function that `text` names, of this request's region.
  [[nodiscard]] AwsResult<FunctionRef> name_of(NameUse use, std::string_view text, std::string_view qualifier) const;
  /// Part 0 of the path and the parameter `Qualifier`.
  [[nodiscard]] AwsResult<FunctionRef> name() const;
  /// 403 AccessDeniedException when the caller may not do `action` (`GetFunction`) on `resource`.
  AwsResult<void> allow(std::string_view action, std::string resource, ContextKeys context = {}) const;
};

using Answer = AwsResult<http::Response>;

/// How a request names an operation.
struct Route {
  std::string_view method;
  std::string_view path;        ///< `/2015-03-31/functions/{FunctionName}`: a part in braces is captured
  bool json_body = false;       ///< the body is read as a JSON object
  std::string_view query = {};  ///< `List=ALL`: a parameter that must be there
};

using Row = OperationRow<Operation, Task<Answer>, Route>;

std::span<const Row> invoke_operations();
std::span<const Row> function_operations();
std::span<const Row> version_operations();
std::span<const Row> permission_operations();
std::span<const Row> concurrency_operations();
std::span<const Row> tag_operations();
std::span<const Row> layer_operations();
std::span<const Row> layer_permission_operations();
std::span<const Row> event_invoke_operations();
std::span<const Row> event_source_operations();
std::span<const Row> provisioned_operations();
std::span<const Row> code_signing_operations();
std::span<const Row> recursion_operations();
std::span<const Row> runtime_management_operations();
std::span<const Row> url_operations();
std::span<const Row> code_operations();
/// Those that AWS has and the embedded AWS does not.
std::span<const Row> unsupported_operations();

/// A function found and permitted.
struct Target {
  FunctionRef ref;
  Function* function = nullptr;
  const Version* version = nullptr;
};
/// What the path and `Qualifier` name: permitted for `action`, the function's own policy counting, and there.
AwsResult<Target> find_target(const Operation& operation, std::string_view action);
/// The same, but a version and an alias that are not there have errors of their own.
AwsResult<Target> find_qualified(const Operation& operation, std::string_view action);
/// Permitted for `action`; function and version may be missing.
AwsResult<Target> find_permitted(const Operation& operation, std::string_view action, ContextKeys context = {});

}  // namespace sortie::emulator::lambda
