#include "emulator/s3/operation/operation.h"

namespace sortie::emulator::s3 {
namespace {

Route::Target target_of(const Request& request) {
  if (request.bucket.empty()) return Route::Target::service;
  return request.key.empty() ? Route::Target::bucket : Route::Target::object;
}

/// `policy`: the parameter is there; `list-type=2`: with that value.
bool has_parameter(const Request& request, std::string_view wanted) {
  if (request.query.empty()) return false;
  const auto equals = wanted.find('=');
  const auto value = request.parameter(wanted.substr(0, equals));
  return value && (equals == std::string_view::npos || *value == wanted.substr(equals + 1));
}

/// Whether the further parameter and the header are there.
bool has_conditions(const Route& route, const Request& request) {
  return (route.parameter.empty() || has_parameter(request, route.parameter)) &&
         (route.header.empty() || request.headers().contains(route.header));
}

}  // namespace

const Row* find_row(std::span<const Row> rows, const Request& request) {
  const auto target = target_of(request);
  const std::string_view method = request.call.request.method;
  const Row* plain = nullptr;
  bool only_subresource = false;
  for (const Row& row : rows) {
    const Route& route = row.route;
    if (route.target != target) continue;
    const bool of_method = route.method == method;
    if (!of_method && !route.exclusive) continue;
    if (route.subresource.empty()) {
      if (plain == nullptr && has_conditions(route, request)) plain = &row;
      continue;
    }
    if (!has_parameter(request, route.subresource)) continue;
    if (of_method && has_conditions(route, request)) return &row;
    only_subresource = only_subresource || route.exclusive;
  }
  return only_subresource ? nullptr : plain;
}

}  // namespace sortie::emulator::s3
