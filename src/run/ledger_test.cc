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

}  // namespace
}  // namespace sortie::run
