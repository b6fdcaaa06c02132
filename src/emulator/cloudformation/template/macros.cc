#include "emulator/cloudformation/template/macros.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "emulator/cloudformation/template/for_each.h"
#include "emulator/cloudformation/template/references.h"
#include "emulator/cloudformation/template/values.h"

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

constexpr std::string_view k_section = "Transform";
constexpr std::string_view k_function = "Fn::Transform";

/// Transforms that AWS hosts and the embedded AWS does not have.
constexpr std::array<std::string_view, 6> k_unsupported = {
    "AWS::CodeDeployBlueGreen",       "AWS::CodeStar",
    "AWS::SecretsManager-2020-07-23", "AWS::SecretsManager-2024-09-16",
    "AWS::Serverless-2016-10-31",     "AWS::ServiceCatalog"};

/// Every argument of Fn::Transform below `value`.
void find_functions(const json::value& value, std::vector<const json::value*>& found) {
  if (const auto* list = value.if_array()) {
    for (const json::value& item : *list) find_functions(item, found);
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object) {
      if (member.key() == k_function) {
        found.push_back(&member.value());
      } else {
        find_functions(member.value(), found);
      }
    }
  }
}

std::vector<const json::value*> functions_of(const json::object& document) {
  std::vector<const json::value*> found;
  for (const auto& member : document) {
    if (member.key() == k_function) {
      found.push_back(&member.value());
    } else if (member.key() != k_section) {
      find_functions(member.value(), found);
    }
  }
  return found;
}

bool is_scalar_or_list(const json::value& value) {
  if (const auto* list = value.if_array()) {
    return std::ranges::all_of(*list, [](const json::value& item) { return scalar_text(item).has_value(); });
  }
  return scalar_text(value).has_value();
}

/// Runs what is in one value, from the inside out.
class Expansion {
 public:
  explicit Expansion(MacroRunner run) : run_(std::move(run)) {}

  Task<AwsResult<json::value>> visit(json::value value) {
    if (auto* list = value.if_array()) {
      for (json::value& item : *list) {
        auto done = co_await visit_member(std::move(item));
        if (!done) co_return std::unexpected(done.error());
        item = std::move(*done);
      }
    } else if (auto* object = value.if_object()) {
      for (auto& member : *object) {
        if (member.key() == k_function) continue;
        auto done = co_await visit_member(std::move(member.value()));
        if (!done) co_return std::unexpected(done.error());
        member.value() = std::move(*done);
      }
      if (const json::value* uses = object->if_contains(k_function)) {
        const json::value argument = *uses;
        object->stable_erase(k_function);
        co_return co_await run_all(argument, std::move(value));
      }
    }
    co_return value;
  }

  Task<AwsResult<json::value>> run(Transform transform, json::value fragment) {
    if (++count_ > k_max_transforms) co_return invalid("Transformation data limit exceeded");
    auto made = co_await run_(std::move(transform), std::move(fragment));
    if (made && json::serialize(*made).size() > k_max_processed)
      co_return invalid("Transformation data limit exceeded");
    co_return made;
  }

 private:
  /// Most of a template are values in which nothing runs: they cost no coroutine.
  Task<AwsResult<json::value>> visit_member(json::value value) {
    std::vector<const json::value*> found;
    find_functions(value, found);
    if (found.empty()) co_return value;
    co_return co_await visit(std::move(value));
  }

  Task<AwsResult<json::value>> run_all(json::value argument, json::value fragment) {
    const auto transforms = read_transforms(argument);
    if (!transforms) co_return std::unexpected(transforms.error());
    for (const Transform& transform : *transforms) {
      auto made = co_await run(transform, std::move(fragment));
      if (!made) co_return std::unexpected(made.error());
      fragment = std::move(*made);
    }
    co_return fragment;
  }

  MacroRunner run_;
  std::size_t count_ = 0;
};

/// A whole template again, without macros that would have to run in their turn.
AwsResult<void> check_result(const json::value& whole) {
  const auto* document = whole.if_object();
  if (document == nullptr) return invalid("Template format error: unsupported structure.");
  if (functions_of(*document).empty() && !document->contains(k_section)) return {};
  return invalid("Template format error: Encountered unsupported function: Fn::Transform");
}

}  // namespace

bool uses_macros(const json::object& document) {
  if (!functions_of(document).empty()) return true;
  const json::value* section = document.if_contains(k_section);
  if (section == nullptr) return false;
  const auto transforms = read_transforms(*section);
  return !transforms || std::ranges::any_of(*transforms, [](const Transform& transform) {
    return transform.name != k_language_extensions;
  });
}

AwsResult<std::vector<Transform>> find_transforms(const json::object& document) {
  std::vector<const json::value*> uses = functions_of(document);
  if (const json::value* section = document.if_contains(k_section)) uses.insert(uses.begin(), section);
  std::vector<Transform> found;
  for (const json::value* use : uses) {
    ASSIGN_OR_RETURN(auto transforms, read_transforms(*use));
    found.insert(found.end(), std::make_move_iterator(transforms.begin()), std::make_move_iterator(transforms.end()));
  }
  for (const Transform& transform : found) {
    if (std::ranges::find(k_unsupported, transform.name) == k_unsupported.end()) continue;
    return invalid(fmt::format("The embedded AWS does not implement the transform {}. AWS does.", transform.name));
  }
  if (found.size() > k_max_transforms) return invalid("Transformation data limit exceeded");
  return found;
}

std::vector<std::string> transform_names(const std::vector<Transform>& transforms) {
  std::vector<std::string> names;
  for (const Transform& transform : transforms) {
    if (std::ranges::find(names, transform.name) == names.end()) names.push_back(transform.name);
  }
  return names;
}

AwsResult<json::object> resolve_transform(const Transform& transform, const Template& declarations,
                                          const ParameterTexts& parameters, const StackFacts& facts) {
  Evaluator evaluator(
      declarations, parameters, facts,
      {.resource = [](const std::string& id, const std::string&) -> AwsResult<json::value> { return invalid(id); },
       .import = [](const std::string& name) -> AwsResult<std::string> { return invalid(name); }});
  json::object resolved;
  for (const auto& [name, value] : transform.parameters) {
    // The evaluator takes functions for well-formed that a look for references has seen.
    auto made = find_references(value) ? evaluator.evaluate(value) : AwsResult<json::value>(json::object());
    if (!made || !is_scalar_or_list(*made)) {
      return invalid(fmt::format(
          "The value of parameter {} under transform {} must resolve to a string, number, boolean or a list "
          "of any of these.",
          std::string_view(name), transform.name));
    }
    resolved[name] = std::move(*made);
  }
  return resolved;
}

Task<AwsResult<json::object>> expand_macros(json::object document, ParameterTexts parameters, MacroRunner run) {
  std::vector<Transform> last;
  if (const json::value* section = document.if_contains(k_section)) {
    auto transforms = read_transforms(*section);
    if (!transforms) co_return std::unexpected(transforms.error());
    last = std::move(*transforms);
    document.stable_erase(k_section);
  }
  Expansion expansion(std::move(run));
  auto whole = co_await expansion.visit(std::move(document));
  if (!whole) co_return std::unexpected(whole.error());
  CO_RETURN_IF_ERROR(check_result(*whole));
  bool extended = false;
  for (const Transform& transform : last) {
    if (transform.name == k_language_extensions) {
      extended = true;
      json::object& object = whole->get_object();
      object[k_section] = k_language_extensions;
      CO_RETURN_IF_ERROR(expand_for_each(object, parameters));
      object.stable_erase(k_section);
    } else {
      whole = co_await expansion.run(transform, std::move(*whole));
      if (!whole) co_return std::unexpected(whole.error());
      CO_RETURN_IF_ERROR(check_result(*whole));
    }
  }
  if (extended) whole->get_object()[k_section] = k_language_extensions;
  co_return std::move(whole->get_object());
}

AwsResult<json::value> insert_snippet(json::value fragment, const json::value& snippet) {
  auto* into = fragment.if_object();
  if (into == nullptr || into->empty()) return snippet;
  if (!snippet.is_object()) {
    return transform_failed(k_include, "The specified S3 object's content should be valid Yaml/JSON");
  }
  for (const auto& [name, value] : snippet.get_object()) {
    json::value* there = into->if_contains(name);
    if (there != nullptr && there->is_object() && !there->get_object().empty() && value.is_object()) {
      ASSIGN_OR_RETURN(*there, insert_snippet(std::move(*there), value));
    } else {
      (*into)[name] = value;
    }
  }
  return fragment;
}

std::pair<std::string, std::string> parse_location(std::string_view location) {
  constexpr std::string_view k_scheme = "s3://";
  if (!location.starts_with(k_scheme)) return {};
  location.remove_prefix(k_scheme.size());
  const auto slash = location.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == location.size()) return {};
  return {std::string(location.substr(0, slash)), std::string(location.substr(slash + 1))};
}

std::unexpected<AwsError> transform_failed(std::string_view name, std::string_view message) {
  return invalid(fmt::format("Transform {} failed with: {}", name, message));
}

}  // namespace sortie::emulator::cloudformation
