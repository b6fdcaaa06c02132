#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "emulator/core/call.h"
#include "emulator/core/ports.h"

namespace sortie::emulator {

/// AWS Security Token Service (query protocol, 2011-06-15). io_context thread only; the references must outlive it.
class Sts final : public AwsService {
 public:
  Sts(Authorizer& authorizer, Identities& identities, Sessions& sessions)
      : authorizer_(authorizer), identities_(identities), sessions_(sessions) {}

  [[nodiscard]] std::string_view name() const override { return "sts"; }
  [[nodiscard]] std::vector<OperationSummary> operations() const override;
  Task<http::Response> handle(Call call) override;
  [[nodiscard]] http::Response render_error(const AwsError& error, const std::string& request_id,
                                            const http::Request& request) const override;

 private:
  Authorizer& authorizer_;
  Identities& identities_;
  Sessions& sessions_;
};

}  // namespace sortie::emulator
