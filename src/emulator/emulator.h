#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "emulator/core/operation_table.h"
#include "http/server.h"
#include "http/service.h"

namespace sortie::emulator {

struct Options {
  std::optional<std::filesystem::path> state_folder;  ///< none: everything is gone afterwards
  std::string account = "000000000000";
  std::string region = "us-east-1";   ///< where the host name does not say
  bool sandbox_host_network = false;  ///< functions reach the host's network
  bool realism = false;               ///< AWS's waits, quotas and late logs as well (lambda/realism.h)
};

class Ec2Instance;
struct InstanceOptions;

struct RootCredentials {
  std::string access_key_id;
  std::string secret_access_key;
};

/// The embedded AWS. As a Service it takes requests for any AWS host name (`lambda.us-east-1.amazonaws.com`,
/// `bucket.s3.amazonaws.com`) and for localhost, where the signature's scope names the service.
/// io_context thread only. Destroying it stops every function and removes every sandbox.
class Emulator final : public http::Service {
 public:
  static Result<std::unique_ptr<Emulator>> create(Executor executor, const Clock& clock, Options options);
  ~Emulator() override;

  Task<Result<http::Response>> handle(http::Request request) override;
  /// The account's administrator. Random for each state folder.
  [[nodiscard]] const RootCredentials& root_credentials() const;
  /// By service (`iam`), what its table of operations says.
  [[nodiscard]] std::map<std::string, std::vector<OperationSummary>> operations() const;
  /// A machine of EC2's kind under a role, see instance/instance.h. The account is filled in. The emulator must outlive
  /// it.
  Task<Result<std::unique_ptr<Ec2Instance>>> start_instance(InstanceOptions options);
  /// Ends running functions (SIGTERM where AWS sends it) and waits for them, at most a few seconds.
  Task<void> shutdown();

 private:
  struct Impl;
  explicit Emulator(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sortie::emulator
