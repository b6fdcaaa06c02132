#include "emulator/s3/store/object_protection.h"

#include "emulator/s3/store/catalog.h"

namespace sortie::emulator::s3 {
namespace {

constexpr const char* k_tables = R"sql(
CREATE TABLE IF NOT EXISTS s3_object_guard(
  object INTEGER PRIMARY KEY, mode TEXT NOT NULL, retain_until INTEGER NOT NULL, legal_hold TEXT NOT NULL,
  access_list TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS s3_upload_guard(
  upload TEXT PRIMARY KEY, mode TEXT NOT NULL, retain_until INTEGER NOT NULL, legal_hold TEXT NOT NULL,
  access_list TEXT NOT NULL) WITHOUT ROWID;
)sql";

/// A row of either table, without its key.
ObjectProtection protection_from(const Query& row) {
  ObjectProtection protection;
  if (const auto mode = retention_mode_from(row.view(0))) {
    protection.lock.retention = Retention{*mode, SystemTime(std::chrono::milliseconds(row.integer(1)))};
  }
  protection.lock.legal_hold = row.text(2);
  protection.access_list = row.text(3);
  return protection;
}

std::string_view mode_of(const ObjectProtection& protection) {
  return protection.lock.retention ? to_string(protection.lock.retention->mode) : std::string_view();
}

std::int64_t until_of(const ObjectProtection& protection) {
  return protection.lock.retention ? protection.lock.retention->until.time_since_epoch().count() : 0;
}

}  // namespace

ObjectProtections::ObjectProtections(Store& store, Statements& statements) : statements_(statements) {
  store.db().exec(k_tables);
}

ObjectProtection ObjectProtections::of(const Object& object) {
  auto row = statements_.query("SELECT mode,retain_until,legal_hold,access_list FROM s3_object_guard WHERE object=?");
  row.bind(object.id);
  return row.next() ? protection_from(row) : ObjectProtection();
}

void ObjectProtections::set(const Object& object, const ObjectProtection& protection) {
  if (protection == ObjectProtection()) {
    statements_.query("DELETE FROM s3_object_guard WHERE object=?").bind(object.id).run();
    return;
  }
  statements_.query("INSERT OR REPLACE INTO s3_object_guard VALUES(?,?,?,?,?)")
      .bind(object.id, mode_of(protection), until_of(protection), protection.lock.legal_hold, protection.access_list)
      .run();
}

ObjectProtection ObjectProtections::of(const Upload& upload) {
  auto row = statements_.query("SELECT mode,retain_until,legal_hold,access_list FROM s3_upload_guard WHERE upload=?");
  row.bind(upload.id);
  return row.next() ? protection_from(row) : ObjectProtection();
}

void ObjectProtections::set(const Upload& upload, const ObjectProtection& protection) {
  if (protection == ObjectProtection()) {
    statements_.query("DELETE FROM s3_upload_guard WHERE upload=?").bind(upload.id).run();
    return;
  }
  statements_.query("INSERT OR REPLACE INTO s3_upload_guard VALUES(?,?,?,?,?)")
      .bind(upload.id, mode_of(protection), until_of(protection), protection.lock.legal_hold, protection.access_list)
      .run();
}

}  // namespace sortie::emulator::s3
