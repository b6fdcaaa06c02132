#include "emulator/lambda/runtimes/aws_sdk.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

namespace sortie::emulator::lambda {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

SdkPlaces SdkPlaces::of_environment() {
  SdkPlaces places{.data_folder = variable("XDG_DATA_HOME"), .node_path = variable("NODE_PATH")};
  // The specification of XDG_DATA_HOME: a path that is not absolute is to be ignored.
  if (!places.data_folder.starts_with('/')) {
    const auto home = variable("HOME");
    places.data_folder = home.starts_with('/') ? home + "/.local/share" : "";
  }
  return places;
}

std::string find_sdk(Language language, const Interpreter& interpreter, const SdkPlaces& places) {
  std::vector<std::string> folders;
  const bool python = language == Language::python;
  if (!places.data_folder.empty()) {
    folders.push_back(places.data_folder + (python ? "/sortie/sdk/python" : "/sortie/sdk/nodejs/node_modules"));
  }
  if (!python) {
    folders.push_back(interpreter.prefix + "/lib/node_modules");
    folders.emplace_back("/usr/local/lib/node_modules");
    for (std::size_t begin = 0; begin < places.node_path.size();) {
      const auto end = std::min(places.node_path.find(':', begin), places.node_path.size());
      if (places.node_path[begin] == '/') folders.push_back(places.node_path.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  for (auto& folder : folders) {
    std::error_code error;
    if (fs::is_directory(fs::path(folder) / (python ? "boto3" : "@aws-sdk"), error)) return std::move(folder);
  }
  return {};
}

}  // namespace sortie::emulator::lambda
