#include "emulator/lambda/lambda.h"

#include "emulator/core/function_url_host.h"
#include "emulator/lambda/api/service.h"

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

AwsResult<void> Lambda::check(const Source& source, const std::string& function_arn) {
  auto ref = service_->check(source, function_arn);
  if (!ref) return std::unexpected(ref.error());
  return {};
}

void Lambda::send(const Source& source, const std::string& function_arn, std::string payload) {
  service_->send(source, function_arn, std::move(payload));
}

bool Lambda::is_public(const http::Request& request) {
  return service_->is_public(request);
}

Task<void> Lambda::shutdown() {
  return service_->shutdown();
}

http::Response Lambda::render_error(const AwsError& error, const std::string& request_id,
                                    const http::Request& request) const {
  auto told = error;
  if (error.code == "RequestEntityTooLargeException") told.message = lambda::Service::too_large_for(request);
  return lambda::render_lambda_error(told, request_id);
}

}  // namespace sortie::emulator
