#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "emulator/core/ports.h"
#include "emulator/core/sql.h"
#include "emulator/core/store.h"

namespace sortie::emulator::logs {

/// Times are milliseconds since 1970, as the service counts them.
struct Group {
  std::int64_t id = 0;
  std::string name;
  std::int64_t created = 0;
  std::optional<std::int64_t> retention_days;
  std::string log_class;
};

struct Stream {
  std::int64_t id = 0;
  std::int64_t group = 0;
  std::string name;
  std::int64_t created = 0;
  std::optional<std::int64_t> first_event;
  std::optional<std::int64_t> last_event;
  std::optional<std::int64_t> last_ingestion;
};

/// Where an event stands: by its time, then by its arrival. Ids start above zero.
struct Position {
  std::int64_t time = 0;
  std::int64_t id = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
};

struct StoredEvent {
  Position at;
  std::int64_t ingested = 0;
  std::int64_t stream = 0;
  std::string message;
};

/// Which events are read: `start` inclusive, `end` exclusive.
struct Window {
  std::int64_t start = 0;
  std::int64_t end = std::numeric_limits<std::int64_t>::max();
};

/// A page ends at the first of its limits; one event always fits.
struct PageLimits {
  std::size_t events = 10'000;
  std::size_t bytes = 1'048'576;          ///< messages plus 26 bytes each
  std::size_t scanned = 4 * 1024 * 1024;  ///< bytes looked at, so that one call never holds the loop for long
};

/// The tables behind CloudWatch Logs. Events are packed, many to a row; a row holds the events of one stream in order.
/// Database failures are SQLite::Exception. io_context thread only.
class LogStore {
 public:
  explicit LogStore(Store& store);

  std::optional<Group> find_group(const std::string& region, const std::string& name);
  Group create_group(const std::string& region, const std::string& name, const std::string& log_class,
                     const std::map<std::string, std::string>& tags, std::int64_t now);
  /// With its streams, events and tags.
  void delete_group(const Group& group);
  /// By name, after `after`; `prefix` and `part` narrow when not empty.
  std::vector<Group> groups(const std::string& region, const std::string& prefix, const std::string& part,
                            const std::string& after, std::size_t limit);
  void set_retention(const Group& group, std::optional<std::int64_t> days);

  std::map<std::string, std::string> tags(const Group& group);
  void put_tags(const Group& group, const std::map<std::string, std::string>& tags);
  void remove_tags(const Group& group, const std::vector<std::string>& keys);

  std::optional<Stream> find_stream(const Group& group, const std::string& name);
  /// Empty when there is none with that id.
  std::string stream_name(std::int64_t id);
  Stream create_stream(const Group& group, const std::string& name, std::int64_t now);
  void delete_stream(const Stream& stream);
  /// Grows whenever a group or stream goes: what a caller remembers of one is good while this stays the same.
  [[nodiscard]] std::uint64_t deletions() const { return deletions_; }
  /// By name, or by the time of the last event (streams without events first). `after` is the last one seen.
  std::vector<Stream> streams(const Group& group, const std::string& prefix, bool by_time, bool descending,
                              const std::optional<Stream>& after, std::size_t limit);

  /// Commits before it returns, and takes out of `events` what is committed: when it throws, the rest can be tried
  /// again. Events of one call are put in order of time.
  void append(const Stream& stream, std::vector<LogEvent>& events, std::int64_t now);
  /// Is told of events right after they were committed.
  using Observer = std::function<void(const Stream& stream, std::span<const LogEvent> events, std::int64_t ingested)>;
  void set_observer(Observer observer) { observer_ = std::move(observer); }
  /// Is told of the events of each row in the transaction that writes it; `first_id` and those that follow are their
  /// ids. What it writes into the database is committed with them.
  using Participant =
      std::function<void(const Stream& stream, std::span<const LogEvent> events, std::int64_t first_id)>;
  void set_participant(Participant participant) { participant_ = std::move(participant); }
  /// Drops rows whose events are all older than `time`.
  void drop_before(const Group& group, std::int64_t time);

  /// The events of a stream right behind `after`, oldest first.
  std::vector<StoredEvent> read_forward(const Stream& stream, const Window& window, Position after,
                                        const PageLimits& limits);
  /// The events of a stream right before `before`, oldest first.
  std::vector<StoredEvent> read_backward(const Stream& stream, const Window& window, Position before,
                                         const PageLimits& limits);

  struct Scan {
    std::vector<StoredEvent> events;
    Position reached;   ///< of the last event looked at
    bool done = false;  ///< nothing is left behind `reached`
  };
  /// The events of a group that `wanted` accepts, from the streams named (all when empty), oldest first.
  template <class Wanted>
  Scan scan(const Group& group, const std::unordered_set<std::int64_t>& streams, const Window& window, Position after,
            const PageLimits& limits, const Wanted& wanted);

  class Cursor;

 private:
  std::vector<StoredEvent> read(Cursor cursor, const PageLimits& limits);
  Cursor group_cursor(const Group& group, std::unordered_set<std::int64_t> streams, const Window& window,
                      Position after);
  void insert_tags(const Group& group, const std::map<std::string, std::string>& tags);
  void insert_row(const Stream& stream, std::span<const LogEvent> events, std::int64_t now);

  Statements statements_;
  std::int64_t next_row_ = 1;
  std::uint64_t deletions_ = 0;
  Observer observer_;
  Participant participant_;
};

/// Merges packed rows, which may overlap in time, into one sequence of events.
class LogStore::Cursor {
 public:
  struct Event {
    Position at;
    std::int64_t ingested = 0;
    std::int64_t stream = 0;
    std::string_view message;  ///< valid until the next call
  };

  Cursor(Query rows, Window window, Position bound, bool forward, std::int64_t span,
         std::unordered_set<std::int64_t> streams);
  std::optional<Event> next();

 private:
  struct Row;
  [[nodiscard]] bool wanted(Position at) const;
  void open_row();
  void fill();

  Query rows_;
  Window window_;
  Position bound_;
  bool forward_;
  std::int64_t span_;  ///< no row covers more time than this
  std::unordered_set<std::int64_t> streams_;
  bool row_waiting_ = false;
  std::vector<std::shared_ptr<Row>> open_;
  std::shared_ptr<Row> current_;
};

template <class Wanted>
LogStore::Scan LogStore::scan(const Group& group, const std::unordered_set<std::int64_t>& streams, const Window& window,
                              Position after, const PageLimits& limits, const Wanted& wanted) {
  Scan result{{}, after, false};
  Cursor cursor = group_cursor(group, streams, window, after);
  std::size_t bytes = 0;
  std::size_t scanned = 0;
  while (result.events.size() < limits.events && scanned < limits.scanned) {
    const auto event = cursor.next();
    if (!event) {
      result.done = true;
      return result;
    }
    const std::size_t size = event->message.size() + 26;
    const bool take = wanted(event->message);
    if (take && !result.events.empty() && bytes + size > limits.bytes) return result;
    scanned += size;
    result.reached = event->at;
    if (!take) continue;
    bytes += size;
    result.events.push_back({event->at, event->ingested, event->stream, std::string(event->message)});
  }
  return result;
}

}  // namespace sortie::emulator::logs
