#include "emulator/lambda/lambda.h"

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
  return service_->handle(std::move(call));
}

Task<void> Lambda::shutdown() {
  return service_->shutdown();
}

http::Response Lambda::render_error(const AwsError& error, const std::string& request_id,
                                    const http::Request& request) const {
  (void)request;
  return lambda::render_lambda_error(error, request_id);
}

}  // namespace sortie::emulator
