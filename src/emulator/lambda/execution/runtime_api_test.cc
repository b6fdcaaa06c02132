#include "emulator/lambda/execution/runtime_api.h"

#include <gtest/gtest.h>

#include <csignal>

#include "emulator/lambda/execution/variables.h"

namespace sortie::emulator::lambda {
namespace {

using Kind = RuntimeCall::Kind;

TEST(RuntimeApi, KnowsItsPaths) {
  EXPECT_EQ(parse_runtime_call("GET", "/2018-06-01/runtime/invocation/next").kind, Kind::next);
  EXPECT_EQ(parse_runtime_call("POST", "/2018-06-01/runtime/init/error").kind, Kind::init_error);
  auto response = parse_runtime_call("POST", "/2018-06-01/runtime/invocation/the-id/response");
  EXPECT_EQ(response.kind, Kind::response);
  EXPECT_EQ(response.request_id, "the-id");
  EXPECT_EQ(parse_runtime_call("POST", "/2018-06-01/runtime/invocation/the-id/error").kind, Kind::error);
}

TEST(RuntimeApi, RefusesOthers) {
  EXPECT_EQ(parse_runtime_call("POST", "/2018-06-01/runtime/invocation/next").kind, Kind::wrong_method);
  EXPECT_EQ(parse_runtime_call("GET", "/2018-06-01/runtime/invocation/id/response").kind, Kind::wrong_method);
  for (auto path : {"", "/", "/2018-06-01/runtime/", "/2018-06-01/runtime/invocation//response",
                    "/2018-06-01/runtime/invocation/id", "/2018-06-01/runtime/invocation/id/other", "/2020/next"}) {
    EXPECT_EQ(parse_runtime_call("POST", path).kind, Kind::unknown) << path;
  }
  auto endless = "/2018-06-01/runtime/invocation/" + std::string(129, 'x') + "/response";
  EXPECT_EQ(parse_runtime_call("POST", endless).kind, Kind::unknown);
}

TEST(RuntimeApi, ReadsErrorDocuments) {
  EXPECT_EQ(error_type_of(R"({"errorType":"E","errorMessage":"M"})"), "E");
  EXPECT_EQ(error_message_of(R"({"errorType":"E","errorMessage":"M"})"), "M");
  EXPECT_EQ(error_type_of("not json"), "");
  EXPECT_EQ(error_type_of(R"({"errorType":7})"), "");
  EXPECT_EQ(error_document("Runtime.ExitError", "say \"x\""),
            R"({"errorType":"Runtime.ExitError","errorMessage":"say \"x\""})");
}

TEST(RuntimeApi, NamesSignals) {
  EXPECT_EQ(signal_name(SIGKILL), "killed");
  EXPECT_EQ(signal_name(SIGSEGV), "segmentation fault");
  EXPECT_EQ(signal_name(SIGABRT), "aborted");
  EXPECT_EQ(signal_name(1000), "signal 1000");
}

std::string value_of(const Variables& variables, std::string_view name) {
  std::string value = "(absent)";
  for (const auto& pair : variables) {
    if (pair.first == name) value = pair.second;
  }
  return value;
}

TEST(Variables, AreLambdas) {
  Deployment deployment{.region = "eu-west-1", .account = "1", .name = "f"};
  deployment.version.handler = "h";
  deployment.version.log_group = "/aws/lambda/f";
  deployment.version.environment = {{"MINE", "1"}, {"TZ", "Europe/Berlin"}, {"AWS_REGION", "moon"}};
  auto variables = make_variables(deployment, {.access_key_id = "ASIA", .session_token = "token"}, "stream",
                                  {.runtime_api = "169.254.100.1:9001"});
  EXPECT_EQ(value_of(variables, "AWS_LAMBDA_RUNTIME_API"), "169.254.100.1:9001");
  EXPECT_EQ(value_of(variables, "AWS_ACCESS_KEY_ID"), "ASIA");
  EXPECT_EQ(value_of(variables, "AWS_LAMBDA_LOG_STREAM_NAME"), "stream");
  EXPECT_EQ(value_of(variables, "_HANDLER"), "h");
  EXPECT_EQ(value_of(variables, "MINE"), "1");
  EXPECT_EQ(value_of(variables, "TZ"), "Europe/Berlin");
  EXPECT_EQ(value_of(variables, "AWS_REGION"), "eu-west-1");
  EXPECT_EQ(value_of(variables, "AWS_EXECUTION_ENV"), "(absent)");
  EXPECT_EQ(value_of(variables, "AWS_ENDPOINT_URL"), "(absent)");
}

TEST(Variables, ExtensionsAreNotGivenTheRuntimesOwn) {
  Deployment deployment{.region = "eu-west-1", .account = "1", .name = "f"};
  deployment.version.runtime = "python3.12";
  deployment.version.handler = "h";
  deployment.version.environment = {{"MINE", "1"}, {"OTHER", "2"}};
  auto variables =
      make_extension_variables(deployment, {.access_key_id = "ASIA"}, {.runtime_api = "169.254.100.1:9001"});
  EXPECT_EQ(value_of(variables, "AWS_LAMBDA_RUNTIME_API"), "169.254.100.1:9001");
  EXPECT_EQ(value_of(variables, "AWS_ACCESS_KEY_ID"), "ASIA");
  EXPECT_EQ(value_of(variables, "MINE"), "1");
  EXPECT_EQ(value_of(variables, "AWS_LAMBDA_INITIALIZATION_TYPE"), "on-demand");
  for (auto name : {"AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "_HANDLER",
                    "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_DAEMON_ADDRESS",
                    "_AWS_XRAY_DAEMON_ADDRESS", "_AWS_XRAY_DAEMON_PORT", "PYTHONPATH"}) {
    EXPECT_EQ(value_of(variables, name), "(absent)") << name;
  }
}

}  // namespace
}  // namespace sortie::emulator::lambda
