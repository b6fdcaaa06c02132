#include "emulator/cloudformation/api/service.h"

#include <fmt/format.h>

#include "emulator/cloudformation/api/operation.h"
#include "emulator/cloudformation/api/request_documents.h"
#include "emulator/cloudformation/api/unsupported_parameters.h"
#include "emulator/core/protocol.h"

namespace sortie::emulator::cloudformation {
namespace {

constexpr std::string_view k_version = "2010-05-15";
constexpr std::size_t k_max_form = 4 * 1024 * 1024;

const OperationTable<Row>& all_operations() {
  static const OperationTable<Row> k_table{stack_operations(), description_operations(), template_operations(),
                                           change_set_operations(), unsupported_operations()};
  return k_table;
}

}  // namespace

Service::Service(const Executor& executor, const Clock& clock, Store& store, Authorizer& authorizer,
                 Identities& identities, ServiceCalls& services, ObjectSource& objects, CloudFormationOptions options)
    : authorizer_(authorizer),
      objects_(objects),
      account_(options.account),
      engine_(std::make_shared<Engine>(executor, clock, store, identities, services, objects, std::move(options))) {}

std::vector<OperationSummary> Service::operations() {
  return all_operations().summary();
}

Task<http::Response> Service::handle(Call call) {
  if (!call.virtual_bucket.empty()) co_return co_await engine_->custom_responses().receive(std::move(call));
  const std::string_view body = call.request.body.bytes();
  auto input = wire::QueryInput::parse(body.empty() ? std::string_view(call.request.query) : body, k_max_form);
  if (!input) {
    co_return render_query_error(k_namespace, {400, "MalformedQueryString", input.error().message, {}},
                                 call.request_id);
  }
  const std::string action(input->get_or("Action", ""));
  const auto answer = co_await run(action, call, *input);
  if (!answer) co_return render_query_error(k_namespace, answer.error(), call.request_id);
  co_return render_query_success(k_namespace, action, *answer, call.request_id, !answer->empty());
}

Task<AwsResult<std::string>> Service::run(std::string_view action, const Call& call, const wire::QueryInput& input) {
  if (action.empty()) co_return aws_fail(400, "MissingAction", "The request must contain the parameter Action.");
  if (const auto version = input.get_or("Version", k_version); version != k_version) {
    co_return aws_fail(400, "InvalidAction",
                       fmt::format("Could not find operation {} for version {}", action, version));
  }
  const Row* row = all_operations().find(action);
  if (row == nullptr || row->handler == nullptr) co_return std::unexpected(not_implemented("cloudformation", action));
  CO_RETURN_IF_ERROR(check_unsupported_parameters(input));
  auto documents = co_await fetch_documents(*engine_, objects_, call, input);
  if (!documents) co_return std::unexpected(documents.error());
  Operation operation{*engine_, authorizer_, account_, call, input, std::move(*documents)};
  co_return row->handler(operation);
}

}  // namespace sortie::emulator::cloudformation
