#include "emulator/ssm/ssm.h"

#include <boost/json.hpp>

#include "emulator/core/json_service.h"
#include "emulator/core/protocol.h"
#include "emulator/core/supported_operation.h"
#include "emulator/ssm/operation.h"

namespace sortie::emulator {
namespace {

constexpr std::string_view k_target_prefix = "AmazonSSM.";
constexpr std::size_t k_max_request = 4 << 20;

const OperationTable<ssm::Row>& all_operations() {
  static const OperationTable<ssm::Row> k_table{ssm::write_operations(),   ssm::read_operations(),
                                                ssm::listing_operations(), ssm::label_operations(),
                                                ssm::tag_operations(),     ssm::unsupported_operations()};
  return k_table;
}

AwsResult<boost::json::object> run(std::string_view name, ssm::Operation& operation) {
  ASSIGN_OR_RETURN(const ssm::Row* row, supported_operation(all_operations(), "ssm", name));
  return row->handler(operation);
}

}  // namespace

struct Ssm::Impl {
  const Clock& clock;
  ssm::ParameterStore store;
  Authorizer& authorizer;
};

Ssm::Ssm(const Clock& clock, Store& store, Authorizer& authorizer)
    : impl_(new Impl{clock, ssm::ParameterStore(store), authorizer}) {}

Ssm::~Ssm() = default;

http::Response Ssm::render_error(const AwsError& error, const std::string& request_id,
                                 const http::Request& /*request*/) const {
  return render_json11_error(error, request_id);
}

std::vector<OperationSummary> Ssm::operations() const {
  return all_operations().summary();
}

Task<http::Response> Ssm::handle(Call call) {
  const auto request = co_await read_json_request(call, k_target_prefix, k_max_request);
  if (!request) co_return render_error(request.error(), call.request_id, call.request);
  ssm::Operation operation{impl_->clock, impl_->store, impl_->authorizer, call, request->input};
  const auto output = run(request->operation, operation);
  if (!output) co_return render_error(output.error(), call.request_id, call.request);
  co_return output_response(*output, call.request_id);
}

}  // namespace sortie::emulator
