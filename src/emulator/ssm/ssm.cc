#include "emulator/ssm/ssm.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "emulator/ssm/operation.h"

namespace sortie::emulator {
namespace {

namespace json = boost::json;

constexpr std::string_view k_target_prefix = "AmazonSSM.";
constexpr std::string_view k_content_type = "application/x-amz-json-1.1";
constexpr std::size_t k_max_request = 4 << 20;

const OperationTable<ssm::Row>& all_operations() {
  static const OperationTable<ssm::Row> k_table{ssm::write_operations(), ssm::read_operations(),
                                                ssm::listing_operations(), ssm::label_operations(),
                                                ssm::tag_operations()};
  return k_table;
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
  auto body = co_await call.request.body.read_all(k_max_request);
  auto refuse = [&](int status, std::string code, std::string message) {
    return render_error({status, std::move(code), std::move(message), {}}, call.request_id, call.request);
  };
  if (!body) co_return refuse(400, "SerializationException", "The request body could not be read.");
  std::string_view name = call.request.headers.get_or("x-amz-target", "");
  if (!name.starts_with(k_target_prefix)) {
    co_return refuse(400, "UnknownOperationException", "The X-Amz-Target header names no operation.");
  }
  name.remove_prefix(k_target_prefix.size());
  const ssm::Row* row = all_operations().find(name);
  if (row == nullptr || row->handler == nullptr)
    co_return render_error(not_implemented("ssm", name), call.request_id, call.request);
  boost::system::error_code malformed;
  const json::value document = body->empty() ? json::value(json::object()) : json::parse(*body, malformed);
  if (malformed || !document.is_object()) {
    co_return refuse(400, "SerializationException", "The request body is not a JSON object.");
  }
  ssm::Operation operation{impl_->clock, impl_->store, impl_->authorizer, call, document.get_object()};
  const auto output = row->handler(operation);
  if (!output) co_return render_error(output.error(), call.request_id, call.request);
  co_return json_response(200, *output, call.request_id, k_content_type);
}

}  // namespace sortie::emulator
