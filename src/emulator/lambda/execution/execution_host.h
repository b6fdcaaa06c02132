#pragma once

#include <memory>

#include "base/blocking.h"
#include "base/clock.h"
#include "base/slots.h"
#include "emulator/core/ports.h"
#include "emulator/core/store.h"
#include "emulator/lambda/catalogue/code_store.h"
#include "emulator/lambda/execution/pool.h"
#include "emulator/lambda/logging/late_logs.h"
#include "emulator/lambda/options/options.h"
#include "emulator/lambda/runtimes/managed_runtimes.h"
#include "http/server.h"

namespace sortie::emulator::lambda {

/// What execution environments need of this machine, and the pools that keep them. io_context thread only.
class ExecutionHost {
 public:
  /// What is referred to outlives the object, or `abandon` was called.
  ExecutionHost(Executor executor, const Clock& clock, Store& store, Authorizer& authorizer, Identities& identities,
                LogSink& logs, BlockingPool& blocking, CodeStore& codes, const LambdaOptions& options);

  [[nodiscard]] LiveEnvironments& environments() { return *live_; }
  [[nodiscard]] ProvisionedPool& provisioned() { return *provisioned_; }
  [[nodiscard]] Pool& pool() { return *pool_; }
  [[nodiscard]] ManagedRuntimes& runtimes() { return runtimes_; }

  /// Ends all environments and writes what is left of their logs.
  Task<void> shutdown();
  /// Kills all environments.
  void abandon();

 private:
  std::unique_ptr<LateLogs> late_logs_;  ///< with realism alone
  ManagedRuntimes runtimes_;
  http::Server runtime_server_;
  http::Server endpoint_server_;
  Slots starts_;
  std::shared_ptr<LiveEnvironments> live_;
  std::shared_ptr<ProvisionedPool> provisioned_;
  std::shared_ptr<Pool> pool_;
};

}  // namespace sortie::emulator::lambda
