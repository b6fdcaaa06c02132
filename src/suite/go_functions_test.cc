#include "suite/go_functions.h"

#include <gtest/gtest.h>

#include "suite/go_executable.h"

namespace sortie::suite {
namespace {

std::vector<std::string> names_in(std::string_view executable) {
  std::vector<std::string> names;
  for (const GoTestFunction& function : go_test_functions(executable)) names.push_back(function.name);
  return names;
}

TEST(GoFunctions, AreThoseOfTestFiles) {
  const std::string executable = go_executable({go_test_function("TestFirst", 12),
                                                {"example.com/noise.TestServer", {"/src/noise/server.go"}},
                                                {"example.com/noise.(*Suite).TestMethod", {"/src/noise/a_test.go"}},
                                                {"example.com/noise.TestFirst.func1", {"/src/noise/a_test.go"}},
                                                {"example.com/noise.TestOf[...]", {"/src/noise/a_test.go"}},
                                                {"example.com/noise.Testimony", {"/src/noise/a_test.go"}},
                                                {"example.com/noise_test.FuzzÜ", {"/src/noise/b_test.go"}, 3},
                                                {"noise.Example_x", {"b_test.go"}, 9},
                                                {"noise.BenchmarkX", {"b_test.go"}, 9}});
  EXPECT_EQ(go_test_functions(executable), (std::vector<GoTestFunction>{{"TestFirst", "/src/noise/noise_test.go", 12},
                                                                        {"FuzzÜ", "/src/noise/b_test.go", 3},
                                                                        {"Example_x", "b_test.go", 9}}));
}

TEST(GoFunctions, MayBeginWithInlinedCode) {
  EXPECT_EQ(names_in(go_executable({{"noise.TestA", {"/src/lib/lib.go", "/src/noise/a_test.go"}, 5}})),
            std::vector<std::string>{"TestA"});
}

TEST(GoFunctions, AreNotAllTestsWhenTheMainIsTheSuitesOwn) {
  EXPECT_TRUE(names_in(go_executable({go_test_function("TestFirst")}, "/src/noise/main.go")).empty());
  EXPECT_FALSE(names_in(go_executable({go_test_function("TestFirst")}, "bazel-out/testmain.go")).empty());
}

TEST(GoFunctions, OfDamagedTablesAreNone) {
  const std::string whole = go_executable({go_test_function("TestFirst"), go_test_function("TestSecond")});
  EXPECT_TRUE(names_in("").empty());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto names = names_in(std::string_view(whole).substr(0, size));
    EXPECT_TRUE(names.empty() || names.size() == 2) << size;
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0xFF);
    (void)names_in(damaged);  // within bounds, whatever it says
  }
}

}  // namespace
}  // namespace sortie::suite
