#pragma once

#include <string>

namespace sortie::emulator::lambda {

/// Why an init or an invocation failed, in Lambda's words.
struct Failure {
  std::string status = "error";  ///< of REPORT: `error` or `timeout`
  std::string type;              ///< `Runtime.ExitError`
  std::string message;           ///< without `RequestId: ID Error: `
  std::string document;          ///< what the runtime itself reported, if it did
};

}  // namespace sortie::emulator::lambda
