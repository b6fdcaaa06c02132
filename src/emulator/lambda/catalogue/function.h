#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/core/call.h"
#include "emulator/lambda/catalogue/names.h"
#include "emulator/lambda/logging/log_text.h"

namespace sortie::emulator::lambda {

inline constexpr std::string_view k_latest = "$LATEST";

/// A version of a layer as a function uses it. The content stays when the layer version is deleted.
struct LayerUse {
  std::string arn;
  std::string code_id;
  std::uint64_t code_size = 0;
  bool operator==(const LayerUse&) const = default;
};

/// One version of a function, `$LATEST` among them: what AWS calls its configuration. A value.
struct Version {
  std::string version{k_latest};
  std::string runtime;
  std::string role;
  std::string handler;
  std::string description;
  std::chrono::seconds timeout{3};
  int memory_mb = 128;
  int ephemeral_mb = 512;
  std::optional<std::map<std::string, std::string>> environment;
  std::string architecture;
  std::string code_id;           ///< names the code in the CodeStore
  std::string code_sha256;       ///< of the package, in base64
  std::uint64_t code_size = 0;   ///< bytes of the package
  std::vector<LayerUse> layers;  ///< a later one's files win
  LogFormat log_format = LogFormat::text;
  std::string application_log_level;  ///< JSON format only
  std::string system_log_level;       ///< JSON format only
  std::string log_group;
  std::string tracing_mode = "PassThrough";
  std::string kms_key_arn;
  std::string snap_start;  ///< `PublishedVersions`, or empty for none: kept, cold starts are as without
  std::string last_modified;
  std::string revision_id;
  enum class Status : std::uint8_t { creating, updating, active } status = Status::creating;
  std::uint64_t change = 0;  ///< of this process: a later change has a larger number; only the last one is activated
};

struct Alias {
  std::string version;
  std::string description;
  std::string revision_id;
  std::map<std::string, double> weights;  ///< further versions and their share of the invocations, at most one
};

/// How asynchronous invocations of a function, version or alias are retried, and the destinations of their records.
struct EventInvokeConfig {
  std::optional<int> retries;
  std::optional<std::chrono::seconds> event_age;
  std::string on_success;    ///< ARN of a function; empty: no destination
  std::string on_failure;    ///< the same
  double last_modified = 0;  ///< seconds since 1970
};

/// A resource policy. That of a function, a version or an alias shares the revision id of what it belongs to.
struct Policy {
  boost::json::array statements;
  std::string revision_id;  ///< of layer versions alone
};

/// The URL of a function or an alias.
struct UrlConfig {
  std::string url;
  std::string auth_type;
  std::string invoke_mode;  ///< empty: never named, which means BUFFERED
  std::optional<boost::json::object> cors;
  std::string created;
  std::string last_modified;
};

/// How many environments a version or an alias is promised; counted in what others may reserve.
struct ProvisionedConfig {
  int executions = 0;
  bool pending = true;  ///< not handed to the pool yet
  std::string last_modified;
};

/// When a function's runtime is updated: kept, the runtime is what this machine has.
struct RuntimeManagement {
  std::string update_on = "Auto";
  std::string version_arn;  ///< with Manual
};

/// A function with everything that belongs to it. A value; the Registry keeps it.
struct Function {
  std::string region;
  std::string account;
  std::string name;
  Version latest;
  std::map<int, Version> versions;
  int last_version = 0;
  std::map<std::string, Alias> aliases;
  std::optional<int> reserved_concurrency;
  std::map<std::string, std::string> tags;
  std::map<std::string, Policy> policies;                       ///< by qualifier, empty for the function itself
  std::map<std::string, EventInvokeConfig> event_configs;       ///< by qualifier, `$LATEST` for the function itself
  std::map<std::string, UrlConfig> urls;                        ///< by alias, empty for the function itself
  std::map<std::string, ProvisionedConfig> provisioned;         ///< by version or alias
  std::map<std::string, RuntimeManagement> runtime_management;  ///< by version, `$LATEST` among them
  std::string recursive_loop = "Terminate";
  std::string code_signing_config;  ///< ARN, empty: none

  [[nodiscard]] std::string arn(std::string_view qualifier = {}) const;
  /// The version that `qualifier` (empty, `$LATEST`, a number or an alias) names.
  [[nodiscard]] const Version* find(std::string_view qualifier) const;
  /// The same for one invocation: an alias of two versions gives the second one where `chance`, from [0, 1), is below
  /// its weight.
  [[nodiscard]] const Version* find(std::string_view qualifier, double chance) const;
  /// What it takes of the account's concurrency for itself: reserved or, without that, provisioned.
  [[nodiscard]] int set_aside() const;
  [[nodiscard]] int provisioned_total() const;
  /// Under which name environments are provisioned for an invocation of `version` by `qualifier`: the version's own, or
  /// an alias's that points to it, whichever it was invoked by. Empty: there are none.
  [[nodiscard]] std::string provisioned_name(const std::string& qualifier, const std::string& version) const;
  /// The revision id of what `qualifier` names, which its policy shares; null when there is none.
  [[nodiscard]] std::string* revision_of(std::string_view qualifier);
  /// A version or an alias was deleted: removes its settings.
  void forget(const std::string& qualifier);
  /// The policy document of `qualifier`, empty when there is none.
  [[nodiscard]] std::string policy_document(std::string_view qualifier) const;
};

/// What AWS shows of a version: `FunctionConfiguration`. The ARN ends in `qualifier`, as it was asked for; without one,
/// in the number of a published version.
boost::json::object configuration_document(const Function& function, const Version& version,
                                           std::string_view qualifier = {});
/// What AWS shows of an alias: `AliasConfiguration`.
boost::json::object alias_document(const Function& function, const std::string& name, const Alias& alias);

/// For the store. `from_document` of what `to_document` made is the same function; a version that was being created or
/// updated is active.
boost::json::object to_document(const Function& function);
Function from_document(const boost::json::object& document);

/// `provided.al2023` or `provided.al2`.
bool is_native_runtime(std::string_view runtime);
/// The runtime's version as INIT_START names it: `provided:al2023.v1`; with an interpreter's own version
/// `python:3.11.2.v1`.
std::string runtime_version(std::string_view runtime, std::string_view interpreter = {});
std::string runtime_version_arn(std::string_view region, std::string_view runtime);

}  // namespace sortie::emulator::lambda
