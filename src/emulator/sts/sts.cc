#include "emulator/sts/sts.h"

#include <fmt/format.h>

#include "emulator/core/protocol.h"
#include "emulator/core/query_service.h"
#include "emulator/core/supported_operation.h"
#include "emulator/sts/operation.h"

namespace sortie::emulator {
namespace {

constexpr QueryProtocol k_protocol{
    .xml_namespace = "https://sts.amazonaws.com/doc/2011-06-15/", .version = "2011-06-15", .max_form = 256 * 1024};

const OperationTable<sts::Row>& all_operations() {
  static const OperationTable<sts::Row> k_table{sts::session_operations(), sts::unsupported_operations()};
  return k_table;
}

/// Credentials of GetSessionToken, which may ask STS for two things only.
bool is_own_session(const Principal& principal) {
  return principal.temporary && (principal.kind == Principal::Kind::user || principal.kind == Principal::Kind::root);
}

}  // namespace

std::vector<OperationSummary> Sts::operations() const {
  return all_operations().summary();
}

Task<http::Response> Sts::handle(Call call) {
  co_return answer_query(k_protocol, call, [&](const QueryRequest& request) -> AwsResult<std::string> {
    const std::string& action = request.action;
    if (is_own_session(call.principal) && action != "GetCallerIdentity" && action != "AssumeRole") {
      return aws_fail(403, "AccessDenied", fmt::format("Cannot call {} with session credentials", action));
    }
    ASSIGN_OR_RETURN(const sts::Row* row, supported_operation(all_operations(), "sts", action));
    sts::Operation operation{authorizer_, identities_, sessions_, call, request.input};
    return row->handler(operation);
  });
}

http::Response Sts::render_error(const AwsError& error, const std::string& request_id, const http::Request&) const {
  return render_query_error(k_protocol.xml_namespace, error, request_id);
}

}  // namespace sortie::emulator
