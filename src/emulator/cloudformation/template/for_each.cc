#include "emulator/cloudformation/template/for_each.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

#include "emulator/cloudformation/template/template.h"
#include "emulator/cloudformation/template/transform.h"
#include "emulator/cloudformation/template/values.h"

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;
using Texts = std::map<std::string, std::string, std::less<>>;

constexpr std::string_view k_prefix = "Fn::ForEach::";
constexpr std::size_t k_max_values = 50'000;
constexpr std::size_t k_max_text = 1024 * 1024;

bool has_transform(const json::object& document) {
  const json::value* found = document.if_contains("Transform");
  const auto transforms = found == nullptr ? AwsResult<std::vector<Transform>>() : read_transforms(*found);
  return transforms && std::ranges::find(*transforms, k_language_extensions, &Transform::name) != transforms->end();
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

std::string letters_and_digits(std::string_view text) {
  std::string kept;
  std::ranges::copy_if(text, std::back_inserter(kept), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
  return kept;
}

class ForEachExpansion {
 public:
  ForEachExpansion(const json::object& document, const Texts& parameters) : parameters_(parameters) {
    if (const json::value* found = document.if_contains("Parameters"); found != nullptr && found->is_object()) {
      declared_ = found->get_object();
    }
  }

  AwsResult<json::value> visit(const json::value& value) {
    RETURN_IF_ERROR(count(value));
    if (const auto* list = value.if_array()) {
      json::array result;
      for (const json::value& item : *list) {
        ASSIGN_OR_RETURN(json::value one, visit(item));
        result.push_back(std::move(one));
      }
      return result;
    }
    const auto* object = value.if_object();
    if (object == nullptr) return value;
    json::object result;
    for (const auto& member : *object) {
      if (std::string_view(member.key()).starts_with(k_prefix)) {
        RETURN_IF_ERROR(write_out(member.value(), result));
      } else {
        ASSIGN_OR_RETURN(result[member.key()], visit(member.value()));
      }
    }
    return result;
  }

 private:
  AwsResult<void> count(const json::value& value) {
    if (const auto* text = value.if_string()) bytes_ += text->size();
    if (++values_ <= k_max_values && bytes_ <= k_max_text) return {};
    return invalid("Template format error: the loops of the template make too many values");
  }

  AwsResult<void> write_out(const json::value& loop, json::object& into) {
    const auto* parts = loop.if_array();
    if (parts == nullptr || parts->size() != 3 || !(*parts)[0].is_string() || !(*parts)[2].is_object()) {
      return invalid("Transform AWS::LanguageExtensions failed with: Fn::ForEach layout is incorrect.");
    }
    const std::string name((*parts)[0].get_string());
    ASSIGN_OR_RETURN(const auto items, items_of((*parts)[1]));
    for (const std::string& item : items) {
      ASSIGN_OR_RETURN(const json::value one, substitute((*parts)[2], name, item));
      ASSIGN_OR_RETURN(const json::value written, visit(one));
      for (const auto& member : written.get_object()) {
        if (into.contains(member.key())) {
          return invalid(fmt::format("Transform AWS::LanguageExtensions failed with: Fn::ForEach makes {} twice.",
                                     std::string_view(member.key())));
        }
        into[member.key()] = member.value();
      }
    }
    return {};
  }

  AwsResult<std::vector<std::string>> items_of(const json::value& collection) {
    const auto refuse = [] {
      return invalid(
          "Transform AWS::LanguageExtensions failed with: the collection of Fn::ForEach must be a list of strings, or "
          "a "
          "parameter that is a list.");
    };
    if (function_of(collection) == "Ref" && argument_of(collection).is_string()) {
      const std::string name(argument_of(collection).get_string());
      const json::value* declaration = declared_.if_contains(name);
      if (declaration == nullptr || !declaration->is_object()) return refuse();
      if (const auto given = parameters_.find(name); given != parameters_.end()) return split_list(given->second);
      const json::value* standard = declaration->get_object().if_contains("Default");
      const auto text = standard == nullptr ? std::optional<std::string>() : scalar_text(*standard);
      if (!text) return invalid(fmt::format("Parameters: [{}] must have values", name));
      return split_list(*text);
    }
    if (!collection.is_array()) return refuse();
    std::vector<std::string> items;
    for (const json::value& item : collection.get_array()) {
      const auto text = scalar_text(item);
      if (!text) return refuse();
      items.push_back(*text);
    }
    return items;
  }

  static std::string substitute(std::string text, const std::string& name, const std::string& item) {
    replace_all(text, "${" + name + "}", item);
    replace_all(text, "&{" + name + "}", letters_and_digits(item));
    return text;
  }

  AwsResult<json::value> substitute(const json::value& value, const std::string& name, const std::string& item) {
    RETURN_IF_ERROR(count(value));
    if (const auto* text = value.if_string()) return json::string(substitute(std::string(*text), name, item));
    if (function_of(value) == "Ref" && scalar_text(argument_of(value)) == name) return json::string(item);
    if (const auto* list = value.if_array()) {
      json::array result;
      for (const json::value& one : *list) {
        ASSIGN_OR_RETURN(json::value made, substitute(one, name, item));
        result.push_back(std::move(made));
      }
      return result;
    }
    const auto* object = value.if_object();
    if (object == nullptr) return value;
    json::object result;
    for (const auto& member : *object) {
      ASSIGN_OR_RETURN(result[substitute(std::string(member.key()), name, item)],
                       substitute(member.value(), name, item));
    }
    return result;
  }

  const Texts& parameters_;
  json::object declared_;
  std::size_t values_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace

AwsResult<void> expand_for_each(json::object& document, const Texts& parameters) {
  if (!has_transform(document)) return {};
  ForEachExpansion expansion(document, parameters);
  ASSIGN_OR_RETURN(json::value whole, expansion.visit(document));
  document = std::move(whole.get_object());
  return {};
}

}  // namespace sortie::emulator::cloudformation
