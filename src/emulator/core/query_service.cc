#include "emulator/core/query_service.h"

#include <fmt/format.h>

#include "emulator/core/protocol.h"

namespace sortie::emulator {

AwsResult<QueryRequest> read_query_request(const QueryProtocol& protocol, const Call& call) {
  const std::string_view body = call.request.body.bytes();
  auto input = wire::QueryInput::parse(body.empty() ? std::string_view(call.request.query) : body, protocol.max_form);
  if (!input) return aws_fail(400, "MalformedQueryString", input.error().message);
  std::string action(input->get_or("Action", ""));
  if (action.empty()) return aws_fail(400, "MissingAction", "The request must contain the parameter Action.");
  if (const auto version = input->get_or("Version", protocol.version); version != protocol.version) {
    return aws_fail(400, "InvalidAction", fmt::format("Could not find operation {} for version {}", action, version));
  }
  return QueryRequest{std::move(action), *std::move(input)};
}

http::Response query_response(const QueryProtocol& protocol, const QueryRequest& request,
                              const AwsResult<std::string>& answer, const std::string& request_id) {
  if (!answer) return render_query_error(protocol.xml_namespace, answer.error(), request_id);
  return render_query_success(protocol.xml_namespace, request.action, *answer, request_id, !answer->empty());
}

http::Response answer_query(const QueryProtocol& protocol, const Call& call,
                            const std::function<AwsResult<std::string>(const QueryRequest&)>& run) {
  const auto request = read_query_request(protocol, call);
  if (!request) return render_query_error(protocol.xml_namespace, request.error(), call.request_id);
  return query_response(protocol, *request, run(*request), call.request_id);
}

}  // namespace sortie::emulator
