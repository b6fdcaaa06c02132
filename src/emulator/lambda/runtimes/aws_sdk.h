#pragma once

#include <string>

#include "emulator/lambda/runtimes/interpreters.h"

/// The AWS SDK that AWS's managed runtimes bring along: boto3, and the packages of `@aws-sdk`. It is this machine's:
/// nothing is downloaded here. docs/lambda.md says how it is installed.
namespace sortie::emulator::lambda {

/// Where to look.
struct SdkPlaces {
  std::string data_folder;  ///< as in XDG_DATA_HOME, or `HOME/.local/share`; empty: none
  std::string node_path;    ///< as in NODE_PATH
  /// From this process's environment.
  static SdkPlaces of_environment();
};

/// The folder with the SDK's packages, to be searched after the function's own and its layers': the user's
/// `sortie/sdk/python` or `sortie/sdk/nodejs/node_modules`; of Node.js then those of packages installed globally.
/// Empty: there is none, what a Python interpreter has of its own is not looked at. A few calls of stat(2).
std::string find_sdk(Language language, const Interpreter& interpreter, const SdkPlaces& places);

}  // namespace sortie::emulator::lambda
