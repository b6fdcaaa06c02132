#include <array>
#include <functional>

#include "emulator/core/protocol.h"
#include "emulator/ssm/filters.h"
#include "emulator/ssm/operation.h"

/// Operations that list parameters.
/// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
namespace sortie::emulator::ssm {
namespace {

namespace json = boost::json;

constexpr std::size_t k_max_name = 2048;
constexpr std::int64_t k_path_page = 10;
constexpr std::int64_t k_describe_page = 50;
constexpr std::size_t k_read_at_once = 200;

/// A page of what `wanted` lets through, by name; `show` makes it visible. Sets NextToken when there is more.
struct Page {
  std::string prefix;
  std::string after;
  std::size_t size = 0;
  std::function<bool(const Parameter&)> wanted;
  std::function<json::object(const Parameter&)> show;
};

json::object fill(Operation& operation, Page page) {
  json::array shown;
  json::object output;
  std::string last = page.after;
  for (bool more = true; more;) {
    const auto read = operation.store.list(operation.call.region, page.prefix, last, k_read_at_once);
    more = read.size() == k_read_at_once;
    for (const auto& parameter : read) {
      if (!page.wanted(parameter)) {
        last = parameter.name;
        continue;
      }
      if (shown.size() == page.size) {
        output["NextToken"] = make_token(last);
        more = false;
        break;
      }
      last = parameter.name;
      shown.push_back(page.show(parameter));
    }
  }
  output["Parameters"] = std::move(shown);
  return output;
}

AwsResult<std::string> place_of(const std::string& token) {
  if (token.empty()) return std::string();
  return read_token(token);
}

AwsResult<json::object> get_parameters_by_path(Operation& operation) {
  Arguments arguments(operation.input);
  const auto text = arguments.text("Path", 1, k_max_name);
  const bool recursive = arguments.flag("Recursive");
  const bool decrypt = arguments.flag("WithDecryption");
  const auto size = arguments.number("MaxResults", 1, k_path_page).value_or(k_path_page);
  const auto token = arguments.optional_text("NextToken", 2 * k_max_name);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const auto path, parse_path(text));
  RETURN_IF_ERROR(operation.allow("GetParametersByPath", text, {{"ssm:Recursive", recursive ? "true" : "false"}}));
  ASSIGN_OR_RETURN(const auto filters, read_filters(arguments, Listing::by_path));
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(auto after, place_of(token));
  return fill(operation,
              {.prefix = path == "/" ? std::string() : path + "/",
               .after = std::move(after),
               .size = static_cast<std::size_t>(size),
               .wanted =
                   [&](const Parameter& parameter) {
                     return lies_below(parameter.name, path, recursive) && matches(filters, parameter, {});
                   },
               .show = [&](const Parameter& parameter) { return shown_parameter(operation, parameter, decrypt); }});
}

AwsResult<json::object> describe_parameters(Operation& operation) {
  Arguments arguments(operation.input);
  const auto size = arguments.number("MaxResults", 1, k_describe_page).value_or(k_describe_page);
  const auto token = arguments.optional_text("NextToken", 2 * k_max_name);
  const bool shared = arguments.flag("Shared");
  RETURN_IF_ERROR(arguments.check());
  RETURN_IF_ERROR(operation.allow_all("DescribeParameters"));
  ASSIGN_OR_RETURN(const auto filters, read_filters(arguments, Listing::describe));
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(auto after, place_of(token));
  const auto& region = operation.call.region;
  return fill(operation, {.prefix = {},
                          .after = std::move(after),
                          .size = static_cast<std::size_t>(size),
                          // Nobody shares parameters with the one account that there is.
                          .wanted =
                              [&](const Parameter& parameter) {
                                return !shared &&
                                       matches(filters, parameter, operation.store.tags(region, parameter.name));
                              },
                          .show =
                              [&](const Parameter& parameter) {
                                json::object shown = shown_metadata(parameter);
                                shown["ARN"] = parameter_arn(operation.call, parameter.name);
                                return shown;
                              }});
}

}  // namespace

std::span<const Row> listing_operations() {
  static constexpr Row k_operations[]{
      {"GetParametersByPath", get_parameters_by_path},
      {"DescribeParameters", describe_parameters},
  };
  return k_operations;
}

}  // namespace sortie::emulator::ssm
