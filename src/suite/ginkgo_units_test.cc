#include "suite/ginkgo_units.h"

#include <gtest/gtest.h>

namespace sortie::suite {
namespace {

GinkgoSpec spec(const std::vector<std::string>& containers, const std::string& text, bool ordered = true) {
  GinkgoSpec result{.raw_text = text, .ordered = ordered};
  for (const std::string& container : containers) result.containers.push_back({container, container + ".go:1"});
  return result;
}

TEST(GinkgoUnits, AContainerWithSpecsOfItsOwnIsTheOrderedOne) {
  const GinkgoReport report{.specs = {spec({"D", "A"}, "1"), spec({"D", "A", "inner"}, "2"), spec({"D"}, "3", false)}};
  EXPECT_FALSE(units_are_ambiguous(report));
  EXPECT_EQ(ginkgo_units(report, {}), (std::vector<std::string>{"D A (A.go:1)", "D A (A.go:1)", ""}));
}

TEST(GinkgoUnits, AnotherOrderTellsTwoFromOne) {
  const GinkgoReport report{
      .specs = {spec({"D", "A"}, "1"), spec({"D", "A"}, "2"), spec({"D", "B"}, "3"), spec({"D", "B"}, "4")}};
  const GinkgoReport shuffled{.specs = {report.specs[2], report.specs[3], report.specs[0], report.specs[1]}};
  EXPECT_TRUE(units_are_ambiguous(report));
  const std::vector<std::string> whole(4, "D (D.go:1)");
  EXPECT_EQ(ginkgo_units(report, {}), whole) << "in doubt together";
  EXPECT_EQ(ginkgo_units(report, {report}), whole);
  EXPECT_EQ(ginkgo_units(report, {report, shuffled}),
            (std::vector<std::string>{"D A (A.go:1)", "D A (A.go:1)", "D B (B.go:1)", "D B (B.go:1)"}));
}

TEST(GinkgoUnits, SomethingBetweenTellsTwoFromOne) {
  const GinkgoReport report{.specs = {spec({"D", "A"}, "1"), spec({"D", "B"}, "2"), spec({"E"}, "3", false)}};
  const GinkgoReport shuffled{.specs = {report.specs[0], report.specs[2], report.specs[1]}};
  EXPECT_EQ(ginkgo_units(report, {shuffled}), (std::vector<std::string>{"D A (A.go:1)", "D B (B.go:1)", ""}));
}

}  // namespace
}  // namespace sortie::suite
