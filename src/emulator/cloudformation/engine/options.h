#pragma once

#include <chrono>
#include <string>

namespace sortie::emulator {

struct CloudFormationOptions {
  std::string account;
  /// How long the creation of a function is tried again because Lambda cannot assume a role that was just made.
  std::chrono::milliseconds role_patience{0};
  bool functions_on_host_network = false;  ///< they do not reach the answers' URL of custom resources
};

}  // namespace sortie::emulator
