#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/client.h"
#include "base/deadline.h"

namespace sortie::aws {

/// The code of a function: a zip, or an object in S3.
struct FunctionCode {
  std::string zip;  ///< raw bytes, at most 50 MB (sent as base64)
  std::string s3_bucket;
  std::string s3_key;
  std::string s3_object_version;
};

struct CreateFunctionRequest {
  std::string name;
  std::string role;  ///< ARN
  FunctionCode code;
  std::string runtime = "provided.al2023";
  std::string handler = "bootstrap";
  std::string architecture = "x86_64";  ///< or arm64
  std::string description;
  int timeout_seconds = 3;
  int memory_mb = 128;
  std::optional<int> ephemeral_storage_mb;
  std::map<std::string, std::string> environment;
  std::map<std::string, std::string> tags;
  std::vector<std::string> layers;
  std::vector<std::string> subnet_ids;
  std::vector<std::string> security_group_ids;
  bool publish = false;
};

/// Members left out stay as they are.
struct UpdateFunctionConfigurationRequest {
  std::string name;
  std::optional<std::string> role;
  std::optional<std::string> runtime;
  std::optional<std::string> handler;
  std::optional<std::string> description;
  std::optional<int> timeout_seconds;
  std::optional<int> memory_mb;
  std::optional<int> ephemeral_storage_mb;
  std::optional<std::map<std::string, std::string>> environment;
  std::optional<std::string> revision_id;
};

struct UpdateFunctionCodeRequest {
  std::string name;
  FunctionCode code;
  std::optional<std::string> architecture;
  std::optional<std::string> revision_id;
  bool publish = false;
  bool dry_run = false;
};

struct FunctionConfiguration {
  std::string name;
  std::string arn;
  std::string runtime;
  std::string role;
  std::string handler;
  std::string description;
  std::int64_t code_size = 0;
  std::string code_sha256;  ///< base64
  int timeout_seconds = 0;
  int memory_mb = 0;
  int ephemeral_storage_mb = 0;
  std::string last_modified;
  std::string version;
  std::string revision_id;
  std::string state;  ///< Pending, Active, Inactive, Failed; empty is Active (very old functions)
  std::string state_reason;
  std::string state_reason_code;
  std::string last_update_status;  ///< Successful, InProgress, Failed, empty
  std::string last_update_status_reason;
  std::string last_update_status_reason_code;
  std::string architecture;
  std::string package_type;
  std::string log_group;
  std::map<std::string, std::string> environment;
};

struct GetFunctionResponse {
  FunctionConfiguration configuration;
  std::string code_location;  ///< presigned URL
  std::map<std::string, std::string> tags;
};

struct ListFunctionsPage {
  std::vector<FunctionConfiguration> functions;
  std::string next_marker;  ///< empty: the last page
};

enum class InvocationType : std::uint8_t { request_response, event, dry_run };

struct InvokeRequest {
  std::string function;  ///< name or ARN
  std::string payload;   ///< JSON, at most 6 MB (event: 1 MB)
  InvocationType type = InvocationType::request_response;
  bool log_tail = false;
  std::string qualifier;
  std::string client_context;  ///< base64 JSON
  /// throttled_only: an invocation whose answer was lost is not sent again, it may have run.
  Retry retry = Retry::throttled_only;
};

struct InvokeResponse {
  int status = 0;              ///< 200, 202 (event), 204 (dry run)
  std::string function_error;  ///< empty, `Unhandled`, `Handled`
  std::string payload;
  std::string log_result;  ///< decoded, the last 4 KB of the log; empty unless log_tail
  std::string executed_version;
  std::string request_id;
};

/// How a streamed invocation ended.
struct InvokeComplete {
  std::string error_code;  ///< empty: well
  std::string error_details;
  std::string log_result;  ///< decoded
};

/// The answer of a streamed invocation as it comes. Movable; destroying it abandons the rest.
class InvokeStream {
 public:
  InvokeStream(InvokeStream&&) noexcept;
  InvokeStream& operator=(InvokeStream&&) noexcept;
  ~InvokeStream();

  /// The next piece of the payload as soon as it is there; nothing at the end. A stream that ends without
  /// InvokeComplete is ErrorKind::network, an exception event has its own code.
  Task<Result<std::optional<std::string>>> next();
  /// Valid after `next` gave nothing.
  [[nodiscard]] const InvokeComplete& complete() const;
  [[nodiscard]] const std::string& request_id() const;
  [[nodiscard]] const std::string& executed_version() const;
  [[nodiscard]] const std::string& content_type() const;

  struct State;
  explicit InvokeStream(std::unique_ptr<State> state);

 private:
  std::unique_ptr<State> state_;
};

/// AWS Lambda, API 2015-03-31. A synchronous invocation may take 15 minutes: the http::Service must allow that long.
class Lambda {
 public:
  explicit Lambda(ClientConfig config);

  Task<Result<FunctionConfiguration>> create_function(CreateFunctionRequest request);
  Task<Result<GetFunctionResponse>> get_function(std::string name, std::string qualifier = {});
  Task<Result<FunctionConfiguration>> get_function_configuration(std::string name, std::string qualifier = {});
  Task<Result<FunctionConfiguration>> update_function_code(UpdateFunctionCodeRequest request);
  Task<Result<FunctionConfiguration>> update_function_configuration(UpdateFunctionConfigurationRequest request);
  Task<Result<void>> delete_function(std::string name, std::string qualifier = {});
  Task<Result<ListFunctionsPage>> list_functions(std::string marker = {}, int max_items = 0);
  /// All pages.
  Task<Result<std::vector<FunctionConfiguration>>> list_all_functions();

  Task<Result<InvokeResponse>> invoke(InvokeRequest request);
  /// The same with a streamed answer; `type` must not be event.
  Task<Result<InvokeStream>> invoke_with_response_stream(InvokeRequest request);

  /// Polls until the function's State is Active. Failed: ErrorKind::unavailable with the reason. ErrorKind::timeout.
  Task<Result<FunctionConfiguration>> wait_until_active(std::string name, Deadline deadline);
  /// Polls until LastUpdateStatus is Successful.
  Task<Result<FunctionConfiguration>> wait_until_updated(std::string name, Deadline deadline);

 private:
  Client client_;
};

}  // namespace sortie::aws
