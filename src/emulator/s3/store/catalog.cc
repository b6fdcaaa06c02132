#include "emulator/s3/store/catalog.h"

#include <algorithm>
#include <boost/json.hpp>

#include "emulator/s3/store/version_id.h"
#include "wire/checksum.h"

namespace sortie::emulator::s3 {
namespace {

namespace json = boost::json;

constexpr const char* k_tables = R"sql(
CREATE TABLE IF NOT EXISTS s3_bucket(
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, region TEXT NOT NULL, created INTEGER NOT NULL,
  versioning INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS s3_bucket_config(
  bucket INTEGER NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY(bucket, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS s3_object(
  id INTEGER PRIMARY KEY, bucket INTEGER NOT NULL, key TEXT NOT NULL, sequence INTEGER NOT NULL,
  version TEXT NOT NULL, latest INTEGER NOT NULL, marker INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
  modified INTEGER NOT NULL, headers TEXT NOT NULL, storage_class TEXT NOT NULL, tags TEXT NOT NULL, checksum TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS s3_object_version ON s3_object(bucket, key, sequence DESC);
CREATE UNIQUE INDEX IF NOT EXISTS s3_object_latest ON s3_object(bucket, key) WHERE latest=1;
CREATE TABLE IF NOT EXISTS s3_object_part(
  object INTEGER NOT NULL, number INTEGER NOT NULL, content INTEGER NOT NULL, size INTEGER NOT NULL,
  checksum TEXT NOT NULL, PRIMARY KEY(object, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS s3_upload(
  id TEXT PRIMARY KEY, bucket INTEGER NOT NULL, key TEXT NOT NULL, sequence INTEGER NOT NULL,
  initiated INTEGER NOT NULL, initiator TEXT NOT NULL, headers TEXT NOT NULL, storage_class TEXT NOT NULL,
  tags TEXT NOT NULL, checksum TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS s3_upload_by_key ON s3_upload(bucket, key, sequence);
CREATE TABLE IF NOT EXISTS s3_upload_part(
  upload TEXT NOT NULL, number INTEGER NOT NULL, content INTEGER NOT NULL, size INTEGER NOT NULL,
  checksum TEXT NOT NULL, etag TEXT NOT NULL, modified INTEGER NOT NULL, PRIMARY KEY(upload, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS s3_completion(
  upload TEXT PRIMARY KEY, bucket INTEGER NOT NULL, key TEXT NOT NULL, completed INTEGER NOT NULL, parts TEXT NOT NULL,
  version TEXT NOT NULL, etag TEXT NOT NULL, checksum TEXT, sealed INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS s3_completion_by_time ON s3_completion(completed);
CREATE TABLE IF NOT EXISTS s3_upload_seal(
  upload TEXT PRIMARY KEY, salt BLOB NOT NULL, proof BLOB NOT NULL) WITHOUT ROWID;
)sql";

std::int64_t millis(SystemTime time) {
  return time.time_since_epoch().count();
}
SystemTime from_millis(std::int64_t value) {
  return SystemTime(std::chrono::milliseconds(value));
}

/// Pairs as a flat JSON array; empty text for none, which most objects have.
std::string pack(const Fields& fields) {
  if (fields.empty()) return {};
  json::array flat;
  for (const auto& [name, value] : fields) {
    flat.emplace_back(name);
    flat.emplace_back(value);
  }
  return json::serialize(flat);
}

Fields unpack(std::string_view text) {
  Fields fields;
  if (text.empty()) return fields;
  // What is kept may come from foreign headers: bytes that are no UTF-8 must not make an object unreadable for ever.
  json::parse_options lenient;
  lenient.allow_invalid_utf8 = true;
  const json::value flat = json::parse(text, {}, lenient);
  const json::array& array = flat.as_array();
  for (std::size_t i = 0; i + 1 < array.size(); i += 2) {
    fields.emplace_back(array[i].as_string(), array[i + 1].as_string());
  }
  return fields;
}

/// `CRC32 full VALUE`
std::optional<std::string> pack(const std::optional<ObjectChecksum>& checksum) {
  if (!checksum) return std::nullopt;
  return std::string(wire::to_string(checksum->algorithm)) + (checksum->composite ? " parts " : " full ") +
         checksum->value;
}

std::optional<ObjectChecksum> unpack_checksum(std::string_view text) {
  const auto first = text.find(' ');
  const auto second = first == std::string_view::npos ? first : text.find(' ', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto algorithm = wire::checksum_algorithm_from(text.substr(0, first));
  if (!algorithm) return std::nullopt;
  return ObjectChecksum{*algorithm, std::string(text.substr(second + 1)),
                        text.substr(first + 1, second - first - 1) == "parts"};
}

Bucket bucket_from(const Query& row) {
  return {row.integer(0), row.text(1), row.text(2), from_millis(row.integer(3)),
          static_cast<Versioning>(row.integer(4))};
}

Upload upload_from(const Query& row) {
  Upload upload{row.text(0), row.integer(1), row.integer(3), row.text(2), from_millis(row.integer(4)), row.text(5), {}};
  upload.traits.headers = unpack(row.view(6));
  upload.traits.storage_class = row.text(7);
  upload.traits.tags = unpack(row.view(8));
  upload.traits.checksum = unpack_checksum(row.view(9));
  return upload;
}

}  // namespace

std::vector<Piece> pieces_of(const std::vector<Part>& parts, std::uint64_t first, std::uint64_t size) {
  std::vector<Piece> pieces;
  for (const Part& part : parts) {
    if (size == 0) break;
    if (first >= part.size) {
      first -= part.size;
      continue;
    }
    const std::uint64_t taken = std::min(size, part.size - first);
    pieces.push_back({part.content, first, taken});
    size -= taken;
    first = 0;
  }
  return pieces;
}

Catalog::Catalog(Store& store, Statements& statements) : statements_(statements), protections_(store, statements) {
  store.db().exec(k_tables);
  auto row = statements_.query(
      "SELECT max(coalesce((SELECT max(sequence) FROM s3_object),0), coalesce((SELECT max(sequence) FROM "
      "s3_upload),0))");
  row.next();
  sequence_ = row.integer(0);
}

std::int64_t Catalog::next_sequence() {
  return ++sequence_;
}

std::optional<Bucket> Catalog::find_bucket(std::string_view name) {
  auto row = statements_.query("SELECT id,name,region,created,versioning FROM s3_bucket WHERE name=?");
  row.bind(name);
  if (!row.next()) return std::nullopt;
  return bucket_from(row);
}

std::vector<Bucket> Catalog::buckets(const std::string& prefix, const std::string& region, const std::string& after,
                                     std::size_t limit) {
  auto row = statements_.query(
      "SELECT id,name,region,created,versioning FROM s3_bucket WHERE name>?1 AND substr(name,1,length(?2))=?2 "
      "AND (?3='' OR region=?3) ORDER BY name LIMIT ?4");
  row.bind(after, prefix, region, limit);
  std::vector<Bucket> found;
  while (row.next()) found.push_back(bucket_from(row));
  return found;
}

void Catalog::create_bucket(const std::string& name, const std::string& region, SystemTime now) {
  statements_.query("INSERT INTO s3_bucket(name,region,created) VALUES(?,?,?)").bind(name, region, millis(now)).run();
}

bool Catalog::delete_bucket(const Bucket& bucket, ContentStore& contents) {
  {
    auto row = statements_.query("SELECT 1 FROM s3_object WHERE bucket=? LIMIT 1");
    row.bind(bucket.id);
    if (row.next()) return false;
  }
  ContentStore::Change change(contents);
  for (;;) {
    const auto some = uploads(bucket, {"", true}, 0, "", 100);
    if (some.empty()) break;
    for (const Upload& upload : some) remove_upload(change, upload);
  }
  statements_.query("DELETE FROM s3_completion WHERE bucket=?").bind(bucket.id).run();
  statements_.query("DELETE FROM s3_bucket_config WHERE bucket=?").bind(bucket.id).run();
  statements_.query("DELETE FROM s3_bucket WHERE id=?").bind(bucket.id).run();
  change.commit();
  return true;
}

void Catalog::set_versioning(const Bucket& bucket, Versioning versioning) {
  statements_.query("UPDATE s3_bucket SET versioning=? WHERE id=?").bind(static_cast<int>(versioning), bucket.id).run();
}

std::optional<std::string> Catalog::config(const Bucket& bucket, std::string_view name) {
  auto row = statements_.query("SELECT document FROM s3_bucket_config WHERE bucket=? AND name=?");
  row.bind(bucket.id, name);
  if (!row.next()) return std::nullopt;
  return row.text(0);
}

Fields Catalog::configs(const Bucket& bucket, std::string_view prefix, std::string_view after, std::size_t limit) {
  auto row = statements_.query(
      "SELECT substr(name,length(?2)+1),document FROM s3_bucket_config WHERE bucket=?1 AND name>?2||?3 AND "
      "substr(name,1,length(?2))=?2 ORDER BY name LIMIT ?4");
  row.bind(bucket.id, prefix, after, limit);
  Fields found;
  while (row.next()) found.emplace_back(row.text(0), row.text(1));
  return found;
}

void Catalog::set_config(const Bucket& bucket, std::string_view name, const std::optional<std::string>& document) {
  if (!document) {
    statements_.query("DELETE FROM s3_bucket_config WHERE bucket=? AND name=?").bind(bucket.id, name).run();
    return;
  }
  statements_.query("INSERT OR REPLACE INTO s3_bucket_config VALUES(?,?,?)").bind(bucket.id, name, *document).run();
}

Object Catalog::object_from(const Query& row) {
  Object object{row.integer(0),
                row.integer(1),
                row.text(2),
                row.text(3),
                row.integer(4) != 0,
                row.integer(5) != 0,
                static_cast<std::uint64_t>(row.integer(6)),
                row.text(7),
                from_millis(row.integer(8)),
                {}};
  object.traits.headers = unpack(row.view(9));
  object.traits.storage_class = row.text(10);
  object.traits.tags = unpack(row.view(11));
  object.traits.checksum = unpack_checksum(row.view(12));
  return object;
}

std::optional<Object> Catalog::find_object(const Bucket& bucket, const std::string& key, std::string_view version) {
  auto row = statements_.query(
      version.empty() ? "SELECT " SORTIE_S3_OBJECT_COLUMNS " FROM s3_object WHERE bucket=? AND key=? AND latest=1"
                      : "SELECT " SORTIE_S3_OBJECT_COLUMNS " FROM s3_object WHERE bucket=? AND key=? AND version=?");
  row.bind(bucket.id, key);
  if (!version.empty()) row.bind(version);
  if (!row.next()) return std::nullopt;
  return object_from(row);
}

std::vector<Part> Catalog::parts(const Object& object) {
  auto row =
      statements_.query("SELECT number,content,size,checksum FROM s3_object_part WHERE object=? ORDER BY number");
  row.bind(object.id);
  std::vector<Part> found;
  while (row.next()) {
    found.push_back({static_cast<int>(row.integer(0)),
                     row.integer(1),
                     static_cast<std::uint64_t>(row.integer(2)),
                     row.text(3),
                     {},
                     {}});
  }
  return found;
}

void Catalog::put_object(ContentStore::Change& change, const Bucket& bucket, Object& object,
                         const std::vector<Part>& parts) {
  object.sequence = next_sequence();
  object.version =
      bucket.versioning == Versioning::enabled ? make_version_id(object.sequence) : std::string(k_null_version);
  if (bucket.versioning != Versioning::enabled) {
    if (const auto replaced = find_object(bucket, object.key, k_null_version))
      remove_version(change, bucket, *replaced);
  }
  statements_.query("UPDATE s3_object SET latest=0 WHERE bucket=? AND key=? AND latest=1")
      .bind(bucket.id, object.key)
      .run();
  statements_
      .query(
          "INSERT INTO s3_object(bucket,key,sequence,version,latest,marker,size,etag,modified,headers,"
          "storage_class,tags,checksum) VALUES(?,?,?,?,1,?,?,?,?,?,?,?,?)")
      .bind(bucket.id, object.key, object.sequence, object.version, static_cast<int>(object.marker), object.size,
            object.etag, millis(object.modified), pack(object.traits.headers), object.traits.storage_class,
            pack(object.traits.tags), pack(object.traits.checksum))
      .run();
  object.id = statements_.db().getLastInsertRowid();
  for (const Part& part : parts) {
    statements_.query("INSERT INTO s3_object_part(object,number,content,size,checksum) VALUES(?,?,?,?,?)")
        .bind(object.id, part.number, part.content, part.size, part.checksum)
        .run();
  }
}

void Catalog::remove_version(ContentStore::Change& change, const Bucket& bucket, const Object& object) {
  for (const Part& part : parts(object)) change.release(part.content);
  statements_.query("DELETE FROM s3_object_part WHERE object=?").bind(object.id).run();
  protections_.set(object, {});
  statements_.query("DELETE FROM s3_object WHERE id=?").bind(object.id).run();
  if (!object.latest) return;
  statements_
      .query(
          "UPDATE s3_object SET latest=1 WHERE id=(SELECT id FROM s3_object WHERE bucket=? AND key=? "
          "ORDER BY sequence DESC LIMIT 1)")
      .bind(bucket.id, object.key)
      .run();
}

void Catalog::set_tags(const Object& object, const Tags& tags) {
  statements_.query("UPDATE s3_object SET tags=? WHERE id=?").bind(pack(tags), object.id).run();
}

// Multipart uploads ---------------------------------------------------------------------------------------------------

void Catalog::create_upload(Upload& upload) {
  upload.sequence = next_sequence();
  upload.id = make_upload_id(upload.sequence, upload.key);
  statements_.query("INSERT INTO s3_upload VALUES(?,?,?,?,?,?,?,?,?,?)")
      .bind(upload.id, upload.bucket, upload.key, upload.sequence, millis(upload.initiated), upload.initiator,
            pack(upload.traits.headers), upload.traits.storage_class, pack(upload.traits.tags),
            pack(upload.traits.checksum))
      .run();
  if (upload.seal) {
    statements_.query("INSERT INTO s3_upload_seal(upload,salt,proof) VALUES(?,?,?)")
        .bind(upload.id, Blob{upload.seal->salt}, Blob{upload.seal->proof})
        .run();
  }
}

std::optional<Upload> Catalog::find_upload(const Bucket& bucket, const std::string& key, const std::string& id) {
  auto row = statements_.query(
      "SELECT id,bucket,key,sequence,initiated,initiator,headers,storage_class,tags,checksum FROM s3_upload "
      "WHERE id=? AND bucket=? AND key=?");
  row.bind(id, bucket.id, key);
  if (!row.next()) return std::nullopt;
  Upload upload = upload_from(row);
  if (upload.traits.sealed()) {
    auto seal = statements_.query("SELECT salt,proof FROM s3_upload_seal WHERE upload=?");
    seal.bind(id);
    if (seal.next()) upload.seal = Seal{seal.text(0), seal.text(1)};
  }
  return upload;
}

std::vector<Upload> Catalog::uploads(const Bucket& bucket, const ListStart& start, std::int64_t sequence,
                                     const std::string& prefix, std::size_t limit) {
  auto row = statements_.query(
      "SELECT id,bucket,key,sequence,initiated,initiator,headers,storage_class,tags,checksum FROM s3_upload "
      "WHERE bucket=?1 AND key>=?2 AND (key>?2 OR ?3 OR (?4>0 AND sequence>?4)) AND substr(key,1,length(?5))=?5 "
      "ORDER BY key,sequence LIMIT ?6");
  row.bind(bucket.id, start.key, static_cast<int>(start.inclusive), sequence, prefix, limit);
  std::vector<Upload> found;
  while (row.next()) found.push_back(upload_from(row));
  return found;
}

void Catalog::put_part(ContentStore::Change& change, const Upload& upload, const Part& part) {
  std::optional<std::int64_t> replaced;
  {
    auto row = statements_.query("SELECT content FROM s3_upload_part WHERE upload=? AND number=?");
    row.bind(upload.id, part.number);
    if (row.next()) replaced = row.integer(0);
  }
  if (replaced) change.release(*replaced);
  statements_
      .query(
          "INSERT OR REPLACE INTO s3_upload_part(upload,number,content,size,checksum,etag,modified) "
          "VALUES(?,?,?,?,?,?,?)")
      .bind(upload.id, part.number, part.content, part.size, part.checksum, part.etag, millis(part.modified))
      .run();
}

std::vector<Part> Catalog::upload_parts(const Upload& upload, int after, std::size_t limit) {
  auto row = statements_.query(
      "SELECT number,content,size,checksum,etag,modified FROM s3_upload_part WHERE upload=? AND number>? "
      "ORDER BY number LIMIT ?");
  row.bind(upload.id, after, limit);
  std::vector<Part> found;
  while (row.next()) {
    found.push_back({static_cast<int>(row.integer(0)), row.integer(1), static_cast<std::uint64_t>(row.integer(2)),
                     row.text(3), row.text(4), from_millis(row.integer(5))});
  }
  return found;
}

void Catalog::remove_upload(ContentStore::Change& change, const Upload& upload) {
  for (const Part& part : upload_parts(upload, 0, 10'000)) change.release(part.content);
  statements_.query("DELETE FROM s3_upload_part WHERE upload=?").bind(upload.id).run();
  protections_.set(upload, {});
  statements_.query("DELETE FROM s3_upload_seal WHERE upload=?").bind(upload.id).run();
  statements_.query("DELETE FROM s3_upload WHERE id=?").bind(upload.id).run();
}

void Catalog::remember(const Upload& upload, const Completion& completion) {
  statements_.query("DELETE FROM s3_completion WHERE completed<?")
      .bind(millis(completion.completed - k_completions_known))
      .run();
  statements_.query("INSERT OR REPLACE INTO s3_completion VALUES(?,?,?,?,?,?,?,?,?)")
      .bind(upload.id, upload.bucket, upload.key, millis(completion.completed), completion.parts, completion.version,
            completion.etag, pack(completion.checksum), static_cast<int>(completion.sealed))
      .run();
}

std::optional<Completion> Catalog::completion(const Bucket& bucket, const std::string& key, const std::string& id) {
  auto row = statements_.query(
      "SELECT parts,version,etag,checksum,completed,sealed FROM s3_completion WHERE upload=? AND bucket=? AND key=?");
  row.bind(id, bucket.id, key);
  if (!row.next()) return std::nullopt;
  return Completion{
      row.text(0),        row.text(1), row.text(2), unpack_checksum(row.view(3)), from_millis(row.integer(4)),
      row.integer(5) != 0};
}

}  // namespace sortie::emulator::s3
