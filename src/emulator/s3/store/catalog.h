#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "emulator/core/sql.h"
#include "emulator/core/store.h"
#include "emulator/s3/protocol/traits.h"
#include "emulator/s3/store/content_store.h"
#include "emulator/s3/store/object_protection.h"

namespace sortie::emulator::s3 {

/// The version of what was written outside versioning.
inline constexpr std::string_view k_null_version = "null";

enum class Versioning : std::uint8_t { never, enabled, suspended };

struct Bucket {
  std::int64_t id = 0;
  std::string name;
  std::string region;
  SystemTime created{};
  Versioning versioning = Versioning::never;
};

/// One part of an object's bytes: number 0 for an object that was put in one piece.
struct Part {
  int number = 0;
  std::int64_t content = 0;
  std::uint64_t size = 0;
  std::string checksum;  ///< base64, of the object's or upload's algorithm; empty when there is none
  std::string etag;      ///< without quotation marks; only of parts of unfinished uploads
  SystemTime modified{};
};

/// One version of an object, or a delete marker.
struct Object {
  std::int64_t id = 0;
  std::int64_t sequence = 0;  ///< grows with every write to the service
  std::string key;
  std::string version;  ///< `null` outside versioned buckets
  bool latest = true;
  bool marker = false;
  std::uint64_t size = 0;
  std::string etag;  ///< without quotation marks
  SystemTime modified{};
  ObjectTraits traits;
};

struct Upload {
  std::string id;
  std::int64_t bucket = 0;
  std::int64_t sequence = 0;
  std::string key;
  SystemTime initiated{};
  std::string initiator;     ///< ARN
  ObjectTraits traits;       ///< checksum: the algorithm and type agreed on, without a value
  std::optional<Seal> seal;  ///< of the customer's key that all parts must come with
};

/// What the completion of a multipart upload made: a client that did not get the answer asks again.
struct Completion {
  std::string parts;  ///< what was asked for, as `multipart.cc` sums it up
  std::string version;
  std::string etag;  ///< without quotation marks
  std::optional<ObjectChecksum> checksum;
  SystemTime completed{};
  bool sealed = false;  ///< with a customer's key
};

/// So long is a completion answered again.
inline constexpr std::chrono::hours k_completions_known{24};

/// Where a listing goes on.
struct ListStart {
  std::string key;         ///< the first key looked at
  bool inclusive = false;  ///< the key itself belongs to the listing
};

/// The tables of S3: buckets, objects, uploads. Database failures are SQLite::Exception. Writes that touch
/// contents take place in a ContentStore::Change; the others commit at once. io_context thread only.
class Catalog {
 public:
  Catalog(Store& store, Statements& statements);

  std::optional<Bucket> find_bucket(std::string_view name);
  /// By name, after `after`.
  std::vector<Bucket> buckets(const std::string& prefix, const std::string& region, const std::string& after,
                              std::size_t limit);
  void create_bucket(const std::string& name, const std::string& region, SystemTime now);
  /// False when it still holds objects, versions or markers. Unfinished uploads go with it.
  bool delete_bucket(const Bucket& bucket, ContentStore& contents);
  void set_versioning(const Bucket& bucket, Versioning versioning);

  /// A bucket's document by name (`policy`, `tagging`, `publicAccessBlock`).
  std::optional<std::string> config(const Bucket& bucket, std::string_view name);
  /// The documents whose names begin with `prefix`, without it, in order behind `after`.
  Fields configs(const Bucket& bucket, std::string_view prefix, std::string_view after, std::size_t limit);
  void set_config(const Bucket& bucket, std::string_view name, const std::optional<std::string>& document);

  /// The newest version, which may be a marker; or the version named.
  std::optional<Object> find_object(const Bucket& bucket, const std::string& key, std::string_view version = {});
  std::vector<Part> parts(const Object& object);
  /// Adds a version as the bucket's versioning asks; fills `id`, `version`, `sequence`.
  void put_object(ContentStore::Change& change, const Bucket& bucket, Object& object, const std::vector<Part>& parts);
  /// Removes one version for good; the next older one becomes the newest.
  void remove_version(ContentStore::Change& change, const Bucket& bucket, const Object& object);
  void set_tags(const Object& object, const Tags& tags);
  /// Locks and access control lists; they go with their object or upload.
  ObjectProtections& protections() { return protections_; }

  /// Newest versions that are not markers, by key; stops when `wanted` says false.
  template <class Wanted>
  void list(const Bucket& bucket, const ListStart& start, const Wanted& wanted);
  /// All versions and markers, by key, newest first, behind the version of `key` with `sequence`.
  template <class Wanted>
  void list_versions(const Bucket& bucket, const ListStart& start, std::int64_t sequence, const Wanted& wanted);

  /// Within a ContentStore::Change, as it may take more than one row.
  void create_upload(Upload& upload);
  std::optional<Upload> find_upload(const Bucket& bucket, const std::string& key, const std::string& id);
  /// By key, then by time, behind an upload of `key` with `sequence`.
  std::vector<Upload> uploads(const Bucket& bucket, const ListStart& start, std::int64_t sequence,
                              const std::string& prefix, std::size_t limit);
  void put_part(ContentStore::Change& change, const Upload& upload, const Part& part);
  std::vector<Part> upload_parts(const Upload& upload, int after, std::size_t limit);
  /// Within the change that removes the upload.
  void remember(const Upload& upload, const Completion& completion);
  std::optional<Completion> completion(const Bucket& bucket, const std::string& key, const std::string& id);
  /// Forgets the upload. Its contents are released, except those kept by a new object.
  void remove_upload(ContentStore::Change& change, const Upload& upload);

 private:
  std::int64_t next_sequence();
  static Object object_from(const Query& row);

  Statements& statements_;
  ObjectProtections protections_;
  std::int64_t sequence_ = 0;
};

/// Where a range of an object's bytes is.
std::vector<Piece> pieces_of(const std::vector<Part>& parts, std::uint64_t first, std::uint64_t size);

#define SORTIE_S3_OBJECT_COLUMNS \
  "id,sequence,key,version,latest,marker,size,etag,modified,headers,storage_class,tags,checksum"

template <class Wanted>
void Catalog::list(const Bucket& bucket, const ListStart& start, const Wanted& wanted) {
  auto row = statements_.query(start.inclusive
                                   ? "SELECT " SORTIE_S3_OBJECT_COLUMNS
                                     " FROM s3_object WHERE bucket=? AND latest=1 AND marker=0 AND key>=? ORDER BY key"
                                   : "SELECT " SORTIE_S3_OBJECT_COLUMNS
                                     " FROM s3_object WHERE bucket=? AND latest=1 AND marker=0 AND key>? ORDER BY key");
  row.bind(bucket.id, start.key);
  while (row.next() && wanted(object_from(row))) {
  }
}

template <class Wanted>
void Catalog::list_versions(const Bucket& bucket, const ListStart& start, std::int64_t sequence, const Wanted& wanted) {
  auto row = statements_.query("SELECT " SORTIE_S3_OBJECT_COLUMNS
                               " FROM s3_object WHERE bucket=?1 AND key>=?2 AND (key>?2 OR ?3 OR sequence<?4) "
                               "ORDER BY key, sequence DESC");
  row.bind(bucket.id, start.key, static_cast<int>(start.inclusive), sequence);
  while (row.next() && wanted(object_from(row))) {
  }
}

}  // namespace sortie::emulator::s3
