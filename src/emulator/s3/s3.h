#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/blocking.h"
#include "base/clock.h"
#include "base/task.h"
#include "emulator/core/call.h"
#include "emulator/core/function_events.h"
#include "emulator/core/ports.h"
#include "emulator/core/store.h"

namespace sortie::emulator {

/// Amazon S3 of the embedded AWS: buckets, objects, listings, multipart uploads, versions, policies and tags, as the
/// S3 API reference describes them. Object bytes stream to and from disk through buffers of bounded size; an upload
/// that is cut, or whose digest does not match, is never visible. io_context thread only; the references must outlive
/// it.
class S3 final : public AwsService, public ObjectSource {
 public:
  S3(Executor executor, const Clock& clock, Store& store, Authorizer& authorizer, BlockingPool& pool);
  ~S3() override;

  /// Invokes the functions of bucket notifications. It must outlive this object; without it, notification
  /// configurations that name functions are refused.
  void set_function_events(FunctionEvents& functions);

  [[nodiscard]] std::string_view name() const override { return "s3"; }
  [[nodiscard]] std::vector<OperationSummary> operations() const override;
  Task<http::Response> handle(Call call) override;
  /// With the headers that the bucket's CORS rules ask for.
  [[nodiscard]] http::Response render_error(const AwsError& error, const std::string& request_id,
                                            const http::Request& request) const override;

  /// The bytes of one object, authorized as `on_behalf_of`. An object longer than `limit` bytes is refused.
  /// `version_id` empty: the newest.
  Task<AwsResult<std::string>> get_object(const Call& on_behalf_of, const std::string& bucket, const std::string& key,
                                          const std::string& version_id, std::size_t limit) override;

 private:
  Task<http::Response> visit(Call call);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sortie::emulator
