#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "emulator/core/call.h"
#include "emulator/core/ports.h"
#include "emulator/core/store.h"

namespace sortie::emulator {

/// AWS Identity and Access Management (query protocol, 2010-05-08): roles, users, groups, managed policies, instance
/// profiles, and the decisions over them. Answers NotImplemented for the operations it does not have. io_context thread
/// only; clock and store must outlive it.
class Iam final : public AwsService {
 public:
  Iam(const Clock& clock, Store& store, std::string account);
  ~Iam() override;

  [[nodiscard]] std::string_view name() const override { return "iam"; }
  [[nodiscard]] std::vector<OperationSummary> operations() const override;
  Task<http::Response> handle(Call call) override;
  [[nodiscard]] http::Response render_error(const AwsError& error, const std::string& request_id,
                                            const http::Request& request) const override;

  /// What the other services ask IAM; as long-lived as this object.
  Authorizer& authorizer();
  Identities& identities();
  Sessions& sessions();

  struct RootKey {
    std::string access_key_id;
    std::string secret_access_key;
  };
  /// The account's administrator: random, kept in the store.
  [[nodiscard]] RootKey root_key() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sortie::emulator
