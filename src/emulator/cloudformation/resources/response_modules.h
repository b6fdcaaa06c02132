#pragma once

#include <string_view>

namespace sortie::emulator::cloudformation {

/// A file that code standing in a template finds beside it.
struct ResponseModule {
  std::string_view name;
  std::string_view content;
};

/// The module with which functions answer as custom resources: `cfnresponse` of Python, `cfn-response` of Node.js.
/// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-lambda-function-code-cfnresponsemodule.html
ResponseModule response_module(bool python);

}  // namespace sortie::emulator::cloudformation
