#include "emulator/lambda/runtimes/aws_sdk.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace sortie::emulator::lambda {
namespace {

namespace fs = std::filesystem;

class AwsSdk : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sdkXXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  void TearDown() override { fs::remove_all(folder); }
  void make(const std::string& path) const { fs::create_directories(folder + "/" + path); }

  std::string folder;
  Interpreter interpreter{.prefix = "/nowhere"};
};

TEST_F(AwsSdk, IsTheUsersFolder) {
  make("sortie/sdk/python/boto3");
  make("sortie/sdk/nodejs/node_modules/@aws-sdk");
  EXPECT_EQ(find_sdk(Language::python, interpreter, {.data_folder = folder}), folder + "/sortie/sdk/python");
  EXPECT_EQ(find_sdk(Language::node, interpreter, {.data_folder = folder}), folder + "/sortie/sdk/nodejs/node_modules");
}

TEST_F(AwsSdk, OfNodeMayBeInstalledGloballyOrNamed) {
  make("prefix/lib/node_modules/@aws-sdk");
  make("other/@aws-sdk");
  interpreter.prefix = folder + "/prefix";
  EXPECT_EQ(find_sdk(Language::node, interpreter, {}), folder + "/prefix/lib/node_modules");
  interpreter.prefix = "/nowhere";
  EXPECT_EQ(find_sdk(Language::node, interpreter, {.node_path = "relative:" + folder + ":" + folder + "/other"}),
            folder + "/other");
}

TEST_F(AwsSdk, AFolderWithoutItIsNone) {
  make("sortie/sdk/python/requests");
  EXPECT_EQ(find_sdk(Language::python, interpreter, {.data_folder = folder}), "");
  EXPECT_EQ(find_sdk(Language::python, interpreter, {}), "");
}

}  // namespace
}  // namespace sortie::emulator::lambda
