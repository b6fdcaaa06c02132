#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "emulator/core/call.h"
#include "emulator/core/ports.h"
#include "emulator/ssm/names.h"
#include "emulator/ssm/parameter_store.h"

/// What every operation of Systems Manager has in common.
namespace sortie::emulator::ssm {

using ContextKeys = std::vector<std::pair<std::string, std::string>>;

/// One request and what it works on.
struct Operation {
  const Clock& clock;
  ParameterStore& store;
  Authorizer& authorizer;
  const Call& call;
  const boost::json::object& input;

  /// 400 AccessDeniedException when the caller may not do `action` (`GetParameter`) on the parameter; the tags of one
  /// that is there count.
  AwsResult<void> allow(std::string_view action, const std::string& name, ContextKeys context = {}) const;
  /// The same on all parameters of the region together.
  AwsResult<void> allow_all(std::string_view action) const;
  /// 400 ParameterNotFound.
  AwsResult<Parameter> existing(const std::string& name) const;
};

/// The answer is the operation's output.
using Row = OperationRow<Operation, AwsResult<boost::json::object>>;

std::span<const Row> write_operations();
std::span<const Row> read_operations();
std::span<const Row> listing_operations();
std::span<const Row> label_operations();
std::span<const Row> tag_operations();
std::span<const Row> unsupported_operations();

/// The members of a request, checked against the service model's limits. The first complaint is kept (400
/// ValidationException, SerializationException); what is read after it is a placeholder.
class Arguments {
 public:
  explicit Arguments(const boost::json::object& input) : input_(input) {}

  std::string text(std::string_view name, std::size_t least, std::size_t most);
  /// Empty when it is not there.
  std::string optional_text(std::string_view name, std::size_t most);
  /// One of `values`; empty when it is not there.
  std::string choice(std::string_view name, std::span<const std::string_view> values);
  bool flag(std::string_view name);
  std::optional<std::int64_t> number(std::string_view name, std::int64_t least, std::int64_t most);
  std::vector<std::string> texts(std::string_view name, std::size_t most, bool required = true);
  std::vector<boost::json::object> objects(std::string_view name, std::size_t most);
  /// `[{Key, Value}]`; nothing when it is not there.
  std::optional<Tags> tags(std::string_view name);
  [[nodiscard]] bool has(std::string_view name) const;

  void complain(std::string message, std::string code = "ValidationException");
  [[nodiscard]] AwsResult<void> check() const;

 private:
  const boost::json::value* member(std::string_view name) const;
  void violated(std::string_view name, std::string_view value, std::string_view constraint);

  const boost::json::object& input_;
  std::optional<AwsError> error_;
};

/// `Parameter` of GetParameter and its kin: with the value as the request may see it.
boost::json::object shown_parameter(const Operation& operation, const Parameter& parameter, bool decrypt,
                                    const std::string& selector = {});
/// What is known beside the value, for DescribeParameters and GetParameterHistory.
boost::json::object shown_metadata(const Parameter& parameter);
/// The value; of a SecureString its encrypted form unless `decrypt`.
std::string shown_value(const Operation& operation, const Parameter& parameter, bool decrypt);

/// Seconds, as JSON 1.1 has them.
double epoch_seconds(SystemTime time);

/// The place where the next page of a list begins: the last name, or number, of the page before. 400 InvalidNextToken.
AwsResult<std::string> read_token(std::string_view token);
std::string make_token(std::string_view last);

/// Checks tags as a whole: 50 at most, no key that begins with `aws:`.
AwsResult<void> check_tags(const Tags& tags);

}  // namespace sortie::emulator::ssm
