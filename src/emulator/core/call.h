#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "emulator/core/operation_table.h"
#include "http/message.h"

namespace sortie::emulator {

/// Who makes a request, as IAM sees it.
struct Principal {
  enum class Kind : std::uint8_t { anonymous, root, user, assumed_role, service };
  Kind kind = Kind::anonymous;
  std::string account;   ///< 12 digits; empty for anonymous and service
  std::string arn;       ///< `arn:aws:iam::…:user/x`, `arn:aws:sts::…:assumed-role/r/session`
  std::string user_id;   ///< `aws:userid`
  std::string name;      ///< user name, or role name, or the service's host (`lambda.amazonaws.com`)
  std::string role_arn;  ///< for assumed_role: `arn:aws:iam::…:role/path/r`
  std::string access_key_id;
  SystemTime token_issued{};  ///< for temporary credentials
  bool temporary = false;
  std::vector<std::string> session_policies;                      ///< JSON documents given to AssumeRole
  std::vector<std::pair<std::string, std::string>> session_tags;  ///< given to AssumeRole: `aws:PrincipalTag/…`
  std::vector<std::string> transitive_tags;  ///< keys of those that sessions of roles assumed from here inherit
  std::string source_identity;               ///< given to AssumeRole: `aws:SourceIdentity`
};

/// The trailing fields of an aws-chunked upload (`x-amz-checksum-crc32`). Empty until the body has been read to its
/// end; then names are lower-case, and a checksum has been compared with the bytes read.
struct Trailers {
  std::vector<std::pair<std::string, std::string>> fields;
};

/// The fields of S3's browser upload (`POST` of a form); the file is the request's body.
struct FormUpload {
  std::vector<std::pair<std::string, std::string>> fields;  ///< names as sent
  bool has_file = false;
  std::string file_name;

  /// The first field of that name, whatever its case.
  [[nodiscard]] std::optional<std::string_view> field(std::string_view name) const {
    for (const auto& [own, value] : fields) {
      if (http::iequals(own, name)) return value;
    }
    return std::nullopt;
  }
};

/// An error as a service answers it; each service renders it in its own protocol.
struct AwsError {
  int status = 400;
  std::string code;
  std::string message;
  std::vector<std::pair<std::string, std::string>> fields;  ///< further members (`BucketName`, `Type`, `Reason`)
};

/// What an operation answers: a value, or an error in AWS's words.
template <class T>
using AwsResult = std::expected<T, AwsError>;

inline std::unexpected<AwsError> aws_fail(int status, std::string code, std::string message) {
  return std::unexpected(AwsError{status, std::move(code), std::move(message), {}});
}

/// One authenticated request on its way to a service. The principal is proven: signature, token and expiry are checked,
/// streaming signatures are checked while the body is read (a body that does not match ends in an error).
struct Call {
  http::Request request;
  std::string service;     ///< signing name: s3, lambda, iam, sts, logs, cloudformation
  std::string region;      ///< of the credential scope, else of the host name, else us-east-1
  std::string account;     ///< the account that is asked: the embedded AWS's own
  std::string request_id;  ///< also sent as x-amzn-RequestId / x-amz-request-id
  Principal principal;
  std::string virtual_bucket;  ///< S3: the bucket named by the host (`bucket.s3.amazonaws.com`), else empty
  bool website = false;        ///< S3: a visit to the bucket's website, not a call of the API; nobody signs it
  enum class Signature : std::uint8_t { none, header, query, form } signature = Signature::none;
  std::string signature_version;  ///< AWS4-HMAC-SHA256 or AWS (version 2), empty for none
  SystemTime signed_at{};
  std::shared_ptr<const FormUpload> form;    ///< null unless a form was posted
  std::shared_ptr<const Trailers> trailers;  ///< null unless the request announced trailers (`x-amz-trailer`)
};

/// One AWS service of the embedded AWS. It parses, authorizes, acts and answers; every failure is an answer in the
/// service's protocol, but one: what SQLite throws (a full disk, a damaged state) is left to the router, which answers
/// for all services. io_context thread only.
class AwsService {
 public:
  virtual ~AwsService() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// What docs/operations.md says of it.
  [[nodiscard]] virtual std::vector<OperationSummary> operations() const = 0;
  virtual Task<http::Response> handle(Call call) = 0;
  /// Renders an error that happened before the service saw the request (authentication, routing) in its protocol.
  [[nodiscard]] virtual http::Response render_error(const AwsError& error, const std::string& request_id,
                                                    const http::Request& request) const = 0;
};

}  // namespace sortie::emulator
