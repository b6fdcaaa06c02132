#include "emulator/s3/bucket/rows.h"

/// Operations of S3 on buckets that the embedded AWS does not have.
namespace sortie::emulator::s3 {
namespace {

constexpr Row k_rows[] = {
    {"GetBucketAbac", nullptr, on_bucket("GET", "abac")},
    {"PutBucketAbac", nullptr, on_bucket("PUT", "abac")},
    {"GetBucketMetadataConfiguration", nullptr, on_bucket("GET", "metadataConfiguration")},
    {"DeleteBucketMetadataConfiguration", nullptr, on_bucket("DELETE", "metadataConfiguration")},
    {"CreateBucketMetadataConfiguration", nullptr, on_bucket("POST", "metadataConfiguration")},
    {"GetBucketMetadataTableConfiguration", nullptr, on_bucket("GET", "metadataTable")},
    {"DeleteBucketMetadataTableConfiguration", nullptr, on_bucket("DELETE", "metadataTable")},
    {"CreateBucketMetadataTableConfiguration", nullptr, on_bucket("POST", "metadataTable")},
    {"UpdateBucketMetadataInventoryTableConfiguration", nullptr, on_bucket("PUT", "metadataInventoryTable")},
    {"UpdateBucketMetadataJournalTableConfiguration", nullptr, on_bucket("PUT", "metadataJournalTable")},
    {"CreateSession", nullptr, on_bucket("GET", "session")},
    // Their own hosts are refused by the router; this is for clients that send them to S3's.
    {"ListDirectoryBuckets", nullptr, {Route::Target::service, "GET", "max-directory-buckets"}},
    {"WriteGetObjectResponse", nullptr, {Route::Target::bucket, "POST", {}, {}, "x-amz-request-route"}},
};

}  // namespace

std::span<const Row> unsupported_bucket_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
