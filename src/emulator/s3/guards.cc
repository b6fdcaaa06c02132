#include "emulator/s3/guards.h"

#include "emulator/s3/catalog.h"

/// The part of the catalog that keeps locks and access lists.
namespace sortie::emulator::s3 {
namespace {

/// A row of either table, without its key.
Guard guard_from(const Query& row) {
  Guard guard;
  if (const auto mode = retention_mode_from(row.view(0))) {
    guard.lock.retention = Retention{*mode, SystemTime(std::chrono::milliseconds(row.integer(1)))};
  }
  guard.lock.legal_hold = row.text(2);
  guard.access_list = row.text(3);
  return guard;
}

std::string_view mode_of(const Guard& guard) {
  return guard.lock.retention ? to_string(guard.lock.retention->mode) : std::string_view();
}

std::int64_t until_of(const Guard& guard) {
  return guard.lock.retention ? guard.lock.retention->until.time_since_epoch().count() : 0;
}

}  // namespace

const char* const k_guard_tables = R"sql(
CREATE TABLE IF NOT EXISTS s3_object_guard(
  object INTEGER PRIMARY KEY, mode TEXT NOT NULL, retain_until INTEGER NOT NULL, legal_hold TEXT NOT NULL,
  access_list TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS s3_upload_guard(
  upload TEXT PRIMARY KEY, mode TEXT NOT NULL, retain_until INTEGER NOT NULL, legal_hold TEXT NOT NULL,
  access_list TEXT NOT NULL) WITHOUT ROWID;
)sql";

Guard Catalog::guard(const Object& object) {
  auto row = statements_.query("SELECT mode,retain_until,legal_hold,access_list FROM s3_object_guard WHERE object=?");
  row.bind(object.id);
  return row.next() ? guard_from(row) : Guard();
}

void Catalog::set_guard(const Object& object, const Guard& guard) {
  if (guard == Guard()) {
    statements_.query("DELETE FROM s3_object_guard WHERE object=?").bind(object.id).run();
    return;
  }
  statements_.query("INSERT OR REPLACE INTO s3_object_guard VALUES(?,?,?,?,?)")
      .bind(object.id, mode_of(guard), until_of(guard), guard.lock.legal_hold, guard.access_list)
      .run();
}

Guard Catalog::guard(const Upload& upload) {
  auto row = statements_.query("SELECT mode,retain_until,legal_hold,access_list FROM s3_upload_guard WHERE upload=?");
  row.bind(upload.id);
  return row.next() ? guard_from(row) : Guard();
}

void Catalog::set_guard(const Upload& upload, const Guard& guard) {
  if (guard == Guard()) {
    statements_.query("DELETE FROM s3_upload_guard WHERE upload=?").bind(upload.id).run();
    return;
  }
  statements_.query("INSERT OR REPLACE INTO s3_upload_guard VALUES(?,?,?,?,?)")
      .bind(upload.id, mode_of(guard), until_of(guard), guard.lock.legal_hold, guard.access_list)
      .run();
}

}  // namespace sortie::emulator::s3
