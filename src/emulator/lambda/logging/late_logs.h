#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/task.h"
#include "emulator/core/ports.h"
#include "emulator/lambda/options/realism.h"

namespace sortie::emulator::lambda {

/// CloudWatch Logs as AWS's are: what is written can be read some seconds later, and not in the order in which it was
/// written. Nothing is lost: what is still on its way when this goes is written at once. io_context thread only.
class LateLogs final : public LogSink {
 public:
  /// `sink` outlives it.
  LateLogs(Executor executor, LogSink& sink, const Realism& realism, std::uint32_t seed);
  ~LateLogs() override;
  LateLogs(const LateLogs&) = delete;
  LateLogs& operator=(const LateLogs&) = delete;

  void put(const std::string& region, const std::string& group, const std::string& stream,
           std::vector<LogEvent> events) override;
  bool has_group(const std::string& region, const std::string& group) override {
    return sink_.has_group(region, group);
  }
  /// Writes all that is on its way.
  void flush();

 private:
  struct Piece {
    std::string region;
    std::string group;
    std::string stream;
    std::vector<LogEvent> events;
  };
  void write_due();
  void arm();

  LogSink& sink_;
  Realism realism_;
  std::minstd_rand random_;
  std::multimap<std::chrono::steady_clock::time_point, Piece> pieces_;
  std::shared_ptr<asio::steady_timer> timer_;
};

}  // namespace sortie::emulator::lambda
