#pragma once

#include <filesystem>
#include <string>

#include "emulator/lambda/catalogue/function.h"

namespace sortie::emulator::lambda {

/// One version of a function as environments run it: a snapshot that never changes. An update makes a new one.
struct Deployment {
  std::string region;
  std::string account;
  std::string name;
  Version version;
  std::filesystem::path code;  ///< the unpacked package
};

}  // namespace sortie::emulator::lambda
