#pragma once

#include <memory>
#include <string>

#include "aws/client.h"
#include "aws/credentials.h"
#include "cli/command.h"
#include "cli/options.h"
#include "http/service.h"
#include "run/target.h"

namespace sortie::cli {

/// A target opened for one command: the embedded AWS or the network, with credentials and clients. The two differ in
/// nothing but the http::Service and where the credentials come from.
class OpenTarget {
 public:
  /// `local` starts an embedded AWS that is gone with it. `aws` reads the region, endpoint and
  /// credentials from the options, the environment and the profile files; the credentials are tried once, so that a
  /// wrong set-up is told early.
  static Task<Result<std::unique_ptr<OpenTarget>>> open(Context& context, const TargetOptions& options);
  virtual ~OpenTarget() = default;

  virtual run::Target& target() = 0;
  /// For a client that a run does not need.
  [[nodiscard]] virtual aws::ClientConfig config_for(const char* service) const = 0;
  [[nodiscard]] virtual bool is_local() const = 0;
  /// Ends what still runs. Before destruction, also after an interrupt: whoever was cancelled resets his cancellation
  /// state first, or not even this call is made.
  Task<void> close();

 private:
  virtual Task<void> end() = 0;
};

}  // namespace sortie::cli
