#include "emulator/lambda/api/operations.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "wire/json.h"
#include "wire/uri.h"

namespace sortie::emulator::lambda {
namespace {

constexpr std::size_t k_body_limit = 70'167'211;
/// Larger documents are parsed away from the io_context thread.
constexpr std::size_t k_parse_here = 256 * 1024;

/// The hot path first: where several routes fit, the first is meant.
const OperationTable<Row>& all_operations() {
  static const OperationTable<Row> k_table{
      invoke_operations(),       function_operations(),           version_operations(),
      permission_operations(),   concurrency_operations(),        tag_operations(),
      layer_operations(),        layer_permission_operations(),   event_invoke_operations(),
      event_source_operations(), provisioned_operations(),        code_signing_operations(),
      recursion_operations(),    runtime_management_operations(), url_operations(),
      code_operations(),         unsupported_operations()};
  return k_table;
}

/// The next segment of a path, without its slash.
std::string_view take_segment(std::string_view& path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  auto slash = path.find('/');
  auto segment = path.substr(0, slash);
  path.remove_prefix(slash == std::string_view::npos ? path.size() : slash);
  return segment;
}

bool match_path(std::string_view pattern, std::string_view path, std::vector<std::string>& parts) {
  parts.clear();
  while (!pattern.empty()) {
    auto wanted = take_segment(pattern);
    auto segment = take_segment(path);
    if (!wanted.starts_with('{')) {
      if (wanted != segment) return false;
    } else if (segment.empty()) {
      return false;
    } else {
      parts.push_back(wire::uri_decode_lenient(segment));
    }
  }
  return path.empty() || path == "/";
}

bool match(const Route& route, const http::Request& request, std::vector<std::string>& parts) {
  if (route.method != request.method || !match_path(route.path, request.path, parts)) return false;
  if (route.query.empty()) return true;
  const auto equals = route.query.find('=');
  return query_parameter(request.query, route.query.substr(0, equals)) == route.query.substr(equals + 1);
}

}  // namespace

const Row* find_operation(const http::Request& request, std::vector<std::string>& parts) {
  for (const auto& row : all_operations().rows()) {
    if (match(row.route, request, parts)) return &row;
  }
  return nullptr;
}

std::vector<OperationSummary> operations_summary() {
  auto summary = all_operations().summary();
  // Where the location of a package leads to: not of AWS's API.
  std::erase_if(summary, [](const OperationSummary& each) { return each.name == code_operations().front().name; });
  return summary;
}

std::string too_large_for(const http::Request& request) {
  auto text = fmt::format("Request must be smaller than {} bytes", k_body_limit);
  std::vector<std::string> parts;
  const auto* operation = find_operation(request, parts);
  if (operation != nullptr) text += fmt::format(" for the {} operation", operation->name);
  return text;
}

Task<AwsResult<boost::json::object>> read_json_body(http::Request& request, BlockingPool& blocking) {
  auto bytes = co_await request.body.read_all(k_body_limit);
  if (!bytes) co_return aws_fail(413, "RequestEntityTooLargeException", too_large_for(request));
  if (bytes->empty()) co_return boost::json::object{};
  auto parse = [](const std::string& text) { return wire::parse_json_object(text); };
  Result<boost::json::object> object;
  if (bytes->size() <= k_parse_here) {
    object = parse(*bytes);
  } else {
    object = co_await blocking.run([text = *std::move(bytes), parse] { return parse(text); });
  }
  if (!object) {
    co_return aws_fail(400, "InvalidRequestContentException",
                       "Could not parse request body into json: " + describe(object.error()));
  }
  co_return *std::move(object);
}

}  // namespace sortie::emulator::lambda
