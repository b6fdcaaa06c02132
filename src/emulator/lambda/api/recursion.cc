#include <boost/json.hpp>

#include "emulator/lambda/api/operation.h"
#include "wire/json.h"

/// What happens to loops of invocations: kept, and changes nothing here.
namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

Task<Answer> get_recursion(Operation& operation) {
  ASSIGN_OR_CO_RETURN(auto target, find_target(operation, "GetFunctionRecursionConfig"));
  co_return json_response(200, json::object{{"RecursiveLoop", target.function->recursive_loop}},
                          operation.call.request_id);
}

Task<Answer> put_recursion(Operation& operation) {
  auto wanted = wire::string_or(operation.body, "RecursiveLoop");
  if (wanted != "Allow" && wanted != "Terminate") {
    co_return std::unexpected(validation_error({not_in_set(wanted, "recursiveLoop", "Terminate, Allow")}));
  }
  ASSIGN_OR_CO_RETURN(auto target, find_target(operation, "PutFunctionRecursionConfig"));
  target.function->recursive_loop = wanted;
  operation.functions.save(*target.function);
  co_return json_response(200, json::object{{"RecursiveLoop", wanted}}, operation.call.request_id);
}

constexpr Row k_operations[] = {
    {"GetFunctionRecursionConfig",
     get_recursion,
     {.method = "GET", .path = "/2024-08-31/functions/{FunctionName}/recursion-config"}},
    {"PutFunctionRecursionConfig",
     put_recursion,
     {.method = "PUT", .path = "/2024-08-31/functions/{FunctionName}/recursion-config", .json_body = true}},
};

}  // namespace

std::span<const Row> recursion_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::lambda
