#include "emulator/lambda/catalogue/reserved_variables.h"

#include <algorithm>
#include <array>

namespace sortie::emulator::lambda {
namespace {

constexpr std::array<std::string_view, 19> k_reserved{"AWS_ACCESS_KEY",
                                                      "AWS_ACCESS_KEY_ID",
                                                      "AWS_DEFAULT_REGION",
                                                      "AWS_EXECUTION_ENV",
                                                      "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                                                      "AWS_LAMBDA_FUNCTION_NAME",
                                                      "AWS_LAMBDA_FUNCTION_VERSION",
                                                      "AWS_LAMBDA_INITIALIZATION_TYPE",
                                                      "AWS_LAMBDA_LOG_GROUP_NAME",
                                                      "AWS_LAMBDA_LOG_STREAM_NAME",
                                                      "AWS_LAMBDA_RUNTIME_API",
                                                      "AWS_REGION",
                                                      "AWS_SECRET_ACCESS_KEY",
                                                      "AWS_SECRET_KEY",
                                                      "AWS_SESSION_TOKEN",
                                                      "LAMBDA_RUNTIME_DIR",
                                                      "LAMBDA_TASK_ROOT",
                                                      "_HANDLER",
                                                      "_X_AMZN_TRACE_ID"};

}  // namespace

bool is_reserved_variable(std::string_view name) {
  return std::ranges::find(k_reserved, name) != k_reserved.end();
}

}  // namespace sortie::emulator::lambda
