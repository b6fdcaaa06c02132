#include "emulator/lambda/api/operation.h"

/// What AWS has and the embedded AWS does not: refused by name.
namespace sortie::emulator::lambda {
namespace {

constexpr Row k_operations[] = {
    {"ListEventSourceMappings", nullptr, {.method = "GET", .path = "/2015-03-31/event-source-mappings"}},
    {"CreateCapacityProvider", nullptr, {.method = "POST", .path = "/2025-11-30/capacity-providers"}},
    {"ListCapacityProviders", nullptr, {.method = "GET", .path = "/2025-11-30/capacity-providers"}},
    {"ListDurableExecutionsByFunction",
     nullptr,
     {.method = "GET", .path = "/2025-12-01/functions/{FunctionName}/durable-executions"}},
    {"CheckpointDurableExecution",
     nullptr,
     {.method = "POST", .path = "/2025-12-01/durable-executions/{DurableExecutionArn}/checkpoint"}},
    {"DeleteCapacityProvider",
     nullptr,
     {.method = "DELETE", .path = "/2025-11-30/capacity-providers/{CapacityProviderName}"}},
    {"GetCapacityProvider",
     nullptr,
     {.method = "GET", .path = "/2025-11-30/capacity-providers/{CapacityProviderName}"}},
    {"GetDurableExecution", nullptr, {.method = "GET", .path = "/2025-12-01/durable-executions/{DurableExecutionArn}"}},
    {"GetDurableExecutionHistory",
     nullptr,
     {.method = "GET", .path = "/2025-12-01/durable-executions/{DurableExecutionArn}/history"}},
    {"GetDurableExecutionState",
     nullptr,
     {.method = "GET", .path = "/2025-12-01/durable-executions/{DurableExecutionArn}/state"}},
    {"GetFunctionScalingConfig",
     nullptr,
     {.method = "GET", .path = "/2025-11-30/functions/{FunctionName}/function-scaling-config"}},
    {"ListFunctionVersionsByCapacityProvider",
     nullptr,
     {.method = "GET", .path = "/2025-11-30/capacity-providers/{CapacityProviderName}/function-versions"}},
    {"PutFunctionScalingConfig",
     nullptr,
     {.method = "PUT", .path = "/2025-11-30/functions/{FunctionName}/function-scaling-config"}},
    {"SendDurableExecutionCallbackFailure",
     nullptr,
     {.method = "POST", .path = "/2025-12-01/durable-execution-callbacks/{CallbackId}/fail"}},
    {"SendDurableExecutionCallbackHeartbeat",
     nullptr,
     {.method = "POST", .path = "/2025-12-01/durable-execution-callbacks/{CallbackId}/heartbeat"}},
    {"SendDurableExecutionCallbackSuccess",
     nullptr,
     {.method = "POST", .path = "/2025-12-01/durable-execution-callbacks/{CallbackId}/succeed"}},
    {"StopDurableExecution",
     nullptr,
     {.method = "POST", .path = "/2025-12-01/durable-executions/{DurableExecutionArn}/stop"}},
    {"UpdateCapacityProvider",
     nullptr,
     {.method = "PUT", .path = "/2025-11-30/capacity-providers/{CapacityProviderName}"}},
};

}  // namespace

std::span<const Row> unsupported_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::lambda
