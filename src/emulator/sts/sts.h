#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "emulator/core/call.h"
#include "emulator/core/ports.h"
#include "wire/query_protocol.h"

namespace sortie::emulator {

/// AWS Security Token Service (query protocol, 2011-06-15). io_context thread only; the references must outlive it.
class Sts final : public AwsService {
 public:
  Sts(Authorizer& authorizer, Identities& identities, Sessions& sessions)
      : authorizer_(authorizer), identities_(identities), sessions_(sessions) {}

  [[nodiscard]] std::string_view name() const override { return "sts"; }
  Task<http::Response> handle(Call call) override;
  [[nodiscard]] http::Response render_error(const AwsError& error, const std::string& request_id,
                                            const http::Request& request) const override;

 private:
  AwsResult<std::string> run(std::string_view action, const Call& call, const wire::QueryInput& input);
  AwsResult<std::string> get_caller_identity(const Call& call);
  AwsResult<std::string> assume_role(const Call& call, const wire::QueryInput& input);
  AwsResult<std::string> get_session_token(const Call& call, const wire::QueryInput& input);
  AwsResult<std::string> get_access_key_info(const Call& call, const wire::QueryInput& input);

  Authorizer& authorizer_;
  Identities& identities_;
  Sessions& sessions_;
};

}  // namespace sortie::emulator
