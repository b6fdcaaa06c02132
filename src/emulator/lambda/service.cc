#include "emulator/lambda/service.h"

#include <fmt/format.h>

#include "emulator/lambda/api/operations.h"

namespace sortie::emulator::lambda {
namespace {

ActivationTimes activation_times(const LambdaOptions& options) {
  if (const auto& slow = options.realism) return {slow->create_time, slow->update_time};
  return {options.activation_time, options.activation_time};
}

}  // namespace

Service::Service(Executor executor, const Clock& clock, Store& store, Authorizer& authorizer, Identities& identities,
                 LogSink& logs, ObjectSource& objects, BlockingPool& pool, LambdaOptions options)
    : options_(std::move(options)),
      clock_(clock),
      identities_(identities),
      objects_(objects),
      blocking_(pool),
      control_rate_(options_.realism ? options_.realism->control_calls_per_second : 0),
      background_(executor),
      catalogue_(store),
      permissions_(clock, authorizer, identities, options_.account,
                   options_.realism ? options_.realism->role_propagation : std::chrono::seconds::zero()),
      packages_(background_, catalogue_, store, pool),
      activations_(background_, clock, catalogue_.functions, activation_times(options_)),
      host_(executor, clock, store, authorizer, identities, logs, pool, packages_.store(), options_),
      deployments_(background_, packages_, host_.pool()),
      provisioner_(background_, catalogue_.functions, deployments_, host_.provisioned(),
                   activation_times(options_).create),
      invoker_(executor, clock, catalogue_.functions, deployments_, host_.pool(),
               options_.realism ? options_.realism->calls_per_second_per_environment : 0),
      async_(background_, clock, store, catalogue_.functions, invoker_, permissions_, options_.account,
             options_.async_retry_delays),
      urls_(clock, catalogue_.functions, permissions_, invoker_, pool, options_.realism.has_value()) {}

void Service::begin() {
  background_.set_owner(weak_from_this());
  async_.resume();
  provisioner_.provision_all_soon();
  packages_.collect_all_later();
}

Task<void> Service::shutdown() {
  auto self = shared_from_this();
  background_.close();
  async_.close();
  co_await host_.shutdown();
}

void Service::abandon() {
  background_.close();
  async_.close();
  host_.abandon();
  catalogue_.close();
}

Task<http::Response> Service::handle(Call call) {
  auto self = shared_from_this();
  auto request_id = call.request_id;
  auto answer = co_await dispatch(std::move(call));
  if (answer) co_return *std::move(answer);
  co_return render_lambda_error(answer.error(), request_id);
}

Task<http::Response> Service::handle_url(Call call, FunctionUrlHost host) {
  auto self = shared_from_this();
  co_return co_await urls_.handle(std::move(call), std::move(host));
}

Task<Answer> Service::dispatch(Call call) {
  Operation operation{.call = std::move(call),
                      .parts = {},
                      .body = {},
                      .account = options_.account,
                      .clock = clock_,
                      .functions = catalogue_.functions,
                      .layers = catalogue_.layers,
                      .code_signing = catalogue_.code_signing,
                      .packages = packages_,
                      .activations = activations_,
                      .permissions = permissions_,
                      .identities = identities_,
                      .objects = objects_,
                      .blocking = blocking_,
                      .runtimes = host_.runtimes(),
                      .environments = host_.environments(),
                      .deployments = deployments_,
                      .provisioner = provisioner_,
                      .invoker = invoker_,
                      .async = async_};
  auto& request = operation.call.request;
  const auto* row = find_operation(request, operation.parts);
  if (row == nullptr) {
    co_return aws_fail(404, "UnknownOperationException",
                       fmt::format("Lambda has no operation at {} {}", request.method, request.path));
  }
  if (row->handler == nullptr) co_return std::unexpected(not_implemented("lambda", row->name));
  const bool counted = !row->name.starts_with("Invoke") && !row->name.starts_with("Get");
  if (counted && !control_rate_.take(std::chrono::steady_clock::now())) {
    co_return std::unexpected(
        AwsError{429, "TooManyRequestsException", "Rate exceeded", {{"Reason", "CallerRateLimitExceeded"}}});
  }
  if (row->route.json_body) {
    ASSIGN_OR_CO_RETURN(operation.body, co_await read_json_body(request, blocking_));
  }
  co_return co_await row->handler(operation);
}

}  // namespace sortie::emulator::lambda
