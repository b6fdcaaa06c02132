#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "emulator/core/ports.h"
#include "http/service.h"
#include "http/tls.h"
#include "sandbox/sandbox.h"

namespace sortie::emulator {

/// What an instance needs of the embedded AWS. All of it must outlive the instance.
struct InstanceServices {
  Executor executor;
  const Clock& clock;
  Identities& identities;
  http::Service& aws;  ///< what AWS's host names lead to
  http::CertificateAuthority& authority;
};

struct InstanceOptions {
  std::string account;
  std::string region;
  std::string role_arn;                        ///< assumable by ec2.amazonaws.com
  std::vector<sandbox::ReadOnlyMount> mounts;  ///< what is shown besides the system's programs
  bool host_network = false;
};

/// A machine as EC2 gives it out, for one command: a sandbox in which AWS's host names are the embedded AWS,
/// 169.254.169.254 is the instance metadata service and 169.254.170.2 the credentials endpoint of containers. The
/// role's credentials are to be had there and nowhere else. io_context thread only.
class Ec2Instance {
 public:
  /// ErrorKind::denied when the role does not let EC2 assume it, ErrorKind::not_found when there is none.
  static Task<Result<std::unique_ptr<Ec2Instance>>> start(InstanceServices services, InstanceOptions options);
  /// Kills what runs and removes the sandbox.
  ~Ec2Instance();
  Ec2Instance(const Ec2Instance&) = delete;
  Ec2Instance& operator=(const Ec2Instance&) = delete;

  [[nodiscard]] sandbox::Sandbox& sandbox();
  /// The path of the container credentials endpoint: the value of AWS_CONTAINER_CREDENTIALS_RELATIVE_URI.
  [[nodiscard]] const std::string& container_credentials_path() const;
  /// What a command needs in its environment where the sandbox has no network of its own (see Sandbox::address):
  /// the endpoints' real addresses. Empty otherwise.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> addresses() const;

 private:
  struct Impl;
  explicit Ec2Instance(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sortie::emulator
