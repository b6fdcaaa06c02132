#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/background.h"
#include "base/clock.h"
#include "emulator/lambda/catalogue/registry.h"

namespace sortie::emulator::lambda {

/// How long a function stays Pending after it was created, and InProgress after an update.
struct ActivationTimes {
  std::chrono::milliseconds create{0};
  std::chrono::milliseconds update{0};
};

/// Makes changes of functions effective: Pending and InProgress become Active. io_context thread only.
/// https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
class Activations {
 public:
  /// What is referred to outlives the object.
  Activations(Background& background, const Clock& clock, Registry& functions, ActivationTimes times)
      : background_(background), clock_(clock), functions_(functions), times_(times) {}

  /// `version` was changed: a new revision, in `status` until `activate_later`.
  void mark_changed(Version& version, Version::Status status);
  /// After the last change: soon all of the function is active, unless it is changed again before.
  void activate_later(const Function& function);

 private:
  Task<void> activate(std::string region, std::string name, std::uint64_t change, std::chrono::milliseconds wait);

  Background& background_;
  const Clock& clock_;
  Registry& functions_;
  ActivationTimes times_;
  std::uint64_t last_change_ = 0;
};

/// Makes a version of `$LATEST`, or gives the last one when nothing has changed since. The function is not saved.
const Version& publish(Function& function, const std::string& description,
                       Version::Status status = Version::Status::active);

}  // namespace sortie::emulator::lambda
