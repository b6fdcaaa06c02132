#include "emulator/lambda/lambda.h"

#include "emulator/core/function_url_host.h"
#include "emulator/lambda/api/operations.h"
#include "emulator/lambda/service.h"

namespace sortie::emulator {

Lambda::Lambda(Executor executor, const Clock& clock, Store& store, Authorizer& authorizer, Identities& identities,
               LogSink& logs, ObjectSource& objects, BlockingPool& pool, LambdaOptions options)
    : service_(std::make_shared<lambda::Service>(executor, clock, store, authorizer, identities, logs, objects, pool,
                                                 std::move(options))) {
  service_->begin();
}

Lambda::~Lambda() {
  service_->abandon();
}

Task<http::Response> Lambda::handle(Call call) {
  if (auto host = parse_function_url_host(call.request.headers.get_or("Host", call.request.host))) {
    return service_->handle_url(std::move(call), *std::move(host));
  }
  return service_->handle(std::move(call));
}

std::vector<OperationSummary> Lambda::operations() const {
  return lambda::operations_summary();
}

AwsResult<void> Lambda::check(const Source& source, const std::string& function_arn) {
  return service_->async().check(source, function_arn);
}

void Lambda::send(const Source& source, const std::string& function_arn, std::string payload) {
  service_->async().send(source, function_arn, std::move(payload));
}

bool Lambda::is_public(const http::Request& request) {
  return service_->urls().is_public(request);
}

Task<void> Lambda::shutdown() {
  return service_->shutdown();
}

http::Response Lambda::render_error(const AwsError& error, const std::string& request_id,
                                    const http::Request& request) const {
  auto rendered = error;
  if (error.code == "RequestEntityTooLargeException") rendered.message = lambda::too_large_for(request);
  return lambda::render_lambda_error(rendered, request_id);
}

}  // namespace sortie::emulator
