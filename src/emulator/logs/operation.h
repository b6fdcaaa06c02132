#pragma once

#include <boost/json.hpp>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "emulator/core/call.h"
#include "emulator/core/ports.h"
#include "emulator/logs/log_store.h"
#include "emulator/logs/parameters.h"
#include "emulator/logs/subscriptions.h"

/// What every operation of CloudWatch Logs has in common: each checks its parameters, asks IAM, acts.
namespace sortie::emulator::logs {

class LiveTails;

/// One request and what it works on.
struct Operation {
  const Clock& clock;
  LogStore& store;
  Subscriptions& subscriptions;
  LiveTails& tails;
  Authorizer& authorizer;
  const Call& call;
  Parameters input;

  /// 400 AccessDeniedException when the caller may not do `action` (`PutLogEvents`) on `resource`. The tags of `group`
  /// count when it is there, and `request_tags`.
  AwsResult<void> allow(std::string_view action, const std::string& resource, const std::string& group,
                        const std::map<std::string, std::string>& request_tags = {}) const;
  /// 400 ResourceNotFoundException.
  [[nodiscard]] AwsResult<Group> existing_group(const std::string& name) const;
  [[nodiscard]] AwsResult<Stream> existing_stream(const Group& group, const std::string& name) const;
  [[nodiscard]] std::int64_t now() const { return clock.now().time_since_epoch().count(); }
};

/// An operation's output: nothing where AWS sends an empty body, an object, or a stream of events.
using Output = std::variant<std::monostate, boost::json::object, http::Body>;
using Row = OperationRow<Operation, AwsResult<Output>>;

std::span<const Row> group_operations();
std::span<const Row> stream_operations();
std::span<const Row> tag_operations();
std::span<const Row> event_operations();
std::span<const Row> live_tail_operations();
std::span<const Row> subscription_operations();
std::span<const Row> unsupported_operations();

/// `arn:aws:logs:REGION:ACCOUNT:log-group:NAME`
std::string group_arn(const Call& call, std::string_view group);
/// What IAM is asked about for a stream; for operations on a whole group `stream` is empty, as AWS does it, so that
/// `…:log-group:NAME:*` covers both.
std::string stream_arn(const Call& call, std::string_view group, std::string_view stream);

/// Tokens of pages are opaque to callers; the kind keeps one operation's from being taken for another's.
std::string make_token(std::string_view kind, std::string_view content);
std::optional<std::string> read_token(std::string_view kind, std::string_view token);

}  // namespace sortie::emulator::logs
