#include "wire/query_protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "wire/uri.h"

namespace sortie::wire {

namespace {

constexpr std::size_t k_max_parameters = 10'000;
constexpr int k_max_index = 100'000;

/// The number at the front of `text` and what follows it; 0 when there is none.
std::pair<int, std::string_view> leading_index(std::string_view text) {
  int index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc() || index < 1 || index > k_max_index) return {0, {}};
  return {index, text.substr(std::size_t(end - text.data()))};
}

/// Calls `each(index, rest, value)` for `name.member.N rest`, `name.entry.N rest` and `name.N rest`.
template <class Values, class Each>
void for_each_item(const Values& values, std::string_view name, Each each) {
  const auto prefix = fmt::format("{}.", name);
  for (auto at = values.lower_bound(prefix); at != values.end() && at->first.starts_with(prefix); ++at) {
    auto rest = std::string_view(at->first).substr(prefix.size());
    if (rest.starts_with("member."))
      rest.remove_prefix(7);
    else if (rest.starts_with("entry."))
      rest.remove_prefix(6);
    const auto [index, tail] = leading_index(rest);
    if (index != 0) each(index, tail, at->second);
  }
}

}  // namespace

Result<QueryInput> QueryInput::parse(std::string_view form, std::size_t max_bytes) {
  if (form.size() > max_bytes) return fail(ErrorKind::protocol, "the request is too long");
  ASSIGN_OR_RETURN(auto parameters, parse_query(form, k_max_parameters));
  QueryInput input;
  for (auto& [name, value] : parameters) input.values_.emplace(std::move(name), std::move(value));
  return input;
}

std::optional<std::string_view> QueryInput::get(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

std::string_view QueryInput::get_or(std::string_view name, std::string_view fallback) const {
  return get(name).value_or(fallback);
}

bool QueryInput::contains(std::string_view name) const {
  if (values_.contains(name)) return true;
  const auto prefix = fmt::format("{}.", name);
  const auto at = values_.lower_bound(prefix);
  return at != values_.end() && at->first.starts_with(prefix);
}

std::vector<std::string> QueryInput::list(std::string_view name) const {
  std::map<int, std::string> items;
  for_each_item(values_, name, [&](int index, std::string_view rest, const std::string& value) {
    if (rest.empty()) items.emplace(index, value);
  });
  std::vector<std::string> out;
  out.reserve(items.size());
  for (auto& [index, value] : items) out.push_back(std::move(value));
  return out;
}

std::vector<QueryInput> QueryInput::structures(std::string_view name) const {
  std::map<int, QueryInput> items;
  for_each_item(values_, name, [&](int index, std::string_view rest, const std::string& value) {
    if (rest.starts_with('.')) items[index].values_.emplace(rest.substr(1), value);
  });
  std::vector<QueryInput> out;
  out.reserve(items.size());
  for (auto& [index, item] : items) out.push_back(std::move(item));
  return out;
}

QueryInput QueryInput::structure(std::string_view name) const {
  QueryInput out;
  const auto prefix = fmt::format("{}.", name);
  for (auto at = values_.lower_bound(prefix); at != values_.end() && at->first.starts_with(prefix); ++at) {
    out.values_.emplace(at->first.substr(prefix.size()), at->second);
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> QueryInput::pairs(std::string_view name, std::string_view key,
                                                                   std::string_view value) const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& item : structures(name)) {
    out.emplace_back(item.get_or(key, ""), item.get_or(value, ""));
  }
  return out;
}

QueryForm::QueryForm(std::string_view action, std::string_view version) {
  add("Action", action);
  add("Version", version);
}

QueryForm& QueryForm::add(std::string_view name, std::string_view value) {
  if (!form_.empty()) form_ += '&';
  append_uri_encoded(form_, name);
  form_ += '=';
  append_uri_encoded(form_, value);
  return *this;
}

QueryForm& QueryForm::add_list(std::string_view name, const std::vector<std::string>& values) {
  if (values.empty()) return add(name, "");
  for (std::size_t i = 0; i < values.size(); ++i) add(fmt::format("{}.member.{}", name, i + 1), values[i]);
  return *this;
}

}  // namespace sortie::wire
