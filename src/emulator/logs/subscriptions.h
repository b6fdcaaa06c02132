#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/core/function_events.h"
#include "emulator/core/sql.h"
#include "emulator/core/store.h"
#include "emulator/logs/filter_pattern.h"
#include "emulator/logs/log_store.h"

namespace sortie::emulator::logs {

/// A subscription filter: events of a log group that match are sent to a function.
struct Subscription {
  std::int64_t group = 0;
  std::string group_name;
  std::string region;
  std::string account;
  std::string name;
  std::string pattern_text;
  std::string destination;   ///< ARN of a function
  std::string distribution;  ///< `ByLogStream`; it means nothing to a function
  std::int64_t created = 0;
  FilterPattern pattern;
};

/// The subscription filters of all groups: kept in the store, and in memory so that a group without one costs nothing.
/// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
/// io_context thread only; the store must outlive it. Database failures are SQLite::Exception.
class Subscriptions {
 public:
  explicit Subscriptions(Store& store);

  /// Who is told. It must outlive this object's use; without one nobody is.
  void set_function_events(FunctionEvents& functions) { functions_ = &functions; }

  /// Those of a group, by name.
  [[nodiscard]] std::span<const Subscription> of(std::int64_t group) const;
  /// Adds it, or replaces that of the same name.
  void put(Subscription subscription);
  /// False when there is none of that name.
  bool remove(std::int64_t group, std::string_view name);
  /// The group is gone.
  void drop(std::int64_t group);

  /// Whether Logs may invoke the function for events of the group: as `logs.amazonaws.com`, or as the region's
  /// `logs.REGION.amazonaws.com`.
  [[nodiscard]] bool may_invoke(const Subscription& subscription) const;
  /// Sends what matches of events that are being written, those of one row of the store: in its transaction, so that
  /// both are there or neither. `first_id` is the id of the first event, the others follow.
  void deliver(const Stream& stream, std::span<const LogEvent> events, std::int64_t first_id);

 private:
  void send(const Subscription& subscription, const Stream& stream, std::span<const LogEvent> events,
            std::int64_t first_id);
  void load();

  Statements statements_;
  std::map<std::int64_t, std::vector<Subscription>> by_group_;
  FunctionEvents* functions_ = nullptr;
};

/// An event's id, as FilterLogEvents shows it.
std::string event_id(Position at);

}  // namespace sortie::emulator::logs
