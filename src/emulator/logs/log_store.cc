#include "emulator/logs/log_store.h"

#include <algorithm>
#include <cstring>
#include <memory>

namespace sortie::emulator::logs {
namespace {

constexpr std::size_t k_row_bytes = 256 * 1024;
constexpr std::size_t k_row_events = 10'000;
constexpr std::size_t k_commit_bytes = 4 * 1024 * 1024;
/// An event's id is its row's times this, plus its place in the row.
constexpr std::int64_t k_ids_per_row = 16'384;
static_assert(k_row_events < k_ids_per_row);

constexpr const char* k_tables = R"sql(
CREATE TABLE IF NOT EXISTS logs_group(
  id INTEGER PRIMARY KEY AUTOINCREMENT, region TEXT NOT NULL, name TEXT NOT NULL, created INTEGER NOT NULL,
  retention INTEGER, class TEXT NOT NULL, span INTEGER NOT NULL DEFAULT 0, UNIQUE(region, name));
CREATE TABLE IF NOT EXISTS logs_tag(
  group_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(group_id, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS logs_stream(
  id INTEGER PRIMARY KEY AUTOINCREMENT, group_id INTEGER NOT NULL, name TEXT NOT NULL, created INTEGER NOT NULL,
  first_event INTEGER, last_event INTEGER, last_ingestion INTEGER, span INTEGER NOT NULL DEFAULT 0,
  UNIQUE(group_id, name));
CREATE TABLE IF NOT EXISTS logs_row(
  id INTEGER PRIMARY KEY, group_id INTEGER NOT NULL, stream_id INTEGER NOT NULL,
  first INTEGER NOT NULL, last INTEGER NOT NULL, ingested INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS logs_row_by_stream ON logs_row(stream_id, first, last);
CREATE INDEX IF NOT EXISTS logs_row_by_group ON logs_row(group_id, first, last);
)sql";

template <class Integer>
void pack(std::string& out, Integer value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

/// Takes a number off the front; zero when the bytes are too few, which a whole row never has.
template <class Integer>
Integer unpack(std::string_view& in) {
  Integer value = 0;
  if (in.size() < sizeof value) {
    in = {};
    return value;
  }
  std::memcpy(&value, in.data(), sizeof value);
  in.remove_prefix(sizeof value);
  return value;
}

Group group_from(const Query& row, int first = 0) {
  Group group{row.integer(first), row.text(first + 1), row.integer(first + 2), {}, row.text(first + 4)};
  if (!row.null(first + 3)) group.retention_days = row.integer(first + 3);
  return group;
}

std::optional<std::int64_t> optional_integer(const Query& row, int column) {
  if (row.null(column)) return std::nullopt;
  return row.integer(column);
}

Stream stream_from(const Query& row) {
  return {row.integer(0),           row.integer(1),          row.text(2), row.integer(3), optional_integer(row, 4),
          optional_integer(row, 5), optional_integer(row, 6)};
}

/// Events of the same time keep their order.
void order_by_time(std::vector<LogEvent>& events) {
  if (std::ranges::is_sorted(events, {}, &LogEvent::timestamp)) return;
  std::vector<std::pair<SystemTime, std::size_t>> order;
  for (std::size_t i = 0; i < events.size(); ++i) order.emplace_back(events[i].timestamp, i);
  std::ranges::sort(order);
  std::vector<LogEvent> sorted;
  for (const auto& [time, index] : order) sorted.push_back(std::move(events[index]));
  events = std::move(sorted);
}

/// The smallest text after all that start with `prefix`, for a range on an index; empty when there is none.
std::string after_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

}  // namespace

LogStore::LogStore(Store& store) : statements_(store.db()) {
  store.db().exec(k_tables);
  auto row = statements_.query("SELECT coalesce(max(id),0)+1 FROM logs_row");
  row.next();
  next_row_ = row.integer(0);
}

std::optional<Group> LogStore::find_group(const std::string& region, const std::string& name) {
  auto row = statements_.query("SELECT id,name,created,retention,class FROM logs_group WHERE region=? AND name=?");
  row.bind(region, name);
  if (!row.next()) return std::nullopt;
  return group_from(row);
}

Group LogStore::create_group(const std::string& region, const std::string& name, const std::string& log_class,
                             const std::map<std::string, std::string>& tags, std::int64_t now) {
  SQLite::Transaction transaction(statements_.db());
  statements_.query("INSERT INTO logs_group(region,name,created,class) VALUES(?,?,?,?)")
      .bind(region, name, now, log_class)
      .run();
  Group group{statements_.db().getLastInsertRowid(), name, now, {}, log_class};
  insert_tags(group, tags);
  transaction.commit();
  return group;
}

void LogStore::delete_group(const Group& group) {
  ++deletions_;
  SQLite::Transaction transaction(statements_.db());
  statements_.query("DELETE FROM logs_row WHERE group_id=?").bind(group.id).run();
  statements_.query("DELETE FROM logs_stream WHERE group_id=?").bind(group.id).run();
  statements_.query("DELETE FROM logs_tag WHERE group_id=?").bind(group.id).run();
  statements_.query("DELETE FROM logs_group WHERE id=?").bind(group.id).run();
  transaction.commit();
}

std::vector<Group> LogStore::groups(const std::string& region, const std::string& prefix, const std::string& part,
                                    const std::string& after, std::size_t limit) {
  auto row = statements_.query(
      "SELECT id,name,created,retention,class FROM logs_group WHERE region=?1 AND name>?2 AND name>=?3 "
      "AND (?4='' OR name<?4) AND (?5='' OR instr(name,?5)>0) ORDER BY name LIMIT ?6");
  row.bind(region, after, prefix, after_prefix(prefix), part, limit);
  std::vector<Group> found;
  while (row.next()) found.push_back(group_from(row));
  return found;
}

void LogStore::set_retention(const Group& group, std::optional<std::int64_t> days) {
  statements_.query("UPDATE logs_group SET retention=? WHERE id=?").bind(days, group.id).run();
}

std::map<std::string, std::string> LogStore::tags(const Group& group) {
  auto row = statements_.query("SELECT key,value FROM logs_tag WHERE group_id=?");
  row.bind(group.id);
  std::map<std::string, std::string> found;
  while (row.next()) found.emplace(row.text(0), row.text(1));
  return found;
}

void LogStore::put_tags(const Group& group, const std::map<std::string, std::string>& tags) {
  SQLite::Transaction transaction(statements_.db());
  insert_tags(group, tags);
  transaction.commit();
}

void LogStore::insert_tags(const Group& group, const std::map<std::string, std::string>& tags) {
  for (const auto& [key, value] : tags) {
    statements_.query("INSERT OR REPLACE INTO logs_tag VALUES(?,?,?)").bind(group.id, key, value).run();
  }
}

void LogStore::remove_tags(const Group& group, const std::vector<std::string>& keys) {
  SQLite::Transaction transaction(statements_.db());
  for (const auto& key : keys) {
    statements_.query("DELETE FROM logs_tag WHERE group_id=? AND key=?").bind(group.id, key).run();
  }
  transaction.commit();
}

std::optional<Stream> LogStore::find_stream(const Group& group, const std::string& name) {
  auto row = statements_.query(
      "SELECT id,group_id,name,created,first_event,last_event,last_ingestion FROM logs_stream "
      "WHERE group_id=? AND name=?");
  row.bind(group.id, name);
  if (!row.next()) return std::nullopt;
  return stream_from(row);
}

std::string LogStore::stream_name(std::int64_t id) {
  auto row = statements_.query("SELECT name FROM logs_stream WHERE id=?");
  row.bind(id);
  return row.next() ? row.text(0) : std::string();
}

Stream LogStore::create_stream(const Group& group, const std::string& name, std::int64_t now) {
  statements_.query("INSERT INTO logs_stream(group_id,name,created) VALUES(?,?,?)").bind(group.id, name, now).run();
  return {statements_.db().getLastInsertRowid(), group.id, name, now, {}, {}, {}};
}

void LogStore::delete_stream(const Stream& stream) {
  ++deletions_;
  SQLite::Transaction transaction(statements_.db());
  statements_.query("DELETE FROM logs_row WHERE stream_id=?").bind(stream.id).run();
  statements_.query("DELETE FROM logs_stream WHERE id=?").bind(stream.id).run();
  transaction.commit();
}

std::vector<Stream> LogStore::streams(const Group& group, const std::string& prefix, bool by_time, bool descending,
                                      const std::optional<Stream>& after, std::size_t limit) {
  constexpr const char* k_by_name =
      "SELECT id,group_id,name,created,first_event,last_event,last_ingestion FROM logs_stream "
      "WHERE group_id=?1 AND name>=?2 AND (?3='' OR name<?3) AND (?4 IS NULL OR name>?4) ORDER BY name LIMIT ?5";
  constexpr const char* k_by_name_down =
      "SELECT id,group_id,name,created,first_event,last_event,last_ingestion FROM logs_stream "
      "WHERE group_id=?1 AND name>=?2 AND (?3='' OR name<?3) AND (?4 IS NULL OR name<?4) ORDER BY name DESC LIMIT ?5";
  constexpr const char* k_by_time =
      "SELECT id,group_id,name,created,first_event,last_event,last_ingestion FROM logs_stream "
      "WHERE group_id=?1 AND (?2 IS NULL OR (coalesce(last_event,0),name)>(?2,?3)) "
      "ORDER BY coalesce(last_event,0),name LIMIT ?4";
  constexpr const char* k_by_time_down =
      "SELECT id,group_id,name,created,first_event,last_event,last_ingestion FROM logs_stream "
      "WHERE group_id=?1 AND (?2 IS NULL OR (coalesce(last_event,0),name)<(?2,?3)) "
      "ORDER BY coalesce(last_event,0) DESC,name DESC LIMIT ?4";
  std::optional<std::string> name;
  std::optional<std::int64_t> time;
  if (after) {
    name = after->name;
    time = after->last_event.value_or(0);
  }
  auto row = statements_.query(by_time ? (descending ? k_by_time_down : k_by_time)
                                       : (descending ? k_by_name_down : k_by_name));
  if (by_time) {
    row.bind(group.id, time, name, limit);
  } else {
    row.bind(group.id, prefix, after_prefix(prefix), name, limit);
  }
  std::vector<Stream> found;
  while (row.next()) found.push_back(stream_from(row));
  return found;
}

void LogStore::insert_row(const Stream& stream, std::span<const LogEvent> events, std::int64_t now) {
  std::string body;
  for (const LogEvent& event : events) {
    pack(body, static_cast<std::int64_t>(event.timestamp.time_since_epoch().count()));
    pack(body, static_cast<std::uint32_t>(event.message.size()));
    body += event.message;
  }
  const std::int64_t first = events.front().timestamp.time_since_epoch().count();
  const std::int64_t last = events.back().timestamp.time_since_epoch().count();
  statements_.query("INSERT INTO logs_row(id,group_id,stream_id,first,last,ingested,body) VALUES(?,?,?,?,?,?,?)")
      .bind(next_row_++, stream.group, stream.id, first, last, now, Blob{body})
      .run();
  if (participant_) participant_(stream, events, (next_row_ - 1) * k_ids_per_row);
  statements_
      .query(
          "UPDATE logs_stream SET first_event=min(coalesce(first_event,?1),?1), "
          "last_event=max(coalesce(last_event,?2),?2), last_ingestion=?3, span=max(span,?2-?1) WHERE id=?4")
      .bind(first, last, now, stream.id)
      .run();
  if (last == first) return;
  statements_.query("UPDATE logs_group SET span=?1 WHERE id=?2 AND span<?1").bind(last - first, stream.group).run();
}

void LogStore::append(const Stream& stream, std::vector<LogEvent>& events, std::int64_t now) {
  order_by_time(events);
  while (!events.empty()) {
    std::span<const LogEvent> rest(events);
    SQLite::Transaction transaction(statements_.db());
    for (std::size_t written = 0; !rest.empty() && written < k_commit_bytes;) {
      std::size_t count = 0;
      std::size_t bytes = 0;
      while (count < rest.size() && count < k_row_events && (count == 0 || bytes < k_row_bytes)) {
        bytes += rest[count++].message.size() + 12;
      }
      insert_row(stream, rest.first(count), now);
      rest = rest.subspan(count);
      written += bytes;
    }
    transaction.commit();
    const std::size_t committed = events.size() - rest.size();
    if (observer_) observer_(stream, std::span<const LogEvent>(events).first(committed), now);
    events.erase(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(committed));
  }
}

void LogStore::drop_before(const Group& group, std::int64_t time) {
  statements_.query("DELETE FROM logs_row WHERE group_id=?1 AND first<?2 AND last<?2").bind(group.id, time).run();
}

// Reading -------------------------------------------------------------------------------------------------------------

/// A packed row, unpacked in place, and the next event in it.
struct LogStore::Cursor::Row {
  struct Entry {
    Position at;
    std::string_view message;
  };
  std::string body;
  std::vector<Entry> entries;
  std::size_t next = 0;
  std::int64_t ingested = 0;
  std::int64_t stream = 0;

  [[nodiscard]] Position at() const { return entries[next].at; }
};

LogStore::Cursor::Cursor(Query rows, Window window, Position bound, bool forward, std::int64_t span,
                         std::unordered_set<std::int64_t> streams)
    : rows_(std::move(rows)),
      window_(window),
      bound_(bound),
      forward_(forward),
      span_(span),
      streams_(std::move(streams)) {
  row_waiting_ = rows_.next();
}

bool LogStore::Cursor::wanted(Position at) const {
  if (at.time < window_.start || at.time >= window_.end) return false;
  return forward_ ? at > bound_ : at < bound_;
}

void LogStore::Cursor::open_row() {
  auto row = std::make_shared<Row>();
  row->stream = rows_.integer(2);
  if (!streams_.empty() && !streams_.contains(row->stream)) return;
  row->ingested = rows_.integer(3);
  row->body = rows_.text(4);
  std::string_view rest = row->body;
  for (std::int64_t id = rows_.integer(0) * k_ids_per_row; !rest.empty(); ++id) {
    const auto time = unpack<std::int64_t>(rest);
    const auto size = std::min<std::size_t>(unpack<std::uint32_t>(rest), rest.size());
    if (wanted({time, id})) row->entries.push_back({{time, id}, rest.substr(0, size)});
    rest.remove_prefix(size);
  }
  if (row->entries.empty()) return;
  if (!forward_) std::ranges::reverse(row->entries);
  open_.push_back(std::move(row));
}

/// Opens every row that may hold the next event.
void LogStore::Cursor::fill() {
  while (row_waiting_) {
    const std::int64_t first = rows_.integer(1);
    const bool needed = std::ranges::none_of(
        open_, [&](const auto& row) { return forward_ ? row->at().time < first : row->at().time > first + span_; });
    if (!needed) return;
    open_row();
    row_waiting_ = rows_.next();
  }
}

std::optional<LogStore::Cursor::Event> LogStore::Cursor::next() {
  fill();
  if (open_.empty()) return std::nullopt;
  const auto best = std::ranges::min_element(
      open_, [&](const auto& a, const auto& b) { return forward_ ? a->at() < b->at() : a->at() > b->at(); });
  current_ = *best;
  const Row::Entry& entry = current_->entries[current_->next++];
  if (current_->next == current_->entries.size()) open_.erase(best);
  return Event{entry.at, current_->ingested, current_->stream, entry.message};
}

std::vector<StoredEvent> LogStore::read(Cursor cursor, const PageLimits& limits) {
  std::vector<StoredEvent> events;
  std::size_t bytes = 0;
  while (events.size() < limits.events) {
    const auto event = cursor.next();
    if (!event) break;
    bytes += event->message.size() + 26;
    if (!events.empty() && bytes > limits.bytes) break;
    events.push_back({event->at, event->ingested, event->stream, std::string(event->message)});
  }
  return events;
}

namespace {

std::int64_t span_of(Statements& statements, const char* sql, std::int64_t id) {
  auto row = statements.query(sql);
  row.bind(id);
  return row.next() ? row.integer(0) : 0;
}

/// `time - span` without running over.
std::int64_t earlier(std::int64_t time, std::int64_t span) {
  return time > span ? time - span : 0;
}

}  // namespace

std::vector<StoredEvent> LogStore::read_forward(const Stream& stream, const Window& window, Position after,
                                                const PageLimits& limits) {
  const std::int64_t span = span_of(statements_, "SELECT span FROM logs_stream WHERE id=?", stream.id);
  const std::int64_t from = std::max(window.start, after.time);
  auto rows = statements_.query(
      "SELECT id,first,stream_id,ingested,body FROM logs_row "
      "WHERE stream_id=? AND first>=? AND last>=? AND first<? ORDER BY first");
  rows.bind(stream.id, earlier(from, span), from, window.end);
  return read(Cursor(std::move(rows), window, after, true, span, {}), limits);
}

std::vector<StoredEvent> LogStore::read_backward(const Stream& stream, const Window& window, Position before,
                                                 const PageLimits& limits) {
  const std::int64_t span = span_of(statements_, "SELECT span FROM logs_stream WHERE id=?", stream.id);
  auto rows = statements_.query(
      "SELECT id,first,stream_id,ingested,body FROM logs_row "
      "WHERE stream_id=? AND first<=? AND first<? AND last>=? ORDER BY first DESC");
  rows.bind(stream.id, before.time, window.end, window.start);
  auto events = read(Cursor(std::move(rows), window, before, false, span, {}), limits);
  std::ranges::reverse(events);
  return events;
}

LogStore::Cursor LogStore::group_cursor(const Group& group, std::unordered_set<std::int64_t> streams,
                                        const Window& window, Position after) {
  const std::int64_t span = span_of(statements_, "SELECT span FROM logs_group WHERE id=?", group.id);
  const std::int64_t from = std::max(window.start, after.time);
  auto rows = statements_.query(
      "SELECT id,first,stream_id,ingested,body FROM logs_row "
      "WHERE group_id=? AND first>=? AND last>=? AND first<? ORDER BY first");
  rows.bind(group.id, earlier(from, span), from, window.end);
  return {std::move(rows), window, after, true, span, std::move(streams)};
}

}  // namespace sortie::emulator::logs
