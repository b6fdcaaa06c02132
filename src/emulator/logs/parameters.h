#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/core/call.h"

namespace sortie::emulator::logs {

/// The members of a request, checked against the service model's limits. The first complaint is kept for `check`, in
/// the words of AWS's validation (InvalidParameterException, SerializationException); the values read after that are
/// placeholders.
class Parameters {
 public:
  explicit Parameters(const boost::json::object& members) : members_(members) {}

  /// `[\.\-_/#A-Za-z0-9]+`, 1 to 512.
  std::string group_name(std::string_view name = "logGroupName");
  /// The group of `logGroupName` or `logGroupIdentifier` (a name or an ARN); one of the two.
  std::string group();
  /// `[^:*]*`, 1 to 512.
  std::string stream_name(std::string_view name = "logStreamName");
  /// Empty when it is not there.
  std::string optional_text(std::string_view name, std::size_t limit);
  std::string required_text(std::string_view name, std::size_t limit);
  std::optional<std::int64_t> number(std::string_view name, std::int64_t least, std::int64_t most);
  bool flag(std::string_view name);
  std::vector<std::string> texts(std::string_view name, std::size_t most);
  /// At most 50, keys 1 to 128 characters, values up to 256, none starting with `aws:`.
  std::map<std::string, std::string> tags(std::string_view name, bool required);
  /// The group named by a tagging ARN (`arn:…:log-group:NAME`, `:*` allowed).
  std::string group_of_arn(std::string_view name);
  const boost::json::array* array(std::string_view name);
  [[nodiscard]] bool has(std::string_view name) const;

  void complain(std::string message, std::string code = "InvalidParameterException");
  [[nodiscard]] AwsResult<void> check() const;

 private:
  void violated(std::string_view name, std::string_view value, std::string_view constraint);
  std::string text(std::string_view name, bool required, std::size_t limit);

  const boost::json::object& members_;
  std::optional<AwsError> error_;
};

/// The name in `arn:aws:logs:REGION:ACCOUNT:log-group:NAME[:*]`.
std::optional<std::string> group_name_in_arn(std::string_view arn);

}  // namespace sortie::emulator::logs
