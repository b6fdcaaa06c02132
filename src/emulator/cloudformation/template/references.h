#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/cloudformation/template/template.h"
#include "emulator/core/call.h"

/// Who refers to whom in a template, before evaluation.
namespace sortie::emulator::cloudformation {

/// One `Ref`, `Fn::GetAtt` or variable of an `Fn::Sub`.
struct Reference {
  std::string name;       ///< logical id, parameter or pseudo parameter
  std::string attribute;  ///< of Fn::GetAtt; empty for Ref
};

/// A piece of an Fn::Sub text: literal text, or a variable (`Name` or `Name.Attribute`).
struct SubPiece {
  bool variable = false;
  std::string text;
};
/// Splits `a${B}c${!literal}`. ValidationError for a name that cannot be one.
AwsResult<std::vector<SubPiece>> split_sub(std::string_view text);

/// Every reference below `value`. Errors are those of malformed functions.
AwsResult<std::vector<Reference>> find_references(const boost::json::value& value);

/// "AWS::Region" and its like.
bool is_pseudo_parameter(std::string_view name);

/// References to nothing, conditions that do not exist, circles: ValidationError.
AwsResult<void> check_references(const Template& whole);

/// Logical ids of the resources that `resource` refers to or names in DependsOn, each once.
std::vector<std::string> dependencies_of(const Template& whole, const ResourceDeclaration& resource);

/// The conditions in an order where each comes after those that it names.
std::vector<std::string> condition_order(const Template& whole);

/// The resources in an order where each comes after what it depends on; among equals in the template's order. The
/// template has no circle (check_references).
std::vector<std::string> creation_order(const Template& whole);

}  // namespace sortie::emulator::cloudformation
