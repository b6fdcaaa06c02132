#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/task.h"
#include "emulator/core/operation_table.h"
#include "emulator/s3/access/access_control.h"
#include "emulator/s3/protocol/answers.h"
#include "emulator/s3/protocol/errors.h"
#include "emulator/s3/protocol/request.h"
#include "emulator/s3/store/catalog.h"
#include "emulator/s3/store/content_store.h"

/// What every S3 operation has in common: the request and what it works on, and the row by which requests find it.
namespace sortie::emulator::s3 {

class BucketNotifications;

/// One request to S3 and the parts of S3 that it may use. A handler is given one by reference, which outlives its Task.
struct Operation {
  Request& request;
  const Clock& clock;
  Catalog& catalog;
  ContentStore& contents;
  AccessControl& access;
  BucketNotifications& notifications;

  [[nodiscard]] SystemTime now() const { return clock.now(); }
  /// 403 AccessDenied when the caller may not do `action` (`GetObject`) on the bucket, or on `key` in it.
  AwsResult<void> allow(const Bucket& bucket, std::string_view action, std::string_view key = {},
                        ContextKeys context = {}) const;
};

/// How a request names an operation.
struct Route {
  enum class Target : std::uint8_t { service, bucket, object };
  Target target = Target::service;
  std::string_view method;
  /// A parameter of the query: `policy`; with a value where that counts: `list-type=2`.
  std::string_view subresource = {};
  std::string_view parameter = {};  ///< another one that must be there: `id`
  std::string_view header = {};     ///< one that must be there: `x-amz-copy-source`
  /// Other methods on the sub-resource are refused, instead of meaning the bucket itself.
  bool exclusive = false;
};

constexpr Route on_bucket(std::string_view method, std::string_view subresource = {}, std::string_view parameter = {}) {
  return {Route::Target::bucket, method, subresource, parameter};
}
/// A setting of a bucket: its sub-resource is exclusive.
constexpr Route on_setting(std::string_view method, std::string_view subresource) {
  return {Route::Target::bucket, method, subresource, {}, {}, true};
}
constexpr Route on_object(std::string_view method, std::string_view subresource = {}, std::string_view header = {}) {
  return {Route::Target::object, method, subresource, {}, header};
}

using Row = OperationRow<Operation, Task<Answer>, Route>;

/// The first row that the request fits, those with a sub-resource before those without; null when the method is not
/// allowed on what is named.
const Row* find_row(std::span<const Row> rows, const Request& request);

/// The handler of an operation that waits for nothing.
template <Answer (*operation)(Operation&)>
Task<Answer> at_once(Operation& context) {
  co_return operation(context);
}

/// The bucket, checked against x-amz-expected-bucket-owner and the request's region.
AwsResult<Bucket> open_bucket(const Operation& operation);
/// The bucket, on which the caller may do `action`.
AwsResult<Bucket> allowed_bucket(const Operation& operation, std::string_view action, ContextKeys context = {});
/// The bucket, on whose key of the request the caller may do `action`.
AwsResult<Bucket> allowed_key(const Operation& operation, std::string_view action, ContextKeys context = {});
/// An object for reading; `version` empty: the newest. NoSuchKey, or the denial of s3:ListBucket to those who may not
/// know what is there.
AwsResult<Object> existing_object(const Operation& operation, const Bucket& bucket, const std::string& key,
                                  std::string_view version);

}  // namespace sortie::emulator::s3
