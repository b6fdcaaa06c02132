#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "emulator/core/function_events.h"
#include "emulator/s3/bucket/notifications.h"
#include "emulator/s3/protocol/request.h"
#include "emulator/s3/store/catalog.h"

namespace sortie::emulator::s3 {

/// Invokes the functions that buckets name for what happens in them. Without functions it does nothing. The references
/// must outlive it; io_context thread only.
class BucketNotifications {
 public:
  BucketNotifications(const Clock& clock, Catalog& catalog) : clock_(clock), catalog_(catalog) {}

  void set_functions(FunctionEvents& functions) { functions_ = &functions; }

  /// InvalidArgument for a function that is not there, or that S3 may not invoke.
  AwsResult<void> check_targets(const Bucket& bucket, const std::vector<NotificationRule>& rules) const;

  /// Sends `event` (`ObjectCreated:Put`) to the functions that the bucket's notification configuration names for it. In
  /// the transaction that makes the change, before its commit: no change without its events.
  void send(const Request& request, const Bucket& bucket, std::string_view event, const Object& object);

 private:
  std::uint64_t next_sequencer();

  const Clock& clock_;
  Catalog& catalog_;
  FunctionEvents* functions_ = nullptr;
  std::uint64_t last_sequencer_ = 0;
};

}  // namespace sortie::emulator::s3
