#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "aws/credentials.h"
#include "aws/retry.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/task.h"
#include "http/service.h"

/// What all AWS clients share: endpoints, signing, retries, errors. io_context thread only.
namespace sortie::aws {

/// Everything a client needs. The references must outlive the client and what it returns.
struct ClientConfig {
  http::Service& service;  ///< the network, or the embedded AWS: the one difference between targets
  CredentialsProvider& credentials;
  const Clock& clock;
  std::string region;
  std::optional<std::string> endpoint_url;  ///< nothing: AWS's own host names
  RetryOptions retry;
  std::string user_agent = "sortie";
};

enum class Protocol : std::uint8_t { rest_json, json, query, rest_xml };

/// The constants of one service.
struct ServiceTraits {
  std::string_view name;           ///< for messages: `Lambda`
  std::string_view endpoint_name;  ///< `lambda` in lambda.us-east-1.amazonaws.com
  std::string_view signing_name;
  Protocol protocol = Protocol::rest_json;
  bool global = false;  ///< one endpoint without a region, signed for us-east-1 (cn-north-1 in China): IAM
};

/// How far a call may be sent again.
enum class Retry : std::uint8_t {
  standard,        ///< transient failures, timeouts and throttling
  throttled_only,  ///< only when the service said that it did not start: for what must not happen twice
  never,
};

/// Makes a streaming body anew for each attempt.
using BodyFactory = std::function<Result<http::Body>()>;

/// One call as pure data.
struct Operation {
  std::string name;  ///< `CreateFunction`
  std::string method = "POST";
  std::string path = "/";  ///< percent-encoded
  std::string query;       ///< percent-encoded
  http::Headers headers;
  std::string body;
  BodyFactory stream;  ///< instead of `body`; sent with UNSIGNED-PAYLOAD unless the headers name a payload hash
  std::uint64_t stream_length = 0;
  std::string bucket_in_host;  ///< S3's virtual-host style: goes in front of the host
  int signature_version = 4;   ///< 2 for old S3-compatible stores
  bool anonymous = false;      ///< not signed
  Retry retry = Retry::standard;
  /// One attempt, until the response's header; nothing: only the http client's own limits.
  std::optional<std::chrono::milliseconds> attempt_timeout;
};

/// An answer read to its end.
struct Reply {
  int status = 200;
  http::Headers headers;
  std::string body;
  std::string request_id;
};

/// One service of one region: builds, signs, sends, retries, and makes AWS's errors into `Error`s:
/// `Lambda CreateFunction: AccessDeniedException: User … (request id …)`, with code, request id and kind (throttled,
/// denied, not_found, unavailable, config for refused input and conflicts, …).
class Client {
 public:
  Client(ClientConfig config, ServiceTraits traits);

  /// A 2xx answer whose body is read by the caller, or an Error. A cut body is the caller's to notice: no retry then.
  Task<Result<http::Response>> send(Operation operation);
  /// The same, the body read to its end (at most `limit` bytes) inside the retries.
  Task<Result<Reply>> call(Operation operation, std::size_t limit = k_reply_limit);

  /// A presigned URL of the operation (method, path, query, headers, bucket_in_host), valid for `expires`.
  Task<Result<std::string>> presign(Operation operation, std::chrono::seconds expires);

  [[nodiscard]] const ClientConfig& config() const;
  static constexpr std::size_t k_reply_limit = 64 * 1024 * 1024;

 private:
  struct State;
  struct Call;
  std::shared_ptr<State> state_;
};

/// AWS's request id of an answer: `x-amzn-RequestId`, `x-amz-request-id`.
std::string request_id_of(const http::Headers& headers);

/// Reads an error answer of any protocol. `what` like `Lambda CreateFunction`.
Error read_error(Protocol protocol, std::string_view what, int status, const http::Headers& headers,
                 std::string_view body);

/// The host of a service: `lambda.us-east-1.amazonaws.com`, `iam.amazonaws.com`.
std::string service_host(const ServiceTraits& traits, std::string_view region);

}  // namespace sortie::aws
