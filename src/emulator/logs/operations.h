#pragma once

#include <boost/json/fwd.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "emulator/core/call.h"
#include "emulator/core/ports.h"
#include "emulator/logs/log_store.h"
#include "emulator/logs/parameters.h"
#include "emulator/logs/subscriptions.h"

namespace sortie::emulator::logs {

struct LiveTailRequest;

/// An operation's output; nothing where AWS sends an empty body.
using Output = std::optional<boost::json::object>;

/// The operations of CloudWatch Logs: each checks its parameters, asks IAM, acts. The references must outlive it.
class Operations {
 public:
  Operations(const Clock& clock, LogStore& store, Subscriptions& subscriptions, Authorizer& authorizer);

  /// An operation that is not there is a `NotImplemented` error naming it.
  AwsResult<Output> run(std::string_view operation, const Call& call, const boost::json::object& input);
  /// The parameters of StartLiveTail, authorized.
  AwsResult<LiveTailRequest> live_tail_request(const Call& call, Parameters& input);

 private:
  using Handler = AwsResult<Output> (Operations::*)(const Call&, Parameters&);
  static const std::map<std::string_view, Handler>& handlers();

  AwsResult<Output> create_log_group(const Call& call, Parameters& input);
  AwsResult<Output> delete_log_group(const Call& call, Parameters& input);
  AwsResult<Output> describe_log_groups(const Call& call, Parameters& input);
  AwsResult<Output> list_log_groups(const Call& call, Parameters& input);
  AwsResult<Output> put_retention_policy(const Call& call, Parameters& input);
  AwsResult<Output> delete_retention_policy(const Call& call, Parameters& input);
  AwsResult<Output> tag_resource(const Call& call, Parameters& input);
  AwsResult<Output> untag_resource(const Call& call, Parameters& input);
  AwsResult<Output> list_tags_for_resource(const Call& call, Parameters& input);
  AwsResult<Output> tag_log_group(const Call& call, Parameters& input);
  AwsResult<Output> untag_log_group(const Call& call, Parameters& input);
  AwsResult<Output> list_tags_log_group(const Call& call, Parameters& input);
  AwsResult<Output> create_log_stream(const Call& call, Parameters& input);
  AwsResult<Output> delete_log_stream(const Call& call, Parameters& input);
  AwsResult<Output> describe_log_streams(const Call& call, Parameters& input);
  AwsResult<Output> put_log_events(const Call& call, Parameters& input);
  AwsResult<Output> get_log_events(const Call& call, Parameters& input);
  AwsResult<Output> filter_log_events(const Call& call, Parameters& input);
  // subscription_operations.cc
  AwsResult<Output> put_subscription_filter(const Call& call, Parameters& input);
  AwsResult<Output> describe_subscription_filters(const Call& call, Parameters& input);
  AwsResult<Output> delete_subscription_filter(const Call& call, Parameters& input);
  AwsResult<Output> test_metric_filter(const Call& call, Parameters& input);

  struct Tagging {
    std::string group;
    std::map<std::string, std::string> add;
    std::vector<std::string> remove;
  };
  AwsResult<Output> change_tags(const Call& call, const std::string& action, const Tagging& tagging);
  AwsResult<Output> list_tags(const Call& call, const std::string& action, const std::string& group);
  AwsResult<Group> existing_group(const Call& call, const std::string& name);
  AwsResult<Stream> existing_stream(const Group& group, const std::string& name);
  AwsResult<void> authorize(const Call& call, const std::string& action, const std::string& resource,
                            const std::string& group, const std::map<std::string, std::string>& request_tags = {});
  [[nodiscard]] Window window(const Group& group, std::optional<std::int64_t> start,
                              std::optional<std::int64_t> end) const;
  [[nodiscard]] std::int64_t now() const { return clock_.now().time_since_epoch().count(); }

  const Clock& clock_;
  LogStore& store_;
  Subscriptions& subscriptions_;
  Authorizer& authorizer_;
};

/// `arn:aws:logs:REGION:ACCOUNT:log-group:NAME`
std::string group_arn(const Call& call, std::string_view group);
/// What IAM is asked about for a stream; for operations on a whole group `stream` is empty, as AWS does it, so that
/// `…:log-group:NAME:*` covers both.
std::string stream_arn(const Call& call, std::string_view group, std::string_view stream);

}  // namespace sortie::emulator::logs
