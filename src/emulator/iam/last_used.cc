#include "emulator/iam/last_used.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <chrono>

namespace sortie::emulator::iam {

namespace {

constexpr auto k_write_interval = std::chrono::minutes(1);

}  // namespace

LastUses::LastUses(Store& store) : store_(store) {
  store_.db().exec(
      "CREATE TABLE IF NOT EXISTS iam_last_used (id TEXT PRIMARY KEY, time INTEGER NOT NULL, region TEXT NOT NULL, "
      "service TEXT NOT NULL) WITHOUT ROWID");
  SQLite::Statement rows(store_.db(), "SELECT id, time, region, service FROM iam_last_used");
  while (rows.executeStep()) {
    const SystemTime time{std::chrono::milliseconds(rows.getColumn(1).getInt64())};
    entries_[rows.getColumn(0).getString()] = {{time, rows.getColumn(2).getString(), rows.getColumn(3).getString()},
                                               time};
  }
}

void LastUses::note(std::string_view id, SystemTime now, std::string_view region, std::string_view service) {
  Entry& entry = entries_[std::string(id)];
  const bool elsewhere = entry.last.region != region || entry.last.service != service;
  entry.last.time = now;
  if (elsewhere) {
    entry.last.region = region;
    entry.last.service = service;
  }
  if (now - entry.written < k_write_interval) return;
  entry.written = now;
  SQLite::Statement write(store_.db(), "INSERT OR REPLACE INTO iam_last_used VALUES (?, ?, ?, ?)");
  write.bind(1, std::string(id));
  write.bind(2, static_cast<std::int64_t>(now.time_since_epoch().count()));
  write.bind(3, entry.last.region);
  write.bind(4, entry.last.service);
  write.exec();
}

std::optional<LastUse> LastUses::find(const std::string& id) const {
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return std::nullopt;
  return entry->second.last;
}

}  // namespace sortie::emulator::iam
