#include "emulator/cloudformation/engine/stored_parameters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "emulator/cloudformation/resources/resource_type.h"

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

constexpr std::size_t k_names_at_once = 10;
constexpr std::string_view k_begin = "{{resolve:";
constexpr std::string_view k_end = "}}";
/// Of the template that `cdk bootstrap` deploys in late 2025.
constexpr std::string_view k_bootstrap_version = "30";

/// `/cdk-bootstrap/QUALIFIER/version`
bool is_bootstrap_version(std::string_view name) {
  constexpr std::string_view k_before = "/cdk-bootstrap/";
  constexpr std::string_view k_after = "/version";
  if (!name.starts_with(k_before) || !name.ends_with(k_after) || name.size() <= k_before.size() + k_after.size()) {
    return false;
  }
  return !name.substr(k_before.size(), name.size() - k_before.size() - k_after.size()).contains('/');
}

struct Found {
  std::string type;
  std::string value;
};

std::string text_member(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

/// By name; those that are not there are left out.
Task<AwsResult<std::map<std::string, Found>>> get_parameters(ServiceCalls& services, Caller caller,
                                                             std::set<std::string> names) {
  std::map<std::string, Found> found;
  for (auto name = names.begin(); name != names.end();) {
    json::array some;
    while (name != names.end() && some.size() < k_names_at_once) some.emplace_back(*name++);
    const Reply reply =
        co_await send_request(services, caller, "ssm", ssm_request("GetParameters", {{"Names", std::move(some)}}));
    if (!reply.ok()) {
      const bool denied = reply.code.starts_with("AccessDenied");
      co_return aws_fail(denied ? 403 : 400, denied ? "AccessDenied" : "ValidationError", reply.message);
    }
    const json::object body = reply.json();
    const auto* list = body.if_contains("Parameters");
    if (list == nullptr || !list->is_array()) continue;
    for (const auto& item : list->get_array()) {
      if (!item.is_object()) continue;
      const auto& one = item.get_object();
      found[text_member(one, "Name") + text_member(one, "Selector")] = {text_member(one, "Type"),
                                                                        text_member(one, "Value")};
    }
  }
  co_return found;
}

/// Calls `use` with each reference in the text and its position.
template <class Use>
void each_reference(std::string_view text, Use use) {
  for (auto at = text.find(k_begin); at != std::string_view::npos; at = text.find(k_begin, at + 1)) {
    const auto end = text.find(k_end, at);
    if (end == std::string_view::npos) return;
    use(at, text.substr(at, end + k_end.size() - at));
  }
}

void collect(const json::value& value, std::vector<std::string>& found) {
  if (const auto* text = value.if_string()) {
    each_reference(*text, [&](std::size_t, std::string_view reference) {
      if (std::ranges::find(found, reference) == found.end()) found.emplace_back(reference);
    });
  } else if (const auto* list = value.if_array()) {
    for (const auto& item : *list) collect(item, found);
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object) collect(member.value(), found);
  }
}

void collect_secure(const json::value& value, const std::string& path, std::vector<std::string>& paths) {
  if (const auto* text = value.if_string()) {
    if (text->find("{{resolve:ssm-secure:") != json::string::npos) paths.push_back(path);
  } else if (const auto* list = value.if_array()) {
    for (std::size_t i = 0; i < list->size(); ++i) collect_secure((*list)[i], fmt::format("{}/{}", path, i), paths);
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object) {
      collect_secure(member.value(), fmt::format("{}/{}", path, std::string_view(member.key())), paths);
    }
  }
}

/// `NAME` or `NAME:VERSION` of `{{resolve:ssm:NAME:VERSION}}`.
AwsResult<std::string> parameter_of(const std::string& reference) {
  const std::string_view inner =
      std::string_view(reference).substr(k_begin.size(), reference.size() - k_begin.size() - k_end.size());
  const auto service = inner.substr(0, inner.find(':'));
  if (service == "secretsmanager") {
    return refuse(fmt::format("The embedded AWS has no Secrets Manager: {} cannot be resolved. AWS can.", reference));
  }
  const auto wrong = [&] {
    return refuse(fmt::format("Incorrect format is used in the following SSM reference: [{}]", reference));
  };
  if (service != "ssm" || service.size() == inner.size()) return wrong();
  const auto name = inner.substr(service.size() + 1);
  const auto version = name.find(':');
  const auto digits = version == std::string_view::npos ? std::string_view("1") : name.substr(version + 1);
  const bool number = !digits.empty() && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (version == 0 || name.empty() || !number) return wrong();
  return std::string(name);
}

/// The names in Systems Manager that the template's parameters have.
std::set<std::string> stored_names(const std::vector<ParameterDeclaration>& declarations, const ParameterTexts& texts) {
  std::set<std::string> names;
  for (const auto& declaration : declarations) {
    const auto text = texts.find(declaration.name);
    if (declaration.is_stored() && text != texts.end()) names.insert(text->second);
  }
  return names;
}

}  // namespace

Task<AwsResult<ParameterTexts>> fetch_stored_parameters(ServiceCalls& services, Caller caller,
                                                        std::vector<ParameterDeclaration> declarations,
                                                        ParameterTexts texts) {
  const auto found = co_await get_parameters(services, std::move(caller), stored_names(declarations, texts));
  if (!found) co_return std::unexpected(found.error());
  ParameterTexts values;
  std::vector<std::string> missing;
  std::vector<std::string> unsuitable;
  for (const auto& declaration : declarations) {
    const auto text = texts.find(declaration.name);
    if (!declaration.is_stored() || text == texts.end()) continue;
    const auto one = found->find(text->second);
    if (one == found->end()) {
      if (is_bootstrap_version(text->second)) {
        values.emplace(declaration.name, k_bootstrap_version);
      } else {
        missing.push_back(text->second);
      }
    } else if (declaration.value_type().empty()) {
      values.emplace(declaration.name, text->second);
    } else if (one->second.type != (declaration.is_list() ? "StringList" : "String")) {
      unsuitable.push_back(text->second);
    } else {
      values.emplace(declaration.name, one->second.value);
    }
  }
  if (!missing.empty()) {
    co_return invalid(
        fmt::format("Unable to fetch parameters [{}] from parameter store for this account.", fmt::join(missing, ",")));
  }
  if (!unsuitable.empty()) {
    co_return invalid(fmt::format("Parameters [{}] referenced by template have types not supported by CloudFormation.",
                                  fmt::join(unsuitable, ",")));
  }
  co_return values;
}

std::vector<std::string> find_dynamic_references(const json::value& value) {
  std::vector<std::string> found;
  collect(value, found);
  return found;
}

AwsResult<void> check_secure_references(std::string_view type, const json::object& properties) {
  std::vector<std::string> paths;
  collect_secure(properties, fmt::format("{}/Properties", type), paths);
  if (paths.empty()) return {};
  return invalid(fmt::format("SSM Secure reference is not supported in: [{}]", fmt::join(paths, ",")));
}

Task<AwsResult<json::object>> fetch_dynamic_references(ServiceCalls& services, Caller caller,
                                                       std::vector<std::string> references) {
  json::object values;
  if (references.empty()) co_return values;
  if (references.size() > k_max_references) {
    co_return refuse(fmt::format("A template has at most {} dynamic references.", k_max_references));
  }
  std::map<std::string, std::string> names;  // by reference
  std::set<std::string> wanted;
  for (const auto& reference : references) {
    const auto name = parameter_of(reference);
    if (!name) co_return std::unexpected(name.error());
    names.emplace(reference, *name);
    wanted.insert(*name);
  }
  const auto found = co_await get_parameters(services, std::move(caller), std::move(wanted));
  if (!found) co_return refuse(found.error().message);
  std::vector<std::string> missing;
  for (const auto& [reference, name] : names) {
    const auto one = found->find(name);
    if (one == found->end()) {
      missing.push_back("ssm:" + name);
    } else if (one->second.type == "SecureString") {
      co_return refuse(fmt::format("Non-secure ssm prefix was used for secure parameter: [{}]", name));
    } else {
      values[reference] = one->second.value;
    }
  }
  if (!missing.empty()) {
    co_return refuse(fmt::format("Parameters: [{}] cannot be found.", fmt::join(missing, ", ")));
  }
  co_return values;
}

json::value with_references(const json::value& value, const json::object& known) {
  if (known.empty()) return value;
  if (const auto* text = value.if_string()) {
    std::string written;
    std::size_t done = 0;
    each_reference(*text, [&](std::size_t at, std::string_view reference) {
      const auto* found = known.if_contains(reference);
      if (found == nullptr || !found->is_string() || at < done) return;
      written.append(text->subview(done, at - done)).append(found->get_string());
      done = at + reference.size();
    });
    written.append(text->subview(done));
    return json::string(written);
  }
  if (const auto* list = value.if_array()) {
    json::array items;
    for (const auto& item : *list) items.push_back(with_references(item, known));
    return items;
  }
  if (const auto* object = value.if_object()) {
    json::object members;
    for (const auto& member : *object) members[member.key()] = with_references(member.value(), known);
    return members;
  }
  return value;
}

}  // namespace sortie::emulator::cloudformation
