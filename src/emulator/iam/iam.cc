#include "emulator/iam/iam.h"

#include "emulator/core/protocol.h"
#include "emulator/core/query_service.h"
#include "emulator/core/supported_operation.h"
#include "emulator/iam/access.h"
#include "emulator/iam/directory.h"
#include "emulator/iam/operation.h"
#include "wire/query_protocol.h"

namespace sortie::emulator {

namespace {

constexpr QueryProtocol k_protocol{
    .xml_namespace = "https://iam.amazonaws.com/doc/2010-05-08/", .version = "2010-05-08", .max_form = 1024 * 1024};

const OperationTable<iam::Row>& all_operations() {
  static const OperationTable<iam::Row> k_table{iam::role_operations(),
                                                iam::user_operations(),
                                                iam::group_operations(),
                                                iam::entity_policy_operations(),
                                                iam::tag_operations(),
                                                iam::boundary_operations(),
                                                iam::managed_policy_operations(),
                                                iam::profile_operations(),
                                                iam::account_operations(),
                                                iam::simulation_operations(),
                                                iam::details_operations(),
                                                iam::service_linked_operations(),
                                                iam::service_credential_operations(),
                                                iam::unsupported_operations()};
  return k_table;
}

}  // namespace

struct Iam::Impl {
  Impl(const Clock& the_clock, Store& store, std::string account)
      : clock(the_clock), directory(store, std::move(account)), access(the_clock, store, directory) {}

  AwsResult<std::string> run(std::string_view action, const Call& call, const wire::QueryInput& input);

  const Clock& clock;
  iam::Directory directory;
  iam::Access access;
};

AwsResult<std::string> Iam::Impl::run(std::string_view action, const Call& call, const wire::QueryInput& input) {
  // GetSessionToken's credentials are for IAM only with a second factor, which nobody has here.
  const bool own_session = call.principal.kind == Principal::Kind::user || call.principal.kind == Principal::Kind::root;
  if (call.principal.temporary && own_session) {
    return aws_fail(403, "InvalidClientTokenId", "The security token included in the request is invalid");
  }
  ASSIGN_OR_RETURN(const iam::Row* row, supported_operation(all_operations(), "iam", action));
  iam::Operation operation{clock, directory, access, call, input};
  RETURN_IF_ERROR(iam::check_unprotected(operation, action));
  return row->handler(operation);
}

Iam::Iam(const Clock& clock, Store& store, std::string account)
    : impl_(std::make_unique<Impl>(clock, store, std::move(account))) {}

Iam::~Iam() = default;

std::vector<OperationSummary> Iam::operations() const {
  return all_operations().summary();
}

Task<http::Response> Iam::handle(Call call) {
  co_return answer_query(k_protocol, call,
                         [&](const QueryRequest& request) { return impl_->run(request.action, call, request.input); });
}

http::Response Iam::render_error(const AwsError& error, const std::string& request_id, const http::Request&) const {
  return render_query_error(k_protocol.xml_namespace, error, request_id);
}

Authorizer& Iam::authorizer() {
  return impl_->access;
}
Identities& Iam::identities() {
  return impl_->access;
}
Sessions& Iam::sessions() {
  return impl_->access;
}

Iam::RootKey Iam::root_key() const {
  const auto& key = impl_->access.root_key();
  return {key.access_key_id, key.secret_access_key};
}

}  // namespace sortie::emulator
