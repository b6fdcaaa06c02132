#include "emulator/cloudformation/send.h"

namespace sortie::emulator::cloudformation {
namespace {

constexpr std::size_t k_max_reply = 8 * 1024 * 1024;

}  // namespace

Task<Reply> send_request(ServiceCalls& services, Caller caller, std::string service, http::Request request) {
  http::Response response = co_await services.call(*caller, service, std::move(request));
  Reply reply;
  reply.service = std::move(service);
  reply.status = response.status;
  reply.request_id =
      std::string(response.headers.get("x-amzn-RequestId").value_or(response.headers.get_or("x-amz-request-id", "")));
  reply.code = std::string(response.headers.get_or("x-amzn-ErrorType", ""));
  reply.function_error = std::string(response.headers.get_or("X-Amz-Function-Error", ""));
  auto body = co_await response.body.read_all(k_max_reply);
  reply.body = body ? std::move(*body) : std::string();
  read_error(reply);
  co_return reply;
}

}  // namespace sortie::emulator::cloudformation
