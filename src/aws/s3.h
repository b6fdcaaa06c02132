#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/client.h"
#include "base/clock.h"
#include "wire/checksum.h"

namespace sortie::aws {

enum class AddressingStyle : std::uint8_t {
  automatic,     ///< virtual host on AWS where the bucket's name allows it, path with an endpoint URL
  path,          ///< `host/bucket/key`
  virtual_host,  ///< `bucket.host/key`, with an endpoint URL too
};

struct S3Options {
  AddressingStyle addressing = AddressingStyle::automatic;
  /// Send a checksum with uploads (header for bytes in memory, trailer for streams). Some S3-compatible stores know
  /// none.
  std::optional<wire::ChecksumAlgorithm> upload_checksum = wire::ChecksumAlgorithm::crc32;
  int signature_version = 4;  ///< 2 for old S3-compatible stores
  bool anonymous = false;     ///< nothing is signed
};

/// A body to upload: bytes, or a stream that can be made again.
struct UploadBody {
  std::string bytes;
  BodyFactory stream;
  std::uint64_t stream_length = 0;
  /// Of a stream that was read before: its sha256 in hex, which is signed (otherwise the payload is not, and only TLS
  /// protects it), and its checksum by `S3Options::upload_checksum` in base64, which is sent in a header. With it the
  /// stream is sent as it is, which stores that do not know aws-chunked bodies need.
  std::string sha256;
  std::string checksum;
};

/// What objects carry beside their bytes.
struct ObjectHeaders {
  std::string content_type;
  std::string content_encoding;
  std::string cache_control;
  std::string storage_class;
  std::string server_side_encryption;  ///< AES256, aws:kms
  std::string sse_kms_key_id;
  std::map<std::string, std::string> metadata;
};

struct PutObjectRequest {
  std::string bucket;
  std::string key;
  UploadBody body;
  ObjectHeaders headers;
  std::string if_none_match;  ///< `*`: only when there is no such object
  std::string if_match;
};

struct PutObjectResponse {
  std::string etag;  ///< with its quotes
  std::string version_id;
};

struct GetObjectRequest {
  std::string bucket;
  std::string key;
  std::string version_id;
  std::string range;  ///< `bytes=0-99`
  std::string if_match;
  std::string if_none_match;
  bool want_checksum = false;  ///< asks for the stored checksum
};

/// A checksum of bytes as S3 sends it.
struct StatedChecksum {
  wire::ChecksumAlgorithm algorithm = wire::ChecksumAlgorithm::crc32;
  std::string value;  ///< base64
};

/// The facts of HeadObject and GetObject.
struct ObjectInfo {
  std::uint64_t size = 0;     ///< of what is sent: of the range, when one was asked for
  std::string content_range;  ///< `bytes 0-99/1000`
  bool has_end = true;        ///< false: the body ends with the connection, and a cut one looks like a whole one
  std::string etag;
  std::string version_id;
  std::string content_type;
  std::optional<SystemTime> last_modified;
  std::map<std::string, std::string> metadata;
  /// Of the bytes that are sent. Nothing when none was asked for or stored, or when it is one of parts' checksums.
  std::optional<StatedChecksum> checksum;
};

struct GetObjectResponse {
  ObjectInfo info;
  http::Body body;  ///< streaming; a cut connection is an error in `read`
};

struct DeletedObjects {
  struct Failure {
    std::string key;
    std::string code;
    std::string message;
  };
  std::vector<std::string> deleted;
  std::vector<Failure> failed;
};

struct ListObjectsRequest {
  std::string bucket;
  std::string prefix;
  std::string delimiter;
  std::string start_after;
  std::string token;
  int max_keys = 0;
};

struct ObjectSummary {
  std::string key;
  std::uint64_t size = 0;
  std::string etag;
  std::optional<SystemTime> last_modified;
  std::string storage_class;
};

struct ListObjectsPage {
  std::vector<ObjectSummary> objects;
  std::vector<std::string> common_prefixes;
  std::string next_token;  ///< empty: the last page
};

/// An object to copy from.
struct CopySource {
  std::string bucket;
  std::string key;
  std::string if_match;  ///< an ETag: only while it is that one; empty: whatever it is
};

struct CompletedPart {
  int number = 0;  ///< from 1
  std::string etag;
  std::string checksum;  ///< base64, empty: none
};

/// Whether a bucket can stand in front of a host name under a wildcard certificate (`*.s3.…`): no dots, no upper case.
bool is_host_label(std::string_view bucket);

/// Amazon S3, API 2006-03-01.
class S3 {
 public:
  explicit S3(ClientConfig config, S3Options options = {});

  /// In the client's region. A bucket of ours that is there already is ErrorKind::config with its code.
  Task<Result<void>> create_bucket(std::string bucket);
  Task<Result<void>> delete_bucket(std::string bucket);
  /// ErrorKind::not_found when there is none.
  Task<Result<void>> head_bucket(std::string bucket);

  Task<Result<PutObjectResponse>> put_object(PutObjectRequest request);
  Task<Result<GetObjectResponse>> get_object(GetObjectRequest request);
  /// ErrorKind::not_found when there is none.
  Task<Result<ObjectInfo>> head_object(GetObjectRequest request);
  /// Copies on the server, at most 5 GiB, with what the object carries beside its bytes; `headers` add encryption. Also
  /// an error that S3 reports inside a 200 answer is an Error.
  Task<Result<void>> copy_object(CopySource source, std::string bucket, std::string key, ObjectHeaders headers = {});
  Task<Result<void>> delete_object(std::string bucket, std::string key, std::string version_id = {});
  /// At most 1,000 keys.
  Task<Result<DeletedObjects>> delete_objects(std::string bucket, std::vector<std::string> keys);
  Task<Result<ListObjectsPage>> list_objects_v2(ListObjectsRequest request);

  /// Returns the upload id.
  Task<Result<std::string>> create_multipart_upload(std::string bucket, std::string key, ObjectHeaders headers = {});
  /// A part that is a range of another object: at most 5 GiB.
  Task<Result<CompletedPart>> upload_part_copy(CopySource source, std::string range, std::string bucket,
                                               std::string key, std::string upload_id, int part_number);
  Task<Result<CompletedPart>> upload_part(std::string bucket, std::string key, std::string upload_id, int part_number,
                                          UploadBody body);
  /// Also an error that S3 reports inside a 200 answer is an Error.
  Task<Result<PutObjectResponse>> complete_multipart_upload(std::string bucket, std::string key, std::string upload_id,
                                                            std::vector<CompletedPart> parts);
  Task<Result<void>> abort_multipart_upload(std::string bucket, std::string key, std::string upload_id);

  /// A URL that does `method` (GET, PUT, HEAD, DELETE) on the object for whoever has it, for `expires`.
  Task<Result<std::string>> presign(std::string method, std::string bucket, std::string key,
                                    std::chrono::seconds expires);

 private:
  Operation operation(std::string_view name, std::string_view method, const std::string& bucket,
                      const std::string& key) const;

  S3Options options_;
  Client client_;
};

}  // namespace sortie::aws
