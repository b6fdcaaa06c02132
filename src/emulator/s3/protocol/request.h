#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/core/call.h"
#include "emulator/s3/protocol/post_policy.h"
#include "wire/uri.h"

namespace sortie::emulator::s3 {

/// An S3 request taken apart: bucket and key decoded, path style or virtual host.
struct Request {
  Call call;
  std::string bucket;
  std::string key;
  std::vector<wire::QueryParameter> query;
  SizeRange size;       ///< how long the upload may be, within S3's own limit
  std::string host_id;  ///< `x-amz-id-2` of the answer

  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const {
    return wire::find_parameter(query, name);
  }
  [[nodiscard]] std::string parameter_or(std::string_view name, std::string_view fallback = {}) const {
    return std::string(parameter(name).value_or(fallback));
  }
  [[nodiscard]] const http::Headers& headers() const { return call.request.headers; }
  [[nodiscard]] std::string_view header(std::string_view name) const { return headers().get_or(name, ""); }
};

/// The bucket that a request names, by its host or else in its path; empty for none. Nothing for what cannot be
/// decoded.
std::optional<std::string> bucket_of(std::string_view path, const std::string& virtual_bucket);

/// InvalidURI for what cannot be decoded, KeyTooLongError past 1024 bytes. Parameters of a presigned URL that count as
/// headers are among the headers afterwards, and user-defined metadata is UTF-8.
AwsResult<Request> read_request(Call call);

/// The same for a key that did not come in the URL. Keys are UTF-8 without NUL; other characters that XML cannot carry
/// are taken, as S3 takes them: listings show them with `encoding-type=url`.
AwsResult<void> check_key(std::string_view key);

/// Bucket naming rules of general purpose buckets.
bool is_bucket_name(std::string_view name);

/// `/BUCKET/KEY?versionId=ID`, percent-encoded.
struct CopySource {
  std::string bucket;
  std::string key;
  std::string version;
};
AwsResult<CopySource> read_copy_source(std::string_view header);

/// An integer parameter between 0 and 2^31-1; above `most` it is `most`.
AwsResult<std::size_t> read_count(const Request& request, std::string_view name, std::size_t most);

}  // namespace sortie::emulator::s3
