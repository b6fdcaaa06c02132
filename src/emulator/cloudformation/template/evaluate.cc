#include "emulator/cloudformation/template/evaluate.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <unordered_map>

#include "emulator/cloudformation/template/references.h"
#include "emulator/cloudformation/template/values.h"
#include "wire/arn.h"

/// The walk through a value, conditions, references and the functions on text; functions.cc has the others.
namespace sortie::emulator::cloudformation {

namespace json = boost::json;

namespace {

constexpr std::size_t k_max_text = 1024 * 1024;
constexpr std::size_t k_max_spent = 16 * 1024 * 1024;
constexpr std::size_t k_price_of_a_value = 16;

}  // namespace

Evaluator::Evaluator(const Template& whole, ParameterTexts parameters, const StackFacts& facts, Sources sources)
    : template_(whole), parameters_(std::move(parameters)), facts_(facts), sources_(std::move(sources)) {}

Evaluator::Function Evaluator::find_function(std::string_view name) {
  using E = Evaluator;
  static const std::unordered_map<std::string_view, Function> k_functions = {
      {"Ref", &E::ref},
      {"Condition", &E::named_condition},
      {"Fn::GetAtt", &E::get_att},
      {"Fn::Join", &E::join},
      {"Fn::Sub", &E::sub},
      {"Fn::Select", &E::select},
      {"Fn::Split", &E::split},
      {"Fn::FindInMap", &E::find_in_map},
      {"Fn::If", &E::if_else},
      {"Fn::And", &E::all_of},
      {"Fn::Or", &E::any_of},
      {"Fn::Not", &E::negate},
      {"Fn::Equals", &E::equals},
      {"Fn::Base64", &E::base64},
      {"Fn::Cidr", &E::cidr},
      {"Fn::GetAZs", &E::get_azs},
      {"Fn::ImportValue", &E::import_value},
      {"Fn::Length", &E::length},
      {"Fn::ToJsonString", &E::to_json_string},
      {"Fn::Contains", &E::contains},
      {"Fn::EachMemberIn", &E::each_member_in},
      {"Fn::EachMemberEquals", &E::each_member_equals},
  };
  const auto found = k_functions.find(name);
  return found == k_functions.end() ? nullptr : found->second;
}

AwsResult<json::value> Evaluator::evaluate(const json::value& value) {
  ASSIGN_OR_RETURN(auto evaluated, visit(value));
  return evaluated ? std::move(*evaluated) : json::value(nullptr);
}

AwsResult<void> Evaluator::spend(std::size_t bytes) {
  spent_ += bytes;
  if (spent_ <= k_max_spent) return {};
  return invalid("Template error: the values of the template are more than 16 MB");
}

Evaluator::Evaluated Evaluator::visit(const json::value& value) {
  const auto* text = value.if_string();
  RETURN_IF_ERROR(spend(k_price_of_a_value + (text == nullptr ? 0 : text->size())));
  if (const std::string_view name = function_of(value); !name.empty()) {
    const Function function = find_function(name);
    if (function == nullptr) {
      return invalid(fmt::format("Template format error: Encountered unsupported function: {}", name));
    }
    return (this->*function)(argument_of(value));
  }
  if (const auto* object = value.if_object()) return visit_object(*object);
  if (const auto* list = value.if_array()) return visit_list(*list);
  return value;
}

Evaluator::Evaluated Evaluator::visit_object(const json::object& object) {
  json::object result;
  for (const auto& member : object) {
    ASSIGN_OR_RETURN(auto value, visit(member.value()));
    if (value) result[member.key()] = std::move(*value);
  }
  return result;
}

Evaluator::Evaluated Evaluator::visit_list(const json::array& list) {
  json::array result;
  for (const auto& item : list) {
    ASSIGN_OR_RETURN(auto value, visit(item));
    if (value) result.push_back(std::move(*value));
  }
  return result;
}

/// Evaluates to text, or refuses in the function's own words.
AwsResult<std::string> Evaluator::text_of(const json::value& value, std::string_view refusal) {
  ASSIGN_OR_RETURN(const auto evaluated, visit(value));
  const auto text = evaluated ? scalar_text(*evaluated) : std::optional<std::string>();
  if (!text) return invalid(std::string(refusal));
  return *text;
}

/// Evaluates to a list. What is not known yet is a list of one unknown.
AwsResult<json::array> Evaluator::list_of(const json::value& value, std::string_view refusal) {
  ASSIGN_OR_RETURN(auto evaluated, visit(value));
  if (evaluated && evaluated->is_array()) return std::move(evaluated->get_array());
  if (evaluated && evaluated->is_string() && has_unknown(*evaluated)) return json::array{*evaluated};
  return invalid(std::string(refusal));
}

AwsResult<bool> Evaluator::truth_of(const json::value& value, std::string_view refusal) {
  ASSIGN_OR_RETURN(const auto evaluated, visit(value));
  const auto text = evaluated ? scalar_text(*evaluated) : std::optional<std::string>();
  if (text != "true" && text != "false") return invalid(std::string(refusal));
  return *text == "true";
}

AwsResult<void> Evaluator::evaluate_conditions() {
  for (const std::string& name : condition_order(template_)) RETURN_IF_ERROR(evaluate_condition(name));
  return check_rules();
}

AwsResult<bool> Evaluator::evaluate_condition(const std::string& name) {
  if (const auto found = conditions_.find(name); found != conditions_.end()) return found->second;
  const json::value* expression = template_.conditions.if_contains(name);
  if (expression == nullptr) {
    return invalid(fmt::format("Template format error: Unresolved condition dependency {}", name));
  }
  ASSIGN_OR_RETURN(const bool truth,
                   truth_of(*expression,
                            "Template format error: Conditions can only be boolean operations on parameters and "
                            "other conditions"));
  conditions_.emplace(name, truth);
  return truth;
}

bool Evaluator::condition(const std::string& name) const {
  if (name.empty()) return true;
  const auto found = conditions_.find(name);
  return found != conditions_.end() && found->second;
}

AwsResult<void> Evaluator::check_rules() {
  for (const auto& member : template_.rules) {
    const auto* rule = member.value().if_object();
    const auto* assertions = rule == nullptr ? nullptr : rule->if_contains("Assertions");
    if (assertions == nullptr || !assertions->is_array()) {
      return invalid(
          fmt::format("Template format error: rule {} must have a list of Assertions", std::string_view(member.key())));
    }
    constexpr std::string_view k_not_boolean =
        "Template format error: rules can only be boolean operations on parameters";
    if (const auto* when = rule->if_contains("RuleCondition")) {
      ASSIGN_OR_RETURN(const bool applies, truth_of(*when, k_not_boolean));
      if (!applies) continue;
    }
    for (const auto& assertion : assertions->get_array()) {
      const auto* object = assertion.if_object();
      const auto* claim = object == nullptr ? nullptr : object->if_contains("Assert");
      if (claim == nullptr) return invalid("Template format error: every assertion must have an Assert");
      ASSIGN_OR_RETURN(const bool holds, truth_of(*claim, k_not_boolean));
      if (holds) continue;
      const auto* text = object->if_contains("AssertDescription");
      return invalid(fmt::format("Rule {} failed: {}", std::string_view(member.key()),
                                 text == nullptr ? "the assertion does not hold" : scalar_text(*text).value_or("")));
    }
  }
  return {};
}

AwsResult<json::value> Evaluator::reference(const std::string& name) {
  if (const ParameterDeclaration* parameter = template_.find_parameter(name)) {
    const auto text = parameters_.find(name);
    RETURN_IF_ERROR(
        spend(text == parameters_.end() ? 0 : text->second.size() * (parameter->is_list() ? k_price_of_a_value : 1)));
    return parameter_value(*parameter, text == parameters_.end() ? std::string() : text->second);
  }
  if (name == "AWS::AccountId") return json::string(facts_.account);
  if (name == "AWS::Region") return json::string(facts_.region);
  if (name == "AWS::Partition") return json::string(wire::partition_of(facts_.region));
  if (name == "AWS::URLSuffix") return json::string(wire::dns_suffix_of(facts_.region));
  if (name == "AWS::StackId") return json::string(facts_.stack_id);
  if (name == "AWS::StackName") return json::string(facts_.stack_name);
  if (name == "AWS::NotificationARNs") {
    json::array arns;
    for (const std::string& arn : facts_.notification_arns) arns.emplace_back(arn);
    return arns;
  }
  return sources_.resource(name, {});
}

Evaluator::Evaluated Evaluator::ref(const json::value& argument) {
  if (!argument.is_string()) return invalid("Template error: every Ref object must have a single String value.");
  const std::string name(argument.get_string());
  if (name == "AWS::NoValue") return std::nullopt;
  return reference(name);
}

Evaluator::Evaluated Evaluator::get_att(const json::value& argument) {
  std::string name;
  std::string attribute;
  if (const auto* text = argument.if_string()) {
    const auto dot = text->find('.');
    name = std::string(text->subview(0, dot));
    attribute = dot == json::string::npos ? std::string() : std::string(text->subview(dot + 1));
  } else {
    name = std::string(argument.get_array().at(0).get_string());
    ASSIGN_OR_RETURN(attribute, text_of(argument.get_array().at(1),
                                        "Template error: the attribute name of Fn::GetAtt must be "
                                        "a string"));
  }
  return sources_.resource(name, attribute);
}

Evaluator::Evaluated Evaluator::join(const json::value& argument) {
  constexpr std::string_view k_refusal =
      "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings "
      "to be "
      "joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.";
  const auto* list = argument.if_array();
  if (list == nullptr || list->size() != 2 || !(*list)[0].is_string()) return invalid(std::string(k_refusal));
  ASSIGN_OR_RETURN(const json::array items, list_of((*list)[1], k_refusal));
  std::string joined;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto text = scalar_text(items[i]);
    if (!text) return invalid(std::string(k_refusal));
    if (i > 0) joined += std::string_view((*list)[0].get_string());
    joined += *text;
    if (joined.size() > k_max_text) return invalid("Template error: Fn::Join makes a text of more than 1 MB");
  }
  RETURN_IF_ERROR(spend(joined.size()));
  return json::string(joined);
}

AwsResult<std::string> Evaluator::variable(const std::string& name) {
  const auto dot = name.find('.');
  AwsResult<json::value> value =
      dot == std::string::npos ? reference(name) : sources_.resource(name.substr(0, dot), name.substr(dot + 1));
  if (!value) return std::unexpected(value.error());
  const auto text = scalar_text(*value);
  if (!text)
    return invalid(fmt::format("Template error: variable {} in Fn::Sub expression does not resolve to a string", name));
  return *text;
}

Evaluator::Evaluated Evaluator::sub(const json::value& argument) {
  const auto* pair = argument.if_array();
  const json::value& text = pair == nullptr ? argument : pair->at(0);
  ASSIGN_OR_RETURN(const auto pieces, split_sub(text.get_string()));
  std::string result;
  for (const SubPiece& piece : pieces) {
    const json::value* own =
        piece.variable && pair != nullptr ? pair->at(1).get_object().if_contains(piece.text) : nullptr;
    if (!piece.variable) {
      result += piece.text;
    } else if (own != nullptr) {
      ASSIGN_OR_RETURN(
          const std::string value,
          text_of(*own, fmt::format("Template error: variable {} in Fn::Sub expression does not resolve to a "
                                    "string",
                                    piece.text)));
      result += value;
    } else {
      ASSIGN_OR_RETURN(const std::string value, variable(piece.text));
      result += value;
    }
    if (result.size() > k_max_text) return invalid("Template error: Fn::Sub makes a text of more than 1 MB");
  }
  RETURN_IF_ERROR(spend(result.size()));
  return json::string(result);
}

Evaluator::Evaluated Evaluator::if_else(const json::value& argument) {
  const auto& list = argument.get_array();  // its shape was seen by check_references
  ASSIGN_OR_RETURN(const bool truth, evaluate_condition(std::string(list.at(0).get_string())));
  return visit(truth ? list.at(1) : list.at(2));
}

Evaluator::Evaluated Evaluator::named_condition(const json::value& argument) {
  ASSIGN_OR_RETURN(const bool truth, evaluate_condition(std::string(argument.get_string())));
  return json::value(truth);
}

}  // namespace sortie::emulator::cloudformation
