#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/task.h"
#include "emulator/core/call.h"
#include "emulator/core/ports.h"
#include "emulator/core/store.h"

namespace sortie::emulator {

/// AWS Systems Manager's Parameter Store (AWS JSON 1.1, `AmazonSSM.`): parameters with versions, labels and tags, kept
/// in the store. io_context thread only; everything referred to must outlive the object.
class Ssm final : public AwsService {
 public:
  Ssm(const Clock& clock, Store& store, Authorizer& authorizer);
  ~Ssm() override;

  [[nodiscard]] std::string_view name() const override { return "ssm"; }
  [[nodiscard]] std::vector<OperationSummary> operations() const override;
  Task<http::Response> handle(Call call) override;
  [[nodiscard]] http::Response render_error(const AwsError& error, const std::string& request_id,
                                            const http::Request& request) const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sortie::emulator
