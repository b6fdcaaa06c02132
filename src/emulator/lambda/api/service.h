#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/core/function_events.h"
#include "emulator/core/function_url_host.h"
#include "emulator/lambda/api/paging.h"
#include "emulator/lambda/async/async_queue.h"
#include "emulator/lambda/catalogue/code_signing.h"
#include "emulator/lambda/catalogue/code_store.h"
#include "emulator/lambda/catalogue/errors.h"
#include "emulator/lambda/catalogue/layers.h"
#include "emulator/lambda/catalogue/names.h"
#include "emulator/lambda/catalogue/registry.h"
#include "emulator/lambda/execution/pool.h"
#include "emulator/lambda/execution/rate_limit.h"
#include "emulator/lambda/logging/late_logs.h"
#include "emulator/lambda/options/options.h"
#include "http/server.h"

namespace sortie::emulator::lambda {

/// The service behind `Lambda`: finds the operation that a request asks for, authorizes and runs it. One operation is
/// one function; they are grouped in the api_*.cc files. Shared with the tasks it spawns.
class Service : public std::enable_shared_from_this<Service> {
 public:
  Service(Executor executor, const Clock& clock, Store& store, Authorizer& authorizer, Identities& identities,
          LogSink& logs, ObjectSource& objects, BlockingPool& pool, LambdaOptions options);

  /// Once, after construction.
  void begin();
  Task<http::Response> handle(Call call);
  /// A request to the URL of a function: authorizes it, runs the function, makes a response of its answer.
  Task<http::Response> handle_url(Call call, FunctionUrlHost host);
  /// Whether a request to the URL of a function is answered without looking at its signature: one to a URL that asks
  /// for none, and what is refused or answered without.
  [[nodiscard]] bool is_public(const http::Request& request) const;
  /// What AWS says to a request whose body is larger than any may be.
  static std::string too_large_for(const http::Request& request);
  // service_events.cc
  AwsResult<FunctionRef> check(const FunctionEvents::Source& source, const std::string& function_arn);
  void send(const FunctionEvents::Source& source, const std::string& function_arn, std::string payload);
  Task<void> shutdown();
  void abandon();

 private:
  using Answer = AwsResult<http::Response>;

  /// What an operation is given.
  struct Request {
    Call call;
    std::vector<std::string> parts;  ///< the captured parts of the path, decoded
    boost::json::object body;        ///< for operations that have one
    [[nodiscard]] std::string query(std::string_view name) const;
  };
  /// One line of the table of operations. Without a handler: AWS has it, we do not.
  struct Operation {
    std::string_view name;
    std::string_view method;
    std::string_view path;
    Task<Answer> (Service::*handler)(Request&) = nullptr;
    bool json_body = false;
  };
  /// A function found and permitted.
  struct Target {
    FunctionRef ref;
    Function* function = nullptr;
    const Version* version = nullptr;
  };
  // operations.cc
  static std::span<const Operation> operations();
  static const Operation* find_operation(const http::Request& request, std::vector<std::string>& parts);
  Task<Answer> dispatch(Call call);
  Task<AwsResult<boost::json::object>> read_body(http::Body& body);

  // api_functions.cc
  Task<Answer> create_function(Request& request);
  Task<Answer> get_function(Request& request);
  Task<Answer> get_function_configuration(Request& request);
  Task<Answer> list_functions(Request& request);
  Task<Answer> update_function_code(Request& request);
  Task<Answer> update_function_configuration(Request& request);
  Task<Answer> delete_function(Request& request);
  Answer delete_version(Function& function, const Version& version, const std::string& request_id);
  // api_versions.cc
  Task<Answer> publish_version(Request& request);
  Task<Answer> list_versions(Request& request);
  Task<Answer> create_alias(Request& request);
  Task<Answer> get_alias(Request& request);
  Task<Answer> update_alias(Request& request);
  Task<Answer> delete_alias(Request& request);
  Task<Answer> list_aliases(Request& request);
  // api_settings.cc
  AwsResult<Target> concurrency_target(Request& request, std::string_view action);
  Task<Answer> put_concurrency(Request& request);
  Task<Answer> get_concurrency(Request& request);
  Task<Answer> delete_concurrency(Request& request);
  Task<Answer> get_account_settings(Request& request);
  // api_tags.cc
  struct Tagged {
    std::map<std::string, std::string>* tags;
    std::function<void()> save;
  };
  AwsResult<Tagged> tagged_function(const Request& request, const std::string& text);
  AwsResult<Tagged> find_tagged(const Request& request, std::string_view action);
  Task<Answer> list_tags(Request& request);
  Task<Answer> tag_resource(Request& request);
  Task<Answer> untag_resource(Request& request);
  // api_permissions.cc
  Task<Answer> add_permission(Request& request);
  Task<Answer> get_policy(Request& request);
  Task<Answer> remove_permission(Request& request);
  // api_urls.cc
  AwsResult<Target> url_target(Request& request, std::string_view action);
  std::vector<std::pair<std::string, std::string>> url_context(const Request& request, std::string_view action);
  Task<Answer> create_url(Request& request);
  Task<Answer> get_url(Request& request);
  Task<Answer> update_url(Request& request);
  Task<Answer> delete_url(Request& request);
  Task<Answer> list_urls(Request& request);
  // api_url_requests.cc
  struct UrlTarget {
    std::string region;
    std::string name;
    std::string qualifier;
    UrlConfig url;
  };
  [[nodiscard]] std::optional<UrlTarget> find_url(const FunctionUrlHost& host) const;
  bool may_use_url(const Call& call, const UrlTarget& target);
  Task<http::Response> answer_url(Call call, const FunctionUrlHost& host, const UrlTarget& target);
  Task<AwsResult<std::shared_ptr<Invocation>>> prepare_url(Call& call, const FunctionUrlHost& host,
                                                           const UrlTarget& target);
  Task<http::Response> result_of(std::shared_ptr<Invocation> invocation);
  Task<http::Response> stream_of(std::shared_ptr<Invocation> invocation, http::Body body);
  // api_provisioned.cc
  AwsResult<Target> provisioned_target(Request& request, std::string_view action, std::string_view refusal);
  AwsResult<void> check_provisioned(const Function& function, const std::string& qualifier, std::int64_t wanted);
  Task<Answer> put_provisioned(Request& request);
  Task<Answer> get_provisioned(Request& request);
  Answer list_provisioned(Request& request);
  Task<Answer> delete_provisioned(Request& request);
  boost::json::object provisioned_document(const Function& function, const std::string& qualifier);
  /// After a change of what is provisioned, or of where an alias points: has environments started and removed.
  void provision_soon(const Function& function);
  static Task<void> provision_later(std::shared_ptr<Service> self, std::string region, std::string name);
  void provision(Function& function);
  void unprovision(const Function& function);
  // api_controls.cc
  Task<Answer> get_recursion(Request& request);
  Task<Answer> put_recursion(Request& request);
  Task<Answer> get_runtime_management(Request& request);
  Task<Answer> put_runtime_management(Request& request);
  // api_event_sources.cc
  Task<Answer> create_event_source(Request& request);
  Task<Answer> find_event_source(Request& request);
  // api_code_signing.cc
  AwsResult<CodeSigningConfig*> signing_target(Request& request, std::string_view action);
  Task<Answer> create_code_signing(Request& request);
  Task<Answer> list_code_signing(Request& request);
  Task<Answer> get_code_signing(Request& request);
  Task<Answer> update_code_signing(Request& request);
  Task<Answer> delete_code_signing(Request& request);
  Task<Answer> list_signed_functions(Request& request);
  Task<Answer> put_function_signing(Request& request);
  Task<Answer> get_function_signing(Request& request);
  Task<Answer> delete_function_signing(Request& request);
  AwsResult<void> check_code_signing(const Function& function);
  // api_layers.cc
  Task<Answer> publish_layer_version(Request& request);
  Task<Answer> get_layer_version(Request& request);
  Task<Answer> list_layers(Request& request);
  Task<Answer> list_layer_versions(Request& request);
  Task<Answer> delete_layer_version(Request& request);
  Task<Answer> add_layer_permission(Request& request);
  Task<Answer> get_layer_policy(Request& request);
  Task<Answer> remove_layer_permission(Request& request);
  Answer show_layer_version(Request& request, const LayerRef& ref);
  AwsResult<LayerRef> layer_of(const Request& request) const;
  AwsResult<void> authorize_layer(const Call& call, std::string_view action, const LayerRef& ref);
  boost::json::object layer_document(const Call& call, const Layer& layer, const LayerVersion& version);
  Task<AwsResult<void>> apply_layers(Request& request, Version& version);
  Task<AwsResult<void>> check_unpacked_size(const Version& version);
  // api_code.cc
  std::string code_location(const Call& call, std::string_view kind, const std::string& name,
                            const std::string& code_id);
  AwsResult<bool> may_download(const Request& request);
  Task<Answer> get_snapshot(Request& request);
  // api_invoke.cc
  Task<Answer> invoke(Request& request);
  Task<Answer> invoke_with_response_stream(Request& request);
  Task<Answer> invoke_async(Request& request);
  Task<AsyncQueue::Attempt> attempt_async(AsyncRequest request);

  // api_event_invoke.cc
  Task<Answer> put_event_config(Request& request);
  Task<Answer> update_event_config(Request& request);
  Task<Answer> get_event_config(Request& request);
  Task<Answer> delete_event_config(Request& request);
  Task<Answer> list_event_configs(Request& request);
  AwsResult<Target> event_target(Request& request, std::string_view action,
                                 std::vector<std::pair<std::string, std::string>> context = {});
  Answer keep_event_config(Request& request, const Target& target, EventInvokeConfig config);
  // destinations.cc
  AwsResult<void> check_destinations(const Request& request, const Function& function);
  void notify_destination(AsyncRequest request, const AsyncQueue::End& end);
  bool may_invoke_as(const Function& function, const std::string& arn);
  AsyncQueue::RetryPolicy retry_policy_of(const std::string& region, const std::string& name,
                                          const std::string& qualifier);

  /// Reads the name (part 0 and `Qualifier`), asks IAM for `lambda:ACTION` on it, and finds it.
  AwsResult<Target> find_target(Request& request, std::string_view action);
  /// The same, but a version and an alias that are not there have errors of their own.
  AwsResult<Target> find_qualified(Request& request, std::string_view action);
  AwsResult<FunctionRef> name_of(const Request& request, NameUse use, std::string_view text,
                                 std::string_view qualifier) const;
  AwsResult<void> authorize(const Call& call, std::string_view action, std::string resource, std::string policy = {},
                            std::vector<std::pair<std::string, std::string>> context = {});
  AwsResult<void> may_pass_role(const Call& call, const std::string& role);
  /// Refuses a managed runtime that this machine has no interpreter for.
  Task<AwsResult<void>> check_interpreter(std::string runtime);
  /// The package that `member` of the body names, or the body itself; takes the text of a ZipFile out of it.
  Task<AwsResult<Code>> take_code(Request& request, std::string_view member);
  /// Makes a version of `$LATEST`, or gives the last one when nothing has changed since.
  const Version& publish(Function& function, const std::string& description,
                         Version::Status status = Version::Status::active);
  /// After a change: a new revision, Pending or InProgress; `activate_later` ends that.
  void touch(Version& version, Version::Status status);
  void activate_later(const Function& function);
  static Task<void> activate(std::shared_ptr<Service> self, std::string region, std::string name, std::uint64_t change,
                             std::chrono::milliseconds time);
  void drain(const Function& function, std::string_view version);
  void collect_later(const std::string& id);
  [[nodiscard]] bool uses_code(const std::string& id) const;
  /// Removes those packages that neither a function nor an environment has any more.
  Task<void> collect_code(std::vector<std::string> ids);
  [[nodiscard]] int reserved_except(const Function& function);

  struct Prepared {
    std::shared_ptr<Invocation> invocation;
    Target target;
  };
  /// With realism: 429 when the function is invoked more often than its concurrency allows.
  AwsResult<void> check_invoke_rate(const Function& function);
  AwsResult<std::shared_ptr<const Deployment>> deployment_of(const Function& function, const Version& version);
  AwsResult<void> submit(const Function& function, const Version& version, const std::string& qualifier,
                         std::shared_ptr<Invocation> invocation);
  Task<AwsResult<Prepared>> prepare(Request& request, std::size_t limit, std::string_view type);

  Executor executor_;
  const Clock& clock_;
  Authorizer& authorizer_;
  Identities& identities_;
  ObjectSource& objects_;
  BlockingPool& blocking_;
  LambdaOptions options_;
  Registry registry_;
  CodeStore codes_;
  ManagedRuntimes runtimes_;
  LayerRegistry layers_;
  CodeSigningRegistry code_signing_;
  std::unique_ptr<LateLogs> late_logs_;  ///< with realism alone
  RateLimit control_rate_;
  std::map<std::string, RateLimit, std::less<>> invoke_rates_;  ///< by unqualified ARN, with realism alone
  Slots code_turn_;                                             ///< one at a time adds or removes packages
  std::multiset<std::string> mounted_;                          ///< the packages of living deployments
  http::Server runtime_server_;
  http::Server endpoint_server_;
  Slots starts_;
  std::shared_ptr<Pool> pool_;
  std::shared_ptr<AsyncQueue> async_;
  std::map<std::string, std::shared_ptr<const Deployment>, std::less<>> deployments_;  ///< by qualified ARN
  std::uint64_t last_change_ = 0;
  bool closed_ = false;
};

/// What reservations must leave to functions without one.
inline constexpr int k_least_unreserved = 100;

/// What an environment of this version has mounted: code and layers, as ids of the CodeStore.
std::vector<std::string> packages_of(const Version& version);
/// `Root=1-<time>-<24 digits>;Parent=<16 digits>;Sampled=0`, the digits those of the request id.
std::string make_trace_id(SystemTime now, std::string request_id);
/// From [0, 1): which version of an alias gets an invocation. Not for secrets.
double next_chance();

}  // namespace sortie::emulator::lambda
