#include "emulator/cloudformation/template/references.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <map>
#include <set>

#include "emulator/cloudformation/template/values.h"

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

constexpr std::array k_pseudo_parameters = {"AWS::AccountId", "AWS::NotificationARNs", "AWS::NoValue",
                                            "AWS::Partition", "AWS::Region",           "AWS::StackId",
                                            "AWS::StackName", "AWS::URLSuffix"};

bool is_variable_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == ':';
  });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

Reference reference_of(std::string_view variable) {
  const auto dot = variable.find('.');
  if (dot == std::string_view::npos) return {std::string(variable), {}};
  return {std::string(variable.substr(0, dot)), std::string(variable.substr(dot + 1))};
}

/// What is collected on a walk through a value.
struct Walk {
  std::vector<Reference> references;
  std::vector<std::string> conditions;     ///< names in Condition
  std::vector<std::string> if_conditions;  ///< first arguments of Fn::If
  bool imports = false;

  [[nodiscard]] std::vector<std::string> all_conditions() const {
    std::vector<std::string> all = conditions;
    all.insert(all.end(), if_conditions.begin(), if_conditions.end());
    return all;
  }

  AwsResult<void> visit(const json::value& value);
  AwsResult<void> visit_sub(const json::value& argument);
  AwsResult<void> visit_get_att(const json::value& argument);
};

AwsResult<void> Walk::visit_sub(const json::value& argument) {
  const json::value* text = &argument;
  std::set<std::string, std::less<>> own;
  if (const auto* list = argument.if_array()) {
    const bool shaped = list->size() == 2 && (*list)[0].is_string() && (*list)[1].is_object();
    if (!shaped) {
      return invalid(
          "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string "
          "as "
          "first argument, and an optional second argument to specify a mapping of values to replace in the string");
    }
    text = list->data();
    for (const auto& member : (*list)[1].get_object()) {
      own.emplace(member.key());
      RETURN_IF_ERROR(visit(member.value()));
    }
  }
  if (!text->is_string()) {
    return invalid(
        "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as "
        "first argument, and an optional second argument to specify a mapping of values to replace in the string");
  }
  ASSIGN_OR_RETURN(const auto pieces, split_sub(text->get_string()));
  for (const SubPiece& piece : pieces) {
    if (piece.variable && !own.contains(piece.text)) references.push_back(reference_of(piece.text));
  }
  return {};
}

AwsResult<void> Walk::visit_get_att(const json::value& argument) {
  const auto refuse = [] {
    return invalid(
        "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource "
        "attribute");
  };
  if (const auto* text = argument.if_string()) {
    Reference reference = reference_of(*text);
    if (reference.name.empty() || reference.attribute.empty()) return refuse();
    references.push_back(std::move(reference));
    return {};
  }
  const auto* list = argument.if_array();
  if (list == nullptr || list->size() != 2 || !(*list)[0].is_string() || (*list)[0].get_string().empty())
    return refuse();
  if (const auto* attribute = (*list)[1].if_string()) {
    if (attribute->empty()) return refuse();
    references.push_back({std::string((*list)[0].get_string()), std::string(*attribute)});
    return {};
  }
  if (function_of((*list)[1]) != "Ref") return refuse();
  references.push_back({std::string((*list)[0].get_string()), "?"});
  return visit((*list)[1]);
}

AwsResult<void> Walk::visit(const json::value& value) {
  const std::string_view function = function_of(value);
  if (function == "Ref") {
    const auto* name = argument_of(value).if_string();
    if (name == nullptr) return invalid("Template error: every Ref object must have a single String value.");
    references.push_back({std::string(*name), {}});
    return {};
  }
  if (function == "Condition") {
    conditions.emplace_back(argument_of(value).get_string());
    return {};
  }
  if (function == "Fn::GetAtt") return visit_get_att(argument_of(value));
  if (function == "Fn::Sub") return visit_sub(argument_of(value));
  if (function == "Fn::If") {
    const auto* list = argument_of(value).if_array();
    if (list == nullptr || list->empty() || !(*list)[0].is_string()) {
      return invalid("Template error: Fn::If requires a list argument with the first element being a condition");
    }
    if (list->size() != 3) return invalid("Template error: Fn::If requires a list argument with three elements");
    if_conditions.emplace_back((*list)[0].get_string());
  }
  imports = imports || function == "Fn::ImportValue";
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object) RETURN_IF_ERROR(visit(member.value()));
  } else if (const auto* list = value.if_array()) {
    for (const auto& item : *list) RETURN_IF_ERROR(visit(item));
  }
  return {};
}

/// The names that a block refers to and that are nowhere.
class BlockCheck {
 public:
  BlockCheck(const Template& whole, std::string block) : whole_(whole), block_(std::move(block)) {}

  AwsResult<void> add(const json::value& value) {
    Walk walk;
    RETURN_IF_ERROR(walk.visit(value));
    for (const Reference& reference : walk.references) {
      const bool resource = whole_.find_resource(reference.name) != nullptr;
      if (!reference.attribute.empty() && !resource) {
        return invalid(
            fmt::format("Template error: instance of Fn::GetAtt references undefined resource {}", reference.name));
      }
      const bool known =
          resource || whole_.find_parameter(reference.name) != nullptr || is_pseudo_parameter(reference.name);
      if (!known) unresolved_.insert(reference.name);
    }
    for (const std::string& condition : walk.conditions) RETURN_IF_ERROR(add_condition(condition));
    for (const std::string& condition : walk.if_conditions) {
      if (whole_.conditions.contains(condition)) continue;
      return invalid(fmt::format("Template error: unresolved condition dependency {} in Fn::If", condition));
    }
    return {};
  }
  AwsResult<void> add_condition(const std::string& name) {
    if (name.empty() || whole_.conditions.contains(name)) return {};
    return invalid(fmt::format(
        "Template format error: Unresolved condition dependency {} in the {} block of the template", name, block_));
  }
  void add_resource(const std::string& logical_id) {
    if (whole_.find_resource(logical_id) == nullptr) unresolved_.insert(logical_id);
  }
  AwsResult<void> finish() {
    if (unresolved_.empty()) return {};
    return invalid(
        fmt::format("Template format error: Unresolved resource dependencies [{}] in the {} block of the template",
                    fmt::join(unresolved_, ", "), block_));
  }

 private:
  const Template& whole_;
  std::string block_;
  std::set<std::string> unresolved_;
};

AwsResult<void> check_conditions(const Template& whole) {
  for (const auto& member : whole.conditions) {
    Walk walk;
    RETURN_IF_ERROR(walk.visit(member.value()));
    std::set<std::string> unresolved;
    for (const Reference& reference : walk.references) {
      const bool known = whole.find_parameter(reference.name) != nullptr || is_pseudo_parameter(reference.name);
      if (!known || !reference.attribute.empty()) unresolved.insert(reference.name);
    }
    if (!unresolved.empty()) {
      return invalid(
          fmt::format("Template format error: Unresolved dependencies [{}]. Cannot reference resources in the "
                      "Conditions block of the template",
                      fmt::join(unresolved, ", ")));
    }
    if (walk.imports) return invalid("Template error: Cannot use Fn::ImportValue in Conditions");
    for (const std::string& condition : walk.all_conditions()) {
      if (whole.conditions.contains(condition)) continue;
      return invalid(fmt::format(
          "Template format error: Unresolved condition dependency {} in the Conditions block of the template",
          condition));
    }
  }
  return {};
}

using Graph = std::map<std::string, std::vector<std::string>>;

/// The nodes in an order where each comes after those it needs, the first possible one of `nodes` first. What is
/// `stuck` is in a circle or after one.
std::vector<std::string> sort(const std::vector<std::string>& nodes, const Graph& graph,
                              std::vector<std::string>& stuck) {
  std::map<std::string_view, std::size_t> numbers;
  for (std::size_t i = 0; i < nodes.size(); ++i) numbers.emplace(nodes[i], i);
  std::vector<std::size_t> waits(nodes.size());
  std::vector<std::vector<std::size_t>> waiting(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const std::string& needed : graph.at(nodes[i])) {
      ++waits[i];
      waiting[numbers.at(needed)].push_back(i);
    }
  }
  std::set<std::size_t> ready;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (waits[i] == 0) ready.insert(i);
  }
  std::vector<std::string> sorted;
  while (!ready.empty()) {
    const std::size_t next = *ready.begin();
    ready.erase(ready.begin());
    sorted.push_back(nodes[next]);
    for (std::size_t one : waiting[next]) {
      if (--waits[one] == 0) ready.insert(one);
    }
  }
  stuck.clear();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (waits[i] > 0) stuck.push_back(nodes[i]);
  }
  return sorted;
}

/// From those that are stuck, the ones that a stuck one depends on: the circle without what merely waits for it.
std::vector<std::string> circle_of(const std::vector<std::string>& stuck, const Graph& graph) {
  std::map<std::string, std::size_t> needed;
  for (const std::string& node : stuck) needed.emplace(node, 0);
  for (const std::string& node : stuck) {
    for (const std::string& name : graph.at(node)) {
      if (const auto found = needed.find(name); found != needed.end()) ++found->second;
    }
  }
  std::vector<std::string> free;
  for (const auto& [node, count] : needed) {
    if (count == 0) free.push_back(node);
  }
  while (!free.empty()) {
    const std::string node = std::move(free.back());
    free.pop_back();
    needed.erase(node);
    for (const std::string& name : graph.at(node)) {
      const auto found = needed.find(name);
      if (found != needed.end() && --found->second == 0) free.push_back(name);
    }
  }
  std::vector<std::string> circle;
  for (const auto& [node, count] : needed) circle.push_back(node);
  return circle;
}

Graph resource_graph(const Template& whole, std::vector<std::string>& nodes) {
  Graph graph;
  for (const ResourceDeclaration& resource : whole.resources) {
    nodes.push_back(resource.logical_id);
    graph[resource.logical_id] = dependencies_of(whole, resource);
  }
  return graph;
}

AwsResult<Graph> condition_graph(const Template& whole, std::vector<std::string>& nodes) {
  Graph graph;
  for (const auto& member : whole.conditions) {
    Walk walk;
    RETURN_IF_ERROR(walk.visit(member.value()));
    nodes.emplace_back(member.key());
    graph[nodes.back()] = walk.all_conditions();
  }
  return graph;
}

AwsResult<void> check_circles(const Template& whole) {
  std::vector<std::string> nodes;
  std::vector<std::string> stuck;
  const Graph resources = resource_graph(whole, nodes);
  sort(nodes, resources, stuck);
  if (!stuck.empty()) {
    return invalid(
        fmt::format("Circular dependency between resources: [{}]", fmt::join(circle_of(stuck, resources), ", ")));
  }
  nodes.clear();
  ASSIGN_OR_RETURN(const Graph conditions, condition_graph(whole, nodes));
  sort(nodes, conditions, stuck);
  if (!stuck.empty()) {
    return invalid(fmt::format("Template error: Circular dependencies in conditions: [{}]",
                               fmt::join(circle_of(stuck, conditions), ", ")));
  }
  return {};
}

}  // namespace

bool is_pseudo_parameter(std::string_view name) {
  return std::ranges::find(k_pseudo_parameters, name) != k_pseudo_parameters.end();
}

AwsResult<std::vector<SubPiece>> split_sub(std::string_view text) {
  std::vector<SubPiece> pieces;
  std::string literal;
  while (!text.empty()) {
    const auto begin = text.find("${");
    const auto end = begin == std::string_view::npos ? begin : text.find('}', begin);
    if (end == std::string_view::npos) break;
    literal += text.substr(0, begin);
    const std::string_view inside = trim(text.substr(begin + 2, end - begin - 2));
    text.remove_prefix(end + 1);
    if (inside.starts_with('!')) {
      literal += "${" + std::string(inside.substr(1)) + "}";
      continue;
    }
    if (!is_variable_name(inside)) {
      return invalid(
          "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, "
          "periods, and colons");
    }
    if (!literal.empty()) pieces.push_back({false, std::exchange(literal, {})});
    pieces.push_back({true, std::string(inside)});
  }
  literal += text;
  if (!literal.empty()) pieces.push_back({false, std::move(literal)});
  return pieces;
}

AwsResult<std::vector<Reference>> find_references(const json::value& value) {
  Walk walk;
  RETURN_IF_ERROR(walk.visit(value));
  return std::move(walk.references);
}

AwsResult<void> check_references(const Template& whole) {
  RETURN_IF_ERROR(check_conditions(whole));
  // Mappings may hold no function, rules no resource; their functions' shapes are checked with them.
  BlockCheck mappings(whole, "Mappings");
  RETURN_IF_ERROR(mappings.add(whole.mappings));
  RETURN_IF_ERROR(mappings.finish());
  BlockCheck rules(whole, "Rules");
  RETURN_IF_ERROR(rules.add(whole.rules));
  RETURN_IF_ERROR(rules.finish());
  BlockCheck resources(whole, "Resources");
  for (const ResourceDeclaration& resource : whole.resources) {
    RETURN_IF_ERROR(resources.add(resource.properties));
    RETURN_IF_ERROR(resources.add(resource.metadata));
    RETURN_IF_ERROR(resources.add_condition(resource.condition));
    for (const std::string& name : resource.depends_on) resources.add_resource(name);
  }
  RETURN_IF_ERROR(resources.finish());
  BlockCheck outputs(whole, "Outputs");
  for (const OutputDeclaration& output : whole.outputs) {
    RETURN_IF_ERROR(outputs.add(output.value));
    RETURN_IF_ERROR(outputs.add(output.export_name));
    RETURN_IF_ERROR(outputs.add_condition(output.condition));
  }
  RETURN_IF_ERROR(outputs.finish());
  return check_circles(whole);
}

std::vector<std::string> dependencies_of(const Template& whole, const ResourceDeclaration& resource) {
  std::vector<std::string> names = resource.depends_on;
  for (const json::object* part : {&resource.properties, &resource.metadata}) {
    const auto references = find_references(*part);
    if (!references) continue;
    for (const Reference& reference : *references) names.push_back(reference.name);
  }
  std::vector<std::string> found;
  for (std::string& name : names) {
    if (whole.find_resource(name) == nullptr || std::ranges::find(found, name) != found.end()) continue;
    found.push_back(std::move(name));
  }
  return found;
}

std::vector<std::string> condition_order(const Template& whole) {
  std::vector<std::string> nodes;
  std::vector<std::string> stuck;
  const auto graph = condition_graph(whole, nodes);
  return graph ? sort(nodes, *graph, stuck) : nodes;
}

std::vector<std::string> creation_order(const Template& whole) {
  std::vector<std::string> nodes;
  std::vector<std::string> stuck;
  const Graph graph = resource_graph(whole, nodes);
  return sort(nodes, graph, stuck);
}

}  // namespace sortie::emulator::cloudformation
