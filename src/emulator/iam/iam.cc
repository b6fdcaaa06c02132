#include "emulator/iam/iam.h"

#include <fmt/format.h>

#include "emulator/core/protocol.h"
#include "emulator/iam/access.h"
#include "emulator/iam/directory.h"
#include "emulator/iam/operation.h"
#include "wire/query_protocol.h"

namespace sortie::emulator {

namespace {

constexpr std::string_view k_namespace = "https://iam.amazonaws.com/doc/2010-05-08/";
constexpr std::string_view k_version = "2010-05-08";
constexpr std::size_t k_max_form = 1024 * 1024;

const OperationTable<iam::Row>& all_operations() {
  static const OperationTable<iam::Row> k_table{iam::role_operations(),
                                                iam::user_operations(),
                                                iam::group_operations(),
                                                iam::holder_policy_operations(),
                                                iam::managed_policy_operations(),
                                                iam::profile_operations(),
                                                iam::account_operations(),
                                                iam::simulation_operations(),
                                                iam::details_operations(),
                                                iam::service_linked_operations(),
                                                iam::service_credential_operations()};
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
  if (action.empty()) return aws_fail(400, "MissingAction", "The request must contain the parameter Action.");
  if (const auto version = input.get_or("Version", k_version); version != k_version) {
    return aws_fail(400, "InvalidAction", fmt::format("Could not find operation {} for version {}", action, version));
  }
  // GetSessionToken's credentials are for IAM only with a second factor, which nobody has here.
  const bool own_session = call.principal.kind == Principal::Kind::user || call.principal.kind == Principal::Kind::root;
  if (call.principal.temporary && own_session) {
    return aws_fail(403, "InvalidClientTokenId", "The security token included in the request is invalid");
  }
  const iam::Row* row = all_operations().find(action);
  if (row == nullptr || row->handler == nullptr) return std::unexpected(not_implemented("iam", action));
  iam::Operation operation{clock, directory, access, call, input};
  if (auto allowed = iam::check_unprotected(operation, action); !allowed) return std::unexpected(allowed.error());
  return row->handler(operation);
}

Iam::Iam(const Clock& clock, Store& store, std::string account)
    : impl_(std::make_unique<Impl>(clock, store, std::move(account))) {}

Iam::~Iam() = default;

std::vector<OperationSummary> Iam::operations() const {
  return all_operations().summary();
}

Task<http::Response> Iam::handle(Call call) {
  const std::string_view body = call.request.body.bytes();
  auto input = wire::QueryInput::parse(body.empty() ? std::string_view(call.request.query) : body, k_max_form);
  if (!input) {
    co_return render_error({400, "MalformedQueryString", input.error().message, {}}, call.request_id, call.request);
  }
  const std::string action(input->get_or("Action", ""));
  const auto result = impl_->run(action, call, *input);
  if (!result) co_return render_error(result.error(), call.request_id, call.request);
  co_return render_query_success(k_namespace, action, *result, call.request_id, !result->empty());
}

http::Response Iam::render_error(const AwsError& error, const std::string& request_id, const http::Request&) const {
  return render_query_error(k_namespace, error, request_id);
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
