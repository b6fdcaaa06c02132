#include "emulator/lambda/api/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <random>
#include <thread>

#include "base/deadline.h"
#include "emulator/core/protocol.h"
#include "wire/date.h"
#include "wire/json.h"
#include "wire/uri.h"

namespace sortie::emulator::lambda {
namespace {

constexpr std::size_t k_body_limit = 70'167'211;
/// Larger documents are parsed away from the io_context thread.
constexpr std::size_t k_parse_here = 256 * 1024;
/// Starting takes a core; more at once only makes each of them slower than its limit.
constexpr std::size_t k_starts_per_core = 4;

http::ServerLimits runtime_limits() {
  // A runtime waits for work, and streams, for as long as an invocation may take: its own deadline bounds it.
  return {.body_bytes = k_stream_limit + k_response_limit,
          .header_timeout = std::chrono::seconds(60),
          .idle_timeout = std::chrono::hours(24),
          .io_timeout = std::chrono::seconds(1000)};
}

/// The next segment of a path, without its slash.
std::string_view take_segment(std::string_view& path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  auto slash = path.find('/');
  auto segment = path.substr(0, slash);
  path.remove_prefix(slash == std::string_view::npos ? path.size() : slash);
  return segment;
}

bool match(std::string_view pattern, std::string_view path, std::vector<std::string>& parts) {
  parts.clear();
  while (!pattern.empty()) {
    auto wanted = take_segment(pattern);
    auto segment = take_segment(path);
    if (!wanted.starts_with('{')) {
      if (wanted != segment) return false;
    } else if (segment.empty()) {
      return false;
    } else {
      parts.push_back(wire::uri_decode_lenient(segment));
    }
  }
  return path.empty() || path == "/";
}

}  // namespace

std::vector<std::string> packages_of(const Version& version) {
  std::vector<std::string> ids{version.code_id};
  for (const auto& layer : version.layers) ids.push_back(layer.code_id);
  return ids;
}

std::string Service::Request::query(std::string_view name) const {
  return query_parameter(call.request.query, name);
}

Service::Service(Executor executor, const Clock& clock, Store& store, Authorizer& authorizer, Identities& identities,
                 LogSink& logs, ObjectSource& objects, BlockingPool& pool, LambdaOptions options)
    : executor_(executor),
      clock_(clock),
      authorizer_(authorizer),
      identities_(identities),
      objects_(objects),
      blocking_(pool),
      options_(std::move(options)),
      registry_(store),
      codes_(store, pool),
      runtimes_(store, pool),
      layers_(store),
      code_signing_(store),
      late_logs_(options_.realism
                     ? std::make_unique<LateLogs>(executor, logs, *options_.realism, std::random_device{}())
                     : nullptr),
      control_rate_(options_.realism ? options_.realism->control_calls_per_second : 0),
      code_turn_(executor, 1),
      runtime_server_(executor, runtime_limits()),
      endpoint_server_(executor),
      starts_(executor, std::max<std::size_t>(2, k_starts_per_core * std::thread::hardware_concurrency())),
      pool_(std::make_shared<Pool>(
          EnvironmentServices{.executor = executor,
                              .clock = clock,
                              .logs = late_logs_ ? static_cast<LogSink&>(*late_logs_) : logs,
                              .authorizer = authorizer,
                              .identities = identities,
                              .runtime_server = runtime_server_,
                              .endpoint_server = endpoint_server_,
                              .aws = options_.aws,
                              .authority = options_.authority,
                              .host_network = options_.host_network,
                              .realistic_streaming = options_.realistic_streaming || options_.realism.has_value(),
                              .init_limit = options_.init_limit,
                              .starts = starts_,
                              .runtimes = &runtimes_,
                              .codes = &codes_,
                              .realism = options_.realism},
          options_.idle_limit, options_.provisioned_limit)),
      async_(std::make_shared<AsyncQueue>(
          executor, clock, store, options_.async_retry_delays,
          [this](AsyncRequest request) { return attempt_async(std::move(request)); },
          [this](const AsyncRequest& request) {
            return retry_policy_of(request.region, request.name, request.qualifier);
          },
          [this](AsyncRequest request, const AsyncQueue::End& end) { notify_destination(std::move(request), end); })) {}

void Service::begin() {
  async_->resume();
  for (const auto& [key, function] : registry_.all()) provision_soon(function);
  asio::co_spawn(executor_, collect_code(codes_.all()), asio::detached);
}

Task<void> Service::shutdown() {
  auto self = shared_from_this();
  closed_ = true;
  async_->close();
  co_await pool_->shutdown();
  if (late_logs_) late_logs_->flush();
}

void Service::abandon() {
  closed_ = true;
  async_->close();
  pool_->abandon();
  if (late_logs_) late_logs_->flush();
  registry_.close();
  layers_.close();
  code_signing_.close();
}

const Service::Operation* Service::find_operation(const http::Request& request, std::vector<std::string>& parts) {
  for (const auto& operation : operations()) {
    if (operation.method == request.method && match(operation.path, request.path, parts)) return &operation;
  }
  return nullptr;
}

std::string Service::too_large_for(const http::Request& request) {
  auto text = fmt::format("Request must be smaller than {} bytes", k_body_limit);
  std::vector<std::string> parts;
  const auto* operation = find_operation(request, parts);
  if (operation != nullptr) text += fmt::format(" for the {} operation", operation->name);
  return text;
}

Task<http::Response> Service::handle(Call call) {
  auto self = shared_from_this();
  auto request_id = call.request_id;
  auto answer = co_await dispatch(std::move(call));
  if (answer) co_return *std::move(answer);
  co_return render_lambda_error(answer.error(), request_id);
}

Task<Service::Answer> Service::dispatch(Call call) {
  Request request{.call = std::move(call)};
  const auto* operation = find_operation(request.call.request, request.parts);
  if (operation == nullptr) {
    co_return aws_fail(
        404, "UnknownOperationException",
        fmt::format("Lambda has no operation at {} {}", request.call.request.method, request.call.request.path));
  }
  if (operation->handler == nullptr) co_return std::unexpected(not_implemented("lambda", operation->name));
  const bool counted = !operation->name.starts_with("Invoke") && !operation->name.starts_with("Get");
  if (counted && !control_rate_.take(std::chrono::steady_clock::now())) {
    co_return std::unexpected(
        AwsError{429, "TooManyRequestsException", "Rate exceeded", {{"Reason", "CallerRateLimitExceeded"}}});
  }
  if (operation->json_body) {
    auto body = co_await read_body(request.call.request.body);
    if (!body) {
      auto error = body.error();
      if (error.status == 413) error.message = too_large_for(request.call.request);
      co_return std::unexpected(std::move(error));
    }
    request.body = *std::move(body);
  }
  co_return co_await (this->*operation->handler)(request);
}

Task<AwsResult<boost::json::object>> Service::read_body(http::Body& body) {
  auto bytes = co_await body.read_all(k_body_limit);
  if (!bytes) {
    co_return aws_fail(413, "RequestEntityTooLargeException", "");
  }
  if (bytes->empty()) co_return boost::json::object{};
  auto parse = [](const std::string& text) { return wire::parse_json_object(text); };
  Result<boost::json::object> object;
  if (bytes->size() <= k_parse_here) {
    object = parse(*bytes);
  } else {
    object = co_await blocking_.run([text = *std::move(bytes), parse] { return parse(text); });
  }
  if (!object) {
    co_return aws_fail(400, "InvalidRequestContentException",
                       "Could not parse request body into json: " + describe(object.error()));
  }
  co_return *std::move(object);
}

AwsResult<FunctionRef> Service::name_of(const Request& request, NameUse use, std::string_view text,
                                        std::string_view qualifier) const {
  return parse_function_name(text, qualifier, request.call.region, options_.account, use);
}

AwsResult<void> Service::authorize(const Call& call, std::string_view action, std::string resource, std::string policy,
                                   std::vector<std::pair<std::string, std::string>> context) {
  AuthorizationRequest question{.action = std::string(action),
                                .resource = std::move(resource),
                                .resource_account = options_.account,
                                .resource_policy = std::move(policy),
                                .context = std::move(context)};
  auto allowed = authorizer_.authorize(call, question);
  if (allowed) return {};
  auto error = allowed.error();
  if (error.code == "AccessDenied") error.code = "AccessDeniedException";
  return std::unexpected(std::move(error));
}

AwsResult<void> Service::may_pass_role(const Call& call, const std::string& role) {
  auto passed = authorize(call, "iam:PassRole", role, {}, {{"iam:PassedToService", "lambda.amazonaws.com"}});
  if (!passed) return passed;
  if (!identities_.check_assumable(role, "lambda.amazonaws.com")) {
    return std::unexpected(invalid_parameter("The role defined for the function cannot be assumed by Lambda."));
  }
  if (options_.realism) {
    auto created = identities_.role_created(role);
    if (created && clock_.now() - *created < options_.realism->role_propagation) {
      return std::unexpected(invalid_parameter("The role defined for the function cannot be assumed by Lambda."));
    }
  }
  return {};
}

AwsResult<Service::Target> Service::find_target(Request& request, std::string_view action) {
  auto ref = name_of(request, NameUse::other, request.parts.at(0), request.query("Qualifier"));
  if (!ref) return std::unexpected(ref.error());
  auto* function = ref->account == options_.account ? registry_.find(ref->region, ref->name) : nullptr;
  auto policy = function != nullptr ? function->policy_document(ref->qualifier) : std::string();
  auto allowed = authorize(request.call, fmt::format("lambda:{}", action), ref->arn(), std::move(policy));
  if (!allowed) return std::unexpected(allowed.error());
  const auto* version = function != nullptr ? function->find(ref->qualifier) : nullptr;
  if (version == nullptr) return std::unexpected(function_not_found(ref->arn()));
  return Target{*std::move(ref), function, version};
}

AwsResult<Service::Target> Service::find_qualified(Request& request, std::string_view action) {
  auto target = event_target(request, action);
  if (!target) return target;
  if (target->function == nullptr) return std::unexpected(function_not_found(target->ref.unqualified_arn()));
  if (target->version != nullptr) return target;
  const auto& qualifier = target->ref.qualifier;
  if (qualifier == k_latest || is_version(qualifier)) return std::unexpected(function_not_found(target->ref.arn()));
  return aws_fail(404, "ResourceNotFoundException", "Cannot find alias arn: " + target->ref.arn());
}

void Service::touch(Version& version, Version::Status status) {
  version.revision_id = make_request_id();
  version.last_modified = wire::format_iso8601_offset(clock_.now());
  version.status = status;
  version.change = ++last_change_;
}

/// AWS needs a moment to make a change effective; we need only the next turn of the loop, unless told otherwise.
void Service::activate_later(const Function& function) {
  auto time = options_.activation_time;
  if (const auto& slow = options_.realism) {
    time = function.latest.status == Version::Status::creating ? slow->create_time : slow->update_time;
  }
  asio::co_spawn(executor_, activate(shared_from_this(), function.region, function.name, function.latest.change, time),
                 asio::detached);
}

Task<void> Service::activate(std::shared_ptr<Service> self, std::string region, std::string name, std::uint64_t change,
                             std::chrono::milliseconds time) {
  co_await sleep_for(time);
  if (self->closed_) co_return;
  auto* function = self->registry_.find(region, name);
  if (function == nullptr || function->latest.change != change) co_return;
  auto activate_version = [](Version& version) {
    if (version.status == Version::Status::active) return;
    version.status = Version::Status::active;
    version.revision_id = make_request_id();
  };
  activate_version(function->latest);
  for (auto& [number, version] : function->versions) activate_version(version);
  self->registry_.save(*function);
}

void Service::drain(const Function& function, std::string_view version) {
  auto found = deployments_.find(function.arn(version));
  if (found == deployments_.end()) return;
  pool_->drain(*found->second);
  deployments_.erase(found);
}

bool Service::uses_code(const std::string& id) const {
  auto uses = [&id](const Version& version) {
    auto is_layer = [&id](const LayerUse& layer) { return layer.code_id == id; };
    return version.code_id == id || std::any_of(version.layers.begin(), version.layers.end(), is_layer);
  };
  for (const auto& [key, layer] : layers_.all()) {
    for (const auto& [number, version] : layer.versions) {
      if (version.code_id == id) return true;
    }
  }
  if (mounted_.contains(id)) return true;
  return std::any_of(registry_.all().begin(), registry_.all().end(), [&uses](const auto& item) {
    const Function& function = item.second;
    return uses(function.latest) || std::any_of(function.versions.begin(), function.versions.end(),
                                                [&uses](const auto& each) { return uses(each.second); });
  });
}

Task<void> Service::collect_code(std::vector<std::string> ids) {
  auto self = shared_from_this();
  for (const auto& id : ids) {
    auto turn = co_await code_turn_.take();
    if (!closed_ && !uses_code(id)) co_await codes_.remove(id);
  }
}

void Service::collect_later(const std::string& id) {
  asio::co_spawn(executor_, collect_code({id}), asio::detached);
}

AwsResult<std::shared_ptr<const Deployment>> Service::deployment_of(const Function& function, const Version& version) {
  auto arn = function.arn(version.version);
  if (auto found = deployments_.find(arn); found != deployments_.end()) return found->second;
  auto folder = codes_.folder(version.code_id);
  if (!folder) return aws_fail(500, "ServiceException", "The code cannot be found: " + describe(folder.error()));
  auto gone = [weak = weak_from_this()](const Deployment* deployment) {
    auto ids = packages_of(deployment->version);
    delete deployment;
    auto service = weak.lock();
    if (!service || service->closed_) return;
    for (const auto& id : ids) {
      service->mounted_.erase(service->mounted_.find(id));
      service->collect_later(id);
    }
  };
  std::shared_ptr<const Deployment> deployment(
      new Deployment{function.region, function.account, function.name, version, *std::move(folder)}, gone);
  for (auto& id : packages_of(version)) mounted_.insert(std::move(id));
  deployments_.emplace(std::move(arn), deployment);
  return deployment;
}

AwsResult<void> Service::check_invoke_rate(const Function& function) {
  if (!options_.realism) return {};
  const int concurrency =
      function.reserved_concurrency.value_or(k_account_concurrency - registry_.reserved_concurrency(function.region));
  const double rate = concurrency * options_.realism->calls_per_second_per_environment;
  auto& limit = invoke_rates_.try_emplace(function.arn(), rate).first->second;
  if (limit.rate() != rate) limit = RateLimit(rate);
  if (limit.take(std::chrono::steady_clock::now())) return {};
  return std::unexpected(
      AwsError{429,
               "TooManyRequestsException",
               "Rate Exceeded.",
               {{"Reason", function.reserved_concurrency ? "ReservedFunctionInvocationRateLimitExceeded"
                                                         : "FunctionInvocationRateLimitExceeded"}}});
}

int Service::reserved_except(const Function& function) {
  return registry_.reserved_concurrency(function.region) - function.set_aside();
}

}  // namespace sortie::emulator::lambda
