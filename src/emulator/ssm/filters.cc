#include "emulator/ssm/filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sortie::emulator::ssm {
namespace {

namespace json = boost::json;

constexpr std::size_t k_max_filters = 10;
constexpr std::size_t k_max_values = 50;
constexpr std::array<std::string_view, 7> k_keys{"Name", "Type", "KeyId", "Path", "Label", "Tier", "DataType"};

std::unexpected<AwsError> bad_key(const std::string& key) {
  return aws_fail(
      400, "InvalidFilterKey",
      fmt::format("The following filter key is not valid: {}. Valid filter keys include: [Type, KeyId].", key));
}

bool has_key(std::string_view key, Listing listing) {
  if (listing == Listing::by_path) return key == "Type" || key == "KeyId" || key == "Label";
  return (key.starts_with("tag:") && key.size() > 4) || std::ranges::find(k_keys, key) != k_keys.end();
}

bool has_option(const Filter& filter) {
  if (filter.key == "Path") return filter.option == "Recursive" || filter.option == "OneLevel";
  if (filter.option == "Equals") return true;
  if (filter.option == "BeginsWith") {
    return !filter.key.starts_with("tag:") && filter.key != "Label" && filter.key != "Tier";
  }
  return filter.option == "Contains" && filter.key == "Name";
}

AwsResult<Filter> read_filter(const json::object& object, Listing listing) {
  Arguments arguments(object);
  Filter filter{.key = arguments.text("Key", 1, 132), .option = arguments.optional_text("Option", 10), .values = {}};
  filter.values = arguments.texts("Values", k_max_values, false);
  RETURN_IF_ERROR(arguments.check());
  if (!has_key(filter.key, listing)) return bad_key(filter.key);
  if (filter.option.empty()) filter.option = filter.key == "Path" ? "OneLevel" : "Equals";
  if (!has_option(filter)) {
    return aws_fail(400, "InvalidFilterOption",
                    fmt::format("The following filter option is not valid: {}.", filter.option));
  }
  if (filter.values.empty() && !filter.key.starts_with("tag:")) {
    return aws_fail(400, "InvalidFilterValue",
                    fmt::format("The following filter values are missing : null for filter key {}", filter.key));
  }
  if (filter.key == "Path") {
    for (auto& value : filter.values) {
      ASSIGN_OR_RETURN(value, parse_path(value));
    }
  }
  return filter;
}

bool text_matches(const std::string& option, std::string_view text, const std::string& value) {
  if (option == "BeginsWith") return text.starts_with(value);
  return option == "Contains" ? text.contains(value) : text == value;
}

/// A name is the same with and without its slash in front.
bool name_matches(const std::string& option, std::string_view name, const std::string& value) {
  if (text_matches(option, name, value)) return true;
  return value.starts_with('/') ? text_matches(option, name, value.substr(1))
                                : name.starts_with('/') && text_matches(option, name.substr(1), value);
}

bool value_matches(const Filter& filter, const Parameter& parameter, const std::string& value) {
  if (filter.key == "Name") return name_matches(filter.option, parameter.name, value);
  if (filter.key == "Path") return lies_below(parameter.name, value, filter.option == "Recursive");
  if (filter.key == "Label") return std::ranges::find(parameter.labels, value) != parameter.labels.end();
  const std::string& text = filter.key == "Type"    ? parameter.type
                            : filter.key == "KeyId" ? parameter.key_id
                            : filter.key == "Tier"  ? parameter.tier
                                                    : parameter.data_type;
  return text_matches(filter.option, text, value);
}

bool tag_matches(const Filter& filter, const Tags& tags) {
  const auto tag = tags.find(filter.key.substr(4));
  if (tag == tags.end()) return false;
  return filter.values.empty() || std::ranges::find(filter.values, tag->second) != filter.values.end();
}

}  // namespace

AwsResult<std::vector<Filter>> read_filters(Arguments& arguments, Listing listing) {
  std::vector<Filter> filters;
  for (const auto& object : arguments.objects("ParameterFilters", k_max_filters)) {
    ASSIGN_OR_RETURN(auto filter, read_filter(object, listing));
    const bool twice = std::ranges::any_of(filters, [&](const Filter& other) { return other.key == filter.key; });
    if (twice) {
      return aws_fail(400, "InvalidFilterKey",
                      fmt::format("The following filter is duplicated in the request: {}. A request can contain only "
                                  "one occurrence of a specific filter.",
                                  filter.key));
    }
    filters.push_back(std::move(filter));
  }
  // The older form, whose names are beginnings.
  for (const auto& object :
       listing == Listing::describe ? arguments.objects("Filters", k_max_filters) : std::vector<json::object>()) {
    ASSIGN_OR_RETURN(auto filter, read_filter(object, listing));
    if (filter.key == "Name") filter.option = "BeginsWith";
    filters.push_back(std::move(filter));
  }
  return filters;
}

bool matches(const std::vector<Filter>& filters, const Parameter& parameter, const Tags& tags) {
  return std::ranges::all_of(filters, [&](const Filter& filter) {
    if (filter.key.starts_with("tag:")) return tag_matches(filter, tags);
    return std::ranges::any_of(filter.values,
                               [&](const std::string& value) { return value_matches(filter, parameter, value); });
  });
}

bool lies_below(std::string_view name, std::string_view path, bool recursive) {
  if (path == "/") {
    // The root holds everything; names without a slash lie in it as well.
    return recursive || !name.substr(name.starts_with('/') ? 1 : 0).contains('/');
  }
  if (!name.starts_with(path) || name.size() <= path.size() + 1 || name[path.size()] != '/') return false;
  return recursive || !name.substr(path.size() + 1).contains('/');
}

}  // namespace sortie::emulator::ssm
