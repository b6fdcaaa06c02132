#include "run/ledger.h"

#include <gtest/gtest.h>

namespace sortie::run {
namespace {

/// Records what the ledger says.
struct Recorder final : Reporter {
  void on(const Event& event) override {
    if (const auto* finished = std::get_if<TestFinished>(&event)) ends.push_back(*finished);
  }
  std::vector<TestFinished> ends;
};

struct LedgerTest : testing::Test {
  Ledger make(int tests, Ledger::Options options = {}) {
    Ledger ledger(recorder, options);
    for (int i = 0; i < tests; ++i) ledger.add(0, "s", {.name = "t" + std::to_string(i)});
    ledger.begin();
    return ledger;
  }
  static suite::TestEnded ended(Outcome outcome) { return {.outcome = outcome}; }

  Recorder recorder;
};

TEST_F(LedgerTest, EveryTestEndsOnceEvenWhenReportedTwice) {
  Ledger ledger = make(1);
  const auto batch = ledger.take(1);
  ASSERT_TRUE(batch);
  EXPECT_TRUE(ledger.end(batch->tests[0], ended(Outcome::failed), "w"));
  EXPECT_FALSE(ledger.end(batch->tests[0], ended(Outcome::passed), "w"));
  ASSERT_EQ(recorder.ends.size(), 1U);
  EXPECT_EQ(recorder.ends[0].outcome, Outcome::failed);
  EXPECT_TRUE(ledger.finished());
  EXPECT_EQ(ledger.counts().failed, 1U);
  EXPECT_EQ(ledger.counts().passed, 0U);
}

TEST_F(LedgerTest, BatchesShrinkTowardsTheEnd) {
  Ledger ledger = make(100);
  std::vector<std::size_t> sizes;
  while (const auto batch = ledger.take(2)) sizes.push_back(batch->tests.size());
  EXPECT_EQ(sizes.front(), 25U);
  EXPECT_EQ(sizes.back(), 1U);
  EXPECT_TRUE(std::is_sorted(sizes.rbegin(), sizes.rend()));
}

TEST_F(LedgerTest, ABatchHoldsOneSuite) {
  Ledger ledger(recorder, {});
  for (int i = 0; i < 4; ++i) ledger.add(0, "a", {.name = std::to_string(i)});
  for (int i = 0; i < 4; ++i) ledger.add(1, "b", {.name = std::to_string(i)});
  ledger.begin();
  while (const auto batch = ledger.take(1)) {
    for (const std::size_t test : batch->tests) EXPECT_EQ(ledger.id(test).suite, batch->suite == 0 ? "a" : "b");
  }
}

TEST_F(LedgerTest, UnreportedTestRunsAgainAloneThenIsLost) {
  Ledger ledger = make(3);
  auto batch = ledger.take(1);
  const std::size_t victim = batch->tests[0];
  ledger.unreported(victim, "vanished");
  batch = ledger.take(1);
  EXPECT_EQ(batch->tests, std::vector<std::size_t>{victim});
  ledger.unreported(victim, "vanished");
  ASSERT_EQ(recorder.ends.size(), 1U);
  EXPECT_EQ(recorder.ends[0].outcome, Outcome::lost);
  EXPECT_EQ(recorder.ends[0].message, "vanished");
  EXPECT_EQ(ledger.counts().lost, 1U);
}

TEST_F(LedgerTest, RetryKeepsOneFinalOutcomeAndMarksFlaky) {
  Ledger ledger = make(1, {.retries = 2});
  ledger.end(ledger.take(1)->tests[0], ended(Outcome::crashed), "w");
  const auto batch = ledger.take(1);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->attempt, 2);
  ledger.end(batch->tests[0], ended(Outcome::passed), "w");
  ASSERT_EQ(recorder.ends.size(), 2U);
  EXPECT_FALSE(recorder.ends[0].final);
  EXPECT_TRUE(recorder.ends[1].final);
  EXPECT_TRUE(recorder.ends[1].flaky);
  EXPECT_EQ(ledger.counts().total(), 1U);
  EXPECT_EQ(ledger.counts().passed, 1U);
}

TEST_F(LedgerTest, RetriesEnd) {
  Ledger ledger = make(1, {.retries = 1});
  ledger.end(ledger.take(1)->tests[0], ended(Outcome::failed), "w");
  ledger.end(ledger.take(1)->tests[0], ended(Outcome::failed), "w");
  EXPECT_FALSE(ledger.take(1));
  EXPECT_TRUE(ledger.finished());
  EXPECT_EQ(ledger.counts().failed, 1U);
}

TEST_F(LedgerTest, FailFastSkipsWhatWaitsAndWhatComesBack) {
  Ledger ledger = make(6, {.fail_fast = true});
  const auto one = ledger.take(1);
  const auto two = ledger.take(1);
  ledger.end(one->tests[0], ended(Outcome::failed), "w");
  for (std::size_t i = 1; i < one->tests.size(); ++i) ledger.put_back(one->tests[i]);
  for (const std::size_t test : two->tests) ledger.end(test, ended(Outcome::passed), "w");
  EXPECT_TRUE(ledger.finished());
  EXPECT_EQ(ledger.counts().total(), 6U);
  EXPECT_EQ(ledger.counts().failed, 1U);
  EXPECT_EQ(ledger.counts().passed, two->tests.size());
}

TEST_F(LedgerTest, DisabledTestsAreSkippedAtOnce) {
  Ledger ledger(recorder, {});
  ledger.add(0, "s", {.name = "DISABLED_a", .disabled = true});
  ledger.begin();
  EXPECT_TRUE(ledger.finished());
  EXPECT_EQ(ledger.counts().skipped, 1U);
}

TEST_F(LedgerTest, StopCountsWhatDidNotRun) {
  Ledger ledger = make(4);
  const auto batch = ledger.take(1);
  ledger.stop();
  for (const std::size_t test : batch->tests) ledger.put_back(test);
  EXPECT_TRUE(ledger.finished());
  EXPECT_EQ(ledger.counts().not_run, 4U);
  EXPECT_EQ(ledger.counts().total(), 4U);
}

TEST_F(LedgerTest, OutputIsKeptPerAttemptWithinBounds) {
  Ledger ledger = make(1, {.retries = 1});
  auto batch = ledger.take(1);
  ledger.output(batch->tests[0], false, "first");
  ledger.end(batch->tests[0], ended(Outcome::failed), "w");
  batch = ledger.take(1);
  const std::string flood(3 * k_output_kept, 'x');
  ledger.output(batch->tests[0], false, flood);
  ledger.end(batch->tests[0], ended(Outcome::failed), "w");
  EXPECT_EQ(recorder.ends[0].output, "first");
  EXPECT_EQ(recorder.ends[1].output_bytes, flood.size());
  EXPECT_LT(recorder.ends[1].output.size(), k_output_kept + 100);
}

/// `units` of the ledger's tests: "a a b" are two of unit a and one of unit b; "-" has none; "(a)" is unasked, "a!"
/// serial.
struct LedgerUnits : LedgerTest {
  Ledger make_units(const std::vector<std::string>& units, Ledger::Options options = {}) {
    Ledger ledger(recorder, options);
    for (std::size_t i = 0; i < units.size(); ++i) {
      suite::TestCase test{.name = "t" + std::to_string(i), .unit = units[i]};
      test.unasked = test.unit.starts_with('(');
      if (test.unasked) test.unit = test.unit.substr(1, test.unit.size() - 2);
      test.serial = test.unit.ends_with('!');
      if (test.unit.starts_with('-')) test.unit.clear();
      ledger.add(0, "s", test);
    }
    ledger.begin();
    return ledger;
  }
  static std::vector<std::string> cases(const std::optional<Ledger::Batch>& batch) {
    std::vector<std::string> names;
    if (!batch) return names;
    for (const suite::TestCase& test : batch->cases) names.push_back(test.unasked ? "(" + test.name + ")" : test.name);
    return names;
  }
  using Names = std::vector<std::string>;
};

TEST_F(LedgerUnits, AUnitGoesToOneWorkerInOrder) {
  Ledger ledger = make_units({"a", "-", "a", "a"});
  EXPECT_EQ(cases(ledger.take(8)), (Names{"t0", "t2", "t3"}));
  EXPECT_EQ(cases(ledger.take(8)), Names{"t1"});
}

TEST_F(LedgerUnits, UnaskedTestsGoAlongAsFarAsTheyAreNeeded) {
  Ledger ledger = make_units({"(a)", "a", "(a)"});
  EXPECT_EQ(ledger.tests(), 1U);
  const auto batch = ledger.take(1);
  EXPECT_EQ(cases(batch), (Names{"(t0)", "t1"}));
  EXPECT_EQ(batch->tests.size(), 1U);
  ledger.end(batch->tests[0], ended(Outcome::passed), "w");
  EXPECT_TRUE(ledger.finished());
  EXPECT_EQ(ledger.counts().total(), 1U);
}

TEST_F(LedgerUnits, ARetryRepeatsTheWholeUnit) {
  Ledger ledger = make_units({"a", "a"}, {.retries = 1});
  auto batch = ledger.take(1);
  ledger.end(batch->tests[0], ended(Outcome::passed), "w");
  EXPECT_TRUE(recorder.ends.empty()) << "whether it is final is not known yet";
  ledger.end(batch->tests[1], ended(Outcome::failed), "w");
  ASSERT_EQ(recorder.ends.size(), 2U);
  EXPECT_FALSE(recorder.ends[0].final);
  EXPECT_FALSE(recorder.ends[1].final);
  ledger.invocation_over({});
  batch = ledger.take(1);
  EXPECT_EQ(batch->attempt, 2);
  EXPECT_EQ(cases(batch), (Names{"t0", "t1"}));
  for (const std::size_t test : batch->tests) ledger.end(test, ended(Outcome::passed), "w");
  ASSERT_EQ(recorder.ends.size(), 4U);
  EXPECT_FALSE(recorder.ends[2].flaky) << "it passed both times";
  EXPECT_TRUE(recorder.ends[3].flaky);
  EXPECT_EQ(ledger.counts().passed, 2U);
  EXPECT_TRUE(ledger.finished());
}

TEST_F(LedgerUnits, WhatComesBackTakesAlongWhatItNeeds) {
  Ledger ledger = make_units({"a", "a", "a"});
  const auto batch = ledger.take(1);
  ledger.end(batch->tests[0], ended(Outcome::passed), "w");
  ledger.put_back(batch->tests[2]);
  ledger.put_back(batch->tests[1]);
  ledger.invocation_over({});
  EXPECT_EQ(cases(ledger.take(1)), (Names{"(t0)", "t1", "t2"}));
}

TEST_F(LedgerUnits, BehindACrashTheUnitIsSkipped) {
  Ledger ledger = make_units({"a", "a", "-"});
  const auto batch = ledger.take(1);
  ledger.end(batch->tests[0], ended(Outcome::crashed), "w");
  ledger.put_back(batch->tests[1]);
  ASSERT_EQ(recorder.ends.size(), 2U);
  EXPECT_EQ(recorder.ends[1].outcome, Outcome::skipped);
  EXPECT_NE(recorder.ends[1].message.find("t0"), std::string::npos);
}

TEST_F(LedgerUnits, SerialTestsRunBehindTheOthersAndAlone) {
  Ledger ledger = make_units({"-!", "-", "-!", "-"});
  const auto one = ledger.take(4);
  const auto two = ledger.take(4);
  EXPECT_EQ(cases(one), Names{"t1"});
  EXPECT_EQ(cases(two), Names{"t3"});
  EXPECT_FALSE(ledger.take(4)) << "others are running";
  ledger.end(one->tests[0], ended(Outcome::passed), "w");
  ledger.end(two->tests[0], ended(Outcome::passed), "w");
  ledger.invocation_over({});
  EXPECT_FALSE(ledger.take(4)) << "one worker still is at it";
  ledger.invocation_over({});
  const auto serial = ledger.take(4);
  EXPECT_EQ(cases(serial), (Names{"t0", "t2"}));
  EXPECT_FALSE(ledger.take(4));
  for (const std::size_t test : serial->tests) ledger.end(test, ended(Outcome::passed), "w");
  EXPECT_TRUE(ledger.finished());
}

TEST_F(LedgerUnits, NothingStartsBesideASerialTest) {
  Ledger ledger = make_units({"-!", "-"}, {.retries = 1});
  const auto first = ledger.take(2);
  ledger.end(first->tests[0], ended(Outcome::passed), "w");
  ledger.invocation_over({});
  const auto serial = ledger.take(2);
  ledger.end(serial->tests[0], ended(Outcome::failed), "w");
  EXPECT_FALSE(ledger.take(2)) << "its retry waits for the invocation's end";
  ledger.invocation_over({});
  EXPECT_EQ(cases(ledger.take(2)), Names{"t0"});
}

TEST_F(LedgerUnits, StopSettlesWhatIsHeld) {
  Ledger ledger = make_units({"a", "a"}, {.retries = 1});
  const auto batch = ledger.take(1);
  ledger.end(batch->tests[0], ended(Outcome::failed), "w");
  ledger.stop();
  ledger.put_back(batch->tests[1]);
  EXPECT_TRUE(ledger.finished());
  EXPECT_EQ(ledger.counts().failed, 1U);
  EXPECT_EQ(ledger.counts().not_run, 1U);
}

TEST_F(LedgerTest, TheFrameworksOwnRepetitionIsFlakyToo) {
  Ledger ledger = make(1);
  ledger.end(ledger.take(1)->tests[0], {.outcome = Outcome::passed, .flaky = true}, "w");
  EXPECT_TRUE(recorder.ends[0].flaky);
  EXPECT_EQ(ledger.counts().flaky, 1U);
}

TEST_F(LedgerTest, FastTestsAreNotSpreadOverManyInvocations) {
  Ledger ledger = make(6000);
  const auto first = ledger.take(2);
  ASSERT_EQ(first->tests.size(), 1500U);
  for (const std::size_t test : first->tests) {
    ledger.end(test, {.outcome = Outcome::passed, .duration = Microseconds(50)}, "w");
  }
  ledger.invocation_over(std::chrono::milliseconds(300));
  EXPECT_EQ(ledger.take(2)->tests.size(), 2250U) << "a fair share, not half of it";
}

TEST_F(LedgerTest, FastTestsThatAreLeftGoToTheOneWorkerThatIsFree) {
  Ledger ledger = make(6000);
  const auto first = ledger.take(2);
  const auto second = ledger.take(2);
  ASSERT_TRUE(second);
  for (const std::size_t test : first->tests) {
    ledger.end(test, {.outcome = Outcome::passed, .duration = Microseconds(50)}, "w");
  }
  ledger.invocation_over(std::chrono::milliseconds(300));
  EXPECT_EQ(ledger.take(2)->tests.size(), 6000 - first->tests.size() - second->tests.size());
}

TEST_F(LedgerTest, SlowTestsAreSpread) {
  Ledger ledger = make(400);
  const auto first = ledger.take(2);
  for (const std::size_t test : first->tests) {
    ledger.end(test, {.outcome = Outcome::passed, .duration = std::chrono::seconds(1)}, "w");
  }
  ledger.invocation_over(std::chrono::seconds(101));
  EXPECT_EQ(ledger.take(2)->tests.size(), 75U);
}

}  // namespace
}  // namespace sortie::run
