#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Small things about JSON values as CloudFormation treats them: scalars are text wherever text is wanted.
namespace sortie::emulator::cloudformation {

/// Stands for what is not known before the resource is made. It flows through Fn::Join and Fn::Sub as text does; AWS
/// shows it in change sets.
inline constexpr std::string_view k_known_after_apply = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// `true`, `12`, `x` as text; nothing for objects, lists and null.
std::optional<std::string> scalar_text(const boost::json::value& value);
/// A finite decimal number and nothing else.
std::optional<double> to_number(std::string_view text);
/// True when k_known_after_apply is in it.
bool has_unknown(const boost::json::value& value);
/// Equal as CloudFormation compares properties: `"1"` and `1` are the same, the order of members does not matter.
bool same_value(const boost::json::value& a, const boost::json::value& b);
/// The name of the function when `value` is an object with the one member `Ref`, `Condition` or `Fn::…`; else empty.
std::string_view function_of(const boost::json::value& value);
/// The argument of the function.
const boost::json::value& argument_of(const boost::json::value& call);
/// `a,b , c` as a list; spaces around the items go away.
std::vector<std::string> split_list(std::string_view text);

}  // namespace sortie::emulator::cloudformation
