#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/cloudformation/template/parameters.h"
#include "emulator/cloudformation/template/template.h"
#include "emulator/core/call.h"

namespace sortie::emulator::cloudformation {

/// What the pseudo parameters say.
struct StackFacts {
  std::string account;
  std::string region;
  std::string stack_id;
  std::string stack_name;
  std::vector<std::string> notification_arns;
};

/// Where values come from that are not in the template.
struct Sources {
  /// What `Ref` (empty attribute) or `Fn::GetAtt` of a resource gives.
  std::function<AwsResult<boost::json::value>(const std::string& logical_id, const std::string& attribute)> resource;
  /// The value behind an export's name.
  std::function<AwsResult<std::string>(const std::string& name)> import;
};

/// Evaluates the intrinsic functions of one template with one set of parameters.
/// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
/// At most 16 MB of values in all: a small template can name a large one many times. The references must outlive it.
class Evaluator {
 public:
  Evaluator(const Template& whole, ParameterTexts parameters, const StackFacts& facts, Sources sources);

  /// Every condition, once, before anything else; then the rules' assertions.
  AwsResult<void> evaluate_conditions();
  /// False for a name that is empty or not there never happens: check_references has seen the template.
  [[nodiscard]] bool condition(const std::string& name) const;

  /// `value` without functions. Members and items that are AWS::NoValue are gone; AWS::NoValue alone is null.
  AwsResult<boost::json::value> evaluate(const boost::json::value& value);

 private:
  using Evaluated = AwsResult<std::optional<boost::json::value>>;  ///< nothing: AWS::NoValue
  using Function = Evaluated (Evaluator::*)(const boost::json::value&);
  static Function find_function(std::string_view name);

  Evaluated visit(const boost::json::value& value);
  Evaluated visit_object(const boost::json::object& object);
  Evaluated visit_list(const boost::json::array& list);
  AwsResult<std::string> text_of(const boost::json::value& value, std::string_view refusal);
  AwsResult<boost::json::array> list_of(const boost::json::value& value, std::string_view refusal);
  AwsResult<bool> truth_of(const boost::json::value& value, std::string_view refusal);
  AwsResult<boost::json::value> reference(const std::string& name);
  AwsResult<std::string> variable(const std::string& name);
  AwsResult<void> spend(std::size_t bytes);

  Evaluated ref(const boost::json::value& argument);
  Evaluated get_att(const boost::json::value& argument);
  Evaluated join(const boost::json::value& argument);
  Evaluated sub(const boost::json::value& argument);
  Evaluated select(const boost::json::value& argument);
  Evaluated split(const boost::json::value& argument);
  Evaluated find_in_map(const boost::json::value& argument);
  Evaluated if_else(const boost::json::value& argument);
  Evaluated all_of(const boost::json::value& argument);
  Evaluated any_of(const boost::json::value& argument);
  Evaluated negate(const boost::json::value& argument);
  Evaluated equals(const boost::json::value& argument);
  Evaluated named_condition(const boost::json::value& argument);
  Evaluated base64(const boost::json::value& argument);
  Evaluated cidr(const boost::json::value& argument);
  Evaluated get_azs(const boost::json::value& argument);
  Evaluated import_value(const boost::json::value& argument);
  Evaluated length(const boost::json::value& argument);
  Evaluated to_json_string(const boost::json::value& argument);
  Evaluated contains(const boost::json::value& argument);
  Evaluated each_member_in(const boost::json::value& argument);
  Evaluated each_member_equals(const boost::json::value& argument);

  AwsResult<bool> evaluate_condition(const std::string& name);
  AwsResult<void> check_rules();
  AwsResult<std::vector<bool>> truths(const boost::json::value& argument, std::string_view refusal);

  const Template& template_;
  ParameterTexts parameters_;
  const StackFacts& facts_;
  Sources sources_;
  std::map<std::string, bool, std::less<>> conditions_;
  std::size_t spent_ = 0;  ///< bytes of values made so far
};

/// The subnets of Fn::Cidr: `count` blocks of `2^host_bits` addresses from the start of `block`, IPv4 or IPv6. At most
/// 256; ValidationError.
AwsResult<std::vector<std::string>> cidr_blocks(std::string_view block, int count, int host_bits);

/// The availability zones of a region.
std::vector<std::string> availability_zones(std::string_view region);

}  // namespace sortie::emulator::cloudformation
