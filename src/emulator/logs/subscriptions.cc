#include "emulator/logs/subscriptions.h"

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <boost/json.hpp>
#include <memory>
#include <optional>

#include "wire/arn.h"
#include "wire/checksum.h"

namespace sortie::emulator::logs {
namespace {

namespace json = boost::json;

/// Fast: a function that logs much must not wait for its readers.
constexpr int k_compression_level = 1;

std::string gzip(const std::string& text) {
  const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> compressor(
      libdeflate_alloc_compressor(k_compression_level), libdeflate_free_compressor);
  std::string packed(libdeflate_gzip_compress_bound(compressor.get(), text.size()), '\0');
  packed.resize(libdeflate_gzip_compress(compressor.get(), text.data(), text.size(), packed.data(), packed.size()));
  return packed;
}

std::int64_t millis(const LogEvent& event) {
  return event.timestamp.time_since_epoch().count();
}

FunctionEvents::Source source_of(const Subscription& subscription, std::string service) {
  return {std::move(service),
          fmt::format("arn:{}:logs:{}:{}:log-group:{}:*", wire::partition_of(subscription.region), subscription.region,
                      subscription.account, subscription.group_name),
          subscription.region};
}

/// The principal under which the function's policy lets Logs in; nothing when it does not.
std::optional<FunctionEvents::Source> admitted(FunctionEvents& functions, const Subscription& subscription) {
  for (auto service : {std::string("logs.amazonaws.com"), fmt::format("logs.{}.amazonaws.com", subscription.region)}) {
    auto source = source_of(subscription, std::move(service));
    if (functions.check(source, subscription.destination)) return source;
  }
  return std::nullopt;
}

}  // namespace

std::string event_id(Position at) {
  return fmt::format("{:019}{:037}", at.time, at.id);
}

Subscriptions::Subscriptions(Store& store) : statements_(store.db()) {
  store.db().exec(
      "CREATE TABLE IF NOT EXISTS logs_subscription(group_id INTEGER NOT NULL, account TEXT NOT NULL, name TEXT NOT "
      "NULL, pattern TEXT NOT NULL, destination TEXT NOT NULL, distribution TEXT NOT NULL, created INTEGER NOT NULL, "
      "PRIMARY KEY(group_id, name)) WITHOUT ROWID");
  load();
}

void Subscriptions::load() {
  auto row = statements_.query(
      "SELECT g.id,g.name,g.region,s.account,s.name,s.pattern,s.destination,s.distribution,s.created "
      "FROM logs_subscription s JOIN logs_group g ON g.id=s.group_id ORDER BY s.group_id,s.name");
  while (row.next()) {
    auto pattern = FilterPattern::parse(row.text(5));
    if (!pattern) continue;
    by_group_[row.integer(0)].push_back({.group = row.integer(0),
                                         .group_name = row.text(1),
                                         .region = row.text(2),
                                         .account = row.text(3),
                                         .name = row.text(4),
                                         .pattern_text = row.text(5),
                                         .destination = row.text(6),
                                         .distribution = row.text(7),
                                         .created = row.integer(8),
                                         .pattern = *std::move(pattern)});
  }
}

std::span<const Subscription> Subscriptions::of(std::int64_t group) const {
  const auto found = by_group_.find(group);
  return found == by_group_.end() ? std::span<const Subscription>() : found->second;
}

void Subscriptions::put(Subscription subscription) {
  statements_.query("INSERT OR REPLACE INTO logs_subscription VALUES(?,?,?,?,?,?,?)")
      .bind(subscription.group, subscription.account, subscription.name, subscription.pattern_text,
            subscription.destination, subscription.distribution, subscription.created)
      .run();
  auto& all = by_group_[subscription.group];
  const auto at = std::ranges::lower_bound(all, subscription.name, {}, &Subscription::name);
  if (at != all.end() && at->name == subscription.name) {
    *at = std::move(subscription);
  } else {
    all.insert(at, std::move(subscription));
  }
}

bool Subscriptions::remove(std::int64_t group, std::string_view name) {
  const int removed =
      statements_.query("DELETE FROM logs_subscription WHERE group_id=? AND name=?").bind(group, name).run();
  if (removed == 0) return false;
  auto& all = by_group_[group];
  std::erase_if(all, [&](const Subscription& each) { return each.name == name; });
  if (all.empty()) by_group_.erase(group);
  return true;
}

void Subscriptions::drop(std::int64_t group) {
  if (by_group_.erase(group) == 0) return;
  statements_.query("DELETE FROM logs_subscription WHERE group_id=?").bind(group).run();
}

bool Subscriptions::may_invoke(const Subscription& subscription) const {
  return functions_ != nullptr && admitted(*functions_, subscription).has_value();
}

void Subscriptions::deliver(const Stream& stream, std::span<const LogEvent> events, std::int64_t first_id) {
  if (by_group_.empty() || functions_ == nullptr) return;
  for (const Subscription& subscription : of(stream.group)) send(subscription, stream, events, first_id);
}

void Subscriptions::send(const Subscription& subscription, const Stream& stream, std::span<const LogEvent> events,
                         std::int64_t first_id) {
  json::array list;
  for (std::size_t index = 0; index < events.size(); ++index) {
    const LogEvent& event = events[index];
    if (!subscription.pattern.matches(event.message)) continue;
    const std::int64_t time = millis(event);
    json::object one{{"id", event_id({time, first_id + static_cast<std::int64_t>(index)})},
                     {"timestamp", time},
                     {"message", event.message}};
    if (const auto fields = subscription.pattern.fields(event.message); !fields.empty()) {
      json::object extracted;
      for (const auto& [name, value] : fields) extracted[name] = value;
      one.emplace("extractedFields", std::move(extracted));
    }
    list.push_back(std::move(one));
  }
  if (list.empty()) return;
  const auto source = admitted(*functions_, subscription);
  if (!source) return;
  const json::object message{{"messageType", "DATA_MESSAGE"},
                             {"owner", subscription.account},
                             {"logGroup", subscription.group_name},
                             {"logStream", stream.name},
                             {"subscriptionFilters", json::array{subscription.name}},
                             {"logEvents", std::move(list)}};
  const std::string data = wire::base64_encode(gzip(json::serialize(message)));
  functions_->send(*source, subscription.destination,
                   json::serialize(json::object{{"awslogs", json::object{{"data", data}}}}));
}

}  // namespace sortie::emulator::logs
