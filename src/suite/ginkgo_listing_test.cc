#include "suite/ginkgo_listing.h"

#include <gtest/gtest.h>

namespace sortie::suite {
namespace {

constexpr const char* k_dry_run = R"(setting up
Running Suite: Old suite
========================
Random Seed: 1
Will run 4 of 6 specs

Storing 
  passes
  /s/s_test.go:13
•
------------------------------
P [PENDING]
Storing
/s/s_test.go:12
  pends
  /s/s_test.go:16
------------------------------
S
------------------------------
Storing when  full 
  listens on localhost:80
  /s/s_test.go:18
•
------------------------------
Storing 
  speed
  /s/s_test.go:22

• [MEASUREMENT]
Storing
/s/s_test.go:12
  speed
  /s/s_test.go:22

  Found no measurements
------------------------------
top
level
/s/s_test.go:24
•
Ran 4 of 6 Specs in 0.000 seconds
SUCCESS! -- 0 Passed | 0 Failed | 1 Pending | 1 Skipped PASS
)";

TEST(GinkgoDryRun, ReadsWhatEarlyVersionsPrint) {
  const auto report = read_ginkgo_dry_run(k_dry_run);
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_EQ(report->description, "Old suite");
  std::vector<std::string> texts;
  for (const GinkgoSpec& spec : report->specs) texts.push_back(spec.text);
  EXPECT_EQ(texts,
            (std::vector<std::string>{"Storing passes", "Storing pends", "Storing when full listens on localhost:80",
                                      "Storing speed", "top level"}));
  EXPECT_TRUE(report->specs[1].pending);
  EXPECT_EQ(report->specs[1].line, 16);
  EXPECT_EQ(report->total, 6U) << "one is left out by a focus in the source";
}

TEST(GinkgoDryRun, RefusesASmallerListThanTheSuiteCounts) {
  std::string output = k_dry_run;
  output.replace(output.find("Will run 4 of 6"), 15, "Will run 5 of 7");
  EXPECT_FALSE(read_ginkgo_dry_run(output));
  EXPECT_FALSE(read_ginkgo_dry_run(std::string(k_dry_run).substr(0, 200)));
  EXPECT_FALSE(read_ginkgo_dry_run(""));
}

TEST(GinkgoFunctions, AreToldApartByWhatTheyPrint) {
  const char* output = "=== RUN   TestA\n--- PASS: TestA (0.00s)\n=== RUN   TestB\nRunning Suite: S\n=== RUN   TestC\n";
  const GinkgoFunctions functions = ginkgo_functions({"TestA", "TestB", "TestC"}, output);
  EXPECT_EQ(functions.runs_specs, "TestB");
  EXPECT_EQ(functions.plain, (std::vector<std::string>{"TestA", "TestC"}));
  EXPECT_EQ(ginkgo_functions({"TestOnly"}, "").runs_specs, "TestOnly");
  EXPECT_TRUE(ginkgo_functions({"TestA", "TestB"}, "").plain.empty());
}

}  // namespace
}  // namespace sortie::suite
