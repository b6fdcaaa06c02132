#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <unordered_set>

#include "base/signal.h"
#include "base/slots.h"
#include "emulator/core/call.h"
#include "emulator/lambda/execution/deployment.h"
#include "emulator/lambda/execution/environment_services.h"
#include "emulator/lambda/logging/log_text.h"

namespace sortie::emulator::lambda {

class Environment;

/// All environments there are, from their making to their end, whoever keeps them idle or runs them. io_context thread
/// only; the tasks it spawns keep it alive.
class LiveEnvironments : public std::enable_shared_from_this<LiveEnvironments> {
 public:
  explicit LiveEnvironments(EnvironmentServices services)
      : services_(std::move(services)), released_(services_.executor) {}

  /// Soon does, beside what is going on, what the first native environment costs more than later ones.
  void prepare();
  /// Few start at once: a slot is held while one is made.
  Task<Slots::Slot> take_start() { return services_.starts.take(); }
  /// A new one. `initialization` as of Environment::create.
  Task<AwsResult<std::shared_ptr<Environment>>> create(std::shared_ptr<const Deployment> deployment,
                                                       std::string_view initialization = k_on_demand);
  /// Ends one that nobody uses, by and by.
  void dispose(std::shared_ptr<Environment> environment);
  /// How many of a deployment's have answered their caller and will be free in a moment.
  [[nodiscard]] std::size_t finishing(const Deployment& deployment) const;
  /// Notified when one of them can be used again.
  [[nodiscard]] Signal& released() { return released_; }
  /// From here on nothing is started or kept.
  void close() { closed_ = true; }
  [[nodiscard]] bool closed() const { return closed_; }
  /// Ends all, in the time that AWS gives their extensions; returns when they are gone or that is over.
  Task<void> retire_all();
  /// Kills all and uses nothing of the emulator any more.
  void abandon();
  [[nodiscard]] std::size_t count() const { return live_.size(); }
  [[nodiscard]] const Executor& executor() const { return services_.executor; }

 private:
  EnvironmentServices services_;
  Signal released_;
  std::unordered_set<std::shared_ptr<Environment>> live_;
  bool closed_ = false;
};

}  // namespace sortie::emulator::lambda
