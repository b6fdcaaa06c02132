#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "emulator/lambda/options/realism.h"
#include "http/service.h"
#include "http/tls.h"

namespace sortie::emulator {

/// How the embedded Lambda behaves: given once, when it is made.
struct LambdaOptions {
  std::string account;
  bool host_network = false;     ///< functions reach the host's network and are given AWS_ENDPOINT_URL
  http::Service* aws = nullptr;  ///< where a sandbox's calls to AWS host names go: the emulator
  http::CertificateAuthority* authority = nullptr;  ///< signs what TLS inside a sandbox is answered with
  /// Waits before the second and the third attempt of an asynchronous invocation that failed.
  std::vector<std::chrono::milliseconds> async_retry_delays{std::chrono::minutes{1}, std::chrono::minutes{2}};
  std::chrono::milliseconds init_limit{10'000};  ///< how long an environment may take to ask for work
  std::chrono::seconds idle_limit{300};          ///< an environment unused for so long is removed
  std::size_t provisioned_limit = 0;  ///< environments that are initialised ahead, together; 0: by the number of cores
  std::chrono::milliseconds activation_time{0};  ///< how long a function stays Pending or InProgress after a change
  bool realistic_streaming = false;              ///< slow a streamed response to 2 MB/s after its first 6 MB
  /// AWS's waits, quotas and late logs (`--realism aws`); activation_time and realistic_streaming then do not count.
  std::optional<lambda::Realism> realism;
};

}  // namespace sortie::emulator
