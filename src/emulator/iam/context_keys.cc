#include "emulator/iam/context_keys.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/ascii.h"
#include "emulator/iam/pattern.h"

namespace sortie::emulator::iam {

namespace {

namespace json = boost::json;

void add_key(std::string_view key, std::vector<std::string>& keys) {
  if (key.find(':') == std::string_view::npos) return;  // `${*}` and its kin stand for characters
  const auto same = [&](const std::string& known) { return ascii_lower(known) == ascii_lower(key); };
  if (std::ranges::none_of(keys, same)) keys.emplace_back(key);
}

/// `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`
void add_variables(std::string_view text, std::vector<std::string>& keys) {
  for (auto at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 2)) {
    const std::string_view rest = text.substr(at + 2);
    const auto end = rest.find('}');
    if (end == std::string_view::npos) return;
    std::string_view key = rest.substr(0, std::min(end, rest.find(',')));
    while (key.ends_with(' ')) key.remove_suffix(1);
    add_key(key, keys);
  }
}

void add_variables(const json::value& value, std::vector<std::string>& keys) {
  if (const auto* text = value.if_string()) add_variables(std::string_view(*text), keys);
  if (const auto* list = value.if_array()) {
    for (const json::value& item : *list) {
      if (const auto* text = item.if_string()) add_variables(std::string_view(*text), keys);
    }
  }
}

void add_statement(const json::value& statement, std::vector<std::string>& keys) {
  const auto* object = statement.if_object();
  if (object == nullptr) return;
  for (const auto* member : {"Resource", "NotResource"}) {
    if (const auto* value = object->if_contains(member)) add_variables(*value, keys);
  }
  const auto* condition = object->if_contains("Condition");
  if (condition == nullptr || !condition->is_object()) return;
  for (const auto& [operation, block] : condition->get_object()) {
    if (!block.is_object()) continue;
    for (const auto& [key, values] : block.get_object()) {
      add_key(key, keys);
      add_variables(values, keys);
    }
  }
}

}  // namespace

void add_context_keys(std::string_view document, std::vector<std::string>& keys) {
  boost::system::error_code wrong;
  const json::value policy = json::parse(document, wrong);
  if (wrong || !policy.is_object()) return;
  const auto* statements = policy.get_object().if_contains("Statement");
  if (statements == nullptr) return;
  if (const auto* list = statements->if_array()) {
    for (const json::value& statement : *list) add_statement(statement, keys);
  } else {
    add_statement(*statements, keys);
  }
}

}  // namespace sortie::emulator::iam
