#include "emulator/cloudformation/engine/macro_calls.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

TEST(Macros, AnswerInTheirForm) {
  const std::string malformed = "Received malformed response from transform 1::M";
  const std::pair<const char*, std::string> answers[] = {
      {R"({"requestId":"r","status":"success","fragment":{"a":1}})", R"({"a":1})"},
      {R"({"requestId":"r","status":"Success","fragment":"x"})", R"("x")"},
      {R"({"requestId":"s","status":"success","fragment":{}})", malformed},
      {R"({"status":"success","fragment":{}})", malformed},
      {R"({"requestId":"r","fragment":{}})", malformed},
      {R"({"requestId":"r","status":"success"})", malformed},
      {R"({"requestId":"r","status":true,"fragment":{}})", malformed},
      {"[]", malformed},
      {"", malformed},
      {"{", malformed},
      {R"({"requestId":"r","status":"failed","errorMessage":"why"})", "Transform 1::M failed with: why"},
      {R"({"requestId":"r","status":"failed","errorMessage":7})", "Transform 1::M failed without an error message."},
      {R"({"requestId":"r","status":"failed"})", "Transform 1::M failed without an error message."},
  };
  for (const auto& [answer, expected] : answers) {
    const auto read = read_macro_answer("1::M", "r", answer);
    EXPECT_EQ(read ? json::serialize(*read) : read.error().message, expected) << answer;
  }
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  EXPECT_EQ(
      read_macro_answer("1::M", "r", R"({"requestId":"r","status":"success","fragment":)" + deep + "}").error().message,
      malformed);
}

}  // namespace
}  // namespace sortie::emulator::cloudformation
