#include "emulator/s3/absent.h"

#include <fmt/format.h>

#include <algorithm>

#include "emulator/core/protocol.h"

namespace sortie::emulator::s3 {
namespace {

/// The operations of one sub-resource, by method; empty where S3 has none.
struct Subresource {
  std::string_view name;
  bool of_object = false;
  std::string_view get;
  std::string_view put;
  std::string_view remove;
  std::string_view post;
  std::string_view list;  ///< a GET without `id`
};

constexpr Subresource k_absent[] = {
    {"abac", false, "GetBucketAbac", "PutBucketAbac", "", "", ""},
    {"metadataConfiguration", false, "GetBucketMetadataConfiguration", "", "DeleteBucketMetadataConfiguration",
     "CreateBucketMetadataConfiguration", ""},
    {"metadataTable", false, "GetBucketMetadataTableConfiguration", "", "DeleteBucketMetadataTableConfiguration",
     "CreateBucketMetadataTableConfiguration", ""},
    {"metadataInventoryTable", false, "", "UpdateBucketMetadataInventoryTableConfiguration", "", "", ""},
    {"metadataJournalTable", false, "", "UpdateBucketMetadataJournalTableConfiguration", "", "", ""},
    {"session", false, "CreateSession", "", "", "", ""},
    {"encryption", true, "", "UpdateObjectEncryption", "", "", ""},
    {"renameObject", true, "", "RenameObject", "", "", ""},
    {"restore", true, "", "", "", "RestoreObject", ""},
    {"select", true, "", "", "", "SelectObjectContent", ""},
    {"torrent", true, "GetObjectTorrent", "", "", "", ""},
};

}  // namespace

std::optional<AwsError> absent_operation(const Request& request) {
  const std::string& method = request.call.request.method;
  const bool of_object = !request.key.empty();
  for (const auto& entry : k_absent) {
    if (entry.of_object != of_object || !request.parameter(entry.name)) continue;
    std::string_view operation = method == "GET"      ? entry.get
                                 : method == "PUT"    ? entry.put
                                 : method == "DELETE" ? entry.remove
                                 : method == "POST"   ? entry.post
                                                      : std::string_view();
    if (method == "GET" && !entry.list.empty() && !request.parameter("id")) operation = entry.list;
    if (!operation.empty()) return not_implemented("s3", operation);
  }
  return std::nullopt;
}

}  // namespace sortie::emulator::s3
