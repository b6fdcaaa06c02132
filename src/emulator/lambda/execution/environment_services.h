#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"
#include "base/slots.h"
#include "base/task.h"
#include "emulator/core/ports.h"
#include "emulator/lambda/catalogue/code_store.h"
#include "emulator/lambda/options/realism.h"
#include "emulator/lambda/runtimes/managed_runtimes.h"
#include "http/server.h"
#include "http/service.h"
#include "http/tls.h"

namespace sortie::emulator::lambda {

/// What every environment needs of the rest of the emulator. Outlives them, or `Environment::abandon` was called.
struct EnvironmentServices {
  Executor executor;
  const Clock& clock;
  LogSink& logs;
  Authorizer& authorizer;
  Identities& identities;
  http::Server& runtime_server;   ///< serves the Runtime API: waits without limit
  http::Server& endpoint_server;  ///< serves AWS's own names
  http::Service* aws = nullptr;
  http::CertificateAuthority* authority = nullptr;
  bool host_network = false;
  bool realistic_streaming = false;
  std::chrono::milliseconds init_limit{10'000};
  Slots& starts;  ///< how many may start at once
  ManagedRuntimes* runtimes = nullptr;
  CodeStore* codes = nullptr;
  std::optional<Realism> realism;
};

}  // namespace sortie::emulator::lambda
