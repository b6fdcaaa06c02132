#include "run/collector.h"

#include <gtest/gtest.h>

namespace sortie::run {
namespace {

struct Recorder final : Reporter {
  void on(const Event& event) override {
    if (const auto* finished = std::get_if<TestFinished>(&event)) ends[finished->id.test] = *finished;
    if (const auto* notice = std::get_if<Notice>(&event)) notices.push_back(notice->text);
  }
  std::map<std::string, TestFinished> ends;
  std::vector<std::string> notices;
};

struct CollectorTest : testing::Test {
  CollectorTest() {
    for (const char* name : {"a", "b", "c", "d"}) ledger.add(0, "s", {.name = name});
    ledger.begin();
  }
  Collector collector() {
    Ledger::Batch batch;
    while (auto next = ledger.take(1)) batch.tests.insert(batch.tests.end(), next->tests.begin(), next->tests.end());
    return Collector(ledger, recorder, "s", batch);
  }
  Ledger::Batch take_one(const std::string& expected) {
    Ledger::Batch batch = ledger.take(1).value_or(Ledger::Batch{});
    EXPECT_EQ(batch.tests.size(), 1U);
    EXPECT_EQ(ledger.id(batch.tests.at(0)).test, expected);
    return batch;
  }
  static std::string text(const suite::HarnessEvent& event) { return suite::encode(event) + "\n"; }
  static std::string started(const std::string& test) { return text(suite::TestStarted{.test = test}); }
  static std::string ended(const std::string& test, std::uint64_t log_offset = 0) {
    return text(suite::TestEnded{.test = test, .log_offset = log_offset});
  }
  std::string outcome(const std::string& test) {
    return recorder.ends.contains(test) ? std::string(to_string(recorder.ends[test].outcome)) : "none";
  }

  Recorder recorder;
  Ledger ledger{recorder, {}};
};

TEST_F(CollectorTest, WholeAnswerInAnyPieces) {
  Collector collector = this->collector();
  std::string answer = text(suite::Hello{.worker = "w"});
  for (const char* name : {"a", "b", "c", "d"}) answer += started(name) + ended(name);
  answer += text(suite::BatchEnded{});
  for (const char byte : answer) collector.feed({&byte, 1});
  EXPECT_TRUE(collector.complete());
  collector.conclude(InvocationEnd::succeeded, "");
  EXPECT_TRUE(ledger.finished());
  EXPECT_EQ(ledger.counts().passed, 4U);
}

TEST_F(CollectorTest, DeathIsPinnedOnTheRunningTestAndTheRestWaits) {
  Collector collector = this->collector();
  collector.feed(started("a") + ended("a") + started("b"));
  collector.conclude(InvocationEnd::timed_out, "Task timed out after 3.00 seconds");
  EXPECT_EQ(outcome("a"), "passed");
  EXPECT_EQ(outcome("b"), "timed_out");
  EXPECT_EQ(recorder.ends["b"].message, "Task timed out after 3.00 seconds");
  EXPECT_EQ(outcome("c"), "none");
  EXPECT_FALSE(ledger.finished());
  EXPECT_EQ(ledger.id(ledger.take(1)->tests[0]).test, "c");
}

TEST_F(CollectorTest, ATestWhoseHarnessDiedRunsAgainAloneBeforeItIsBlamed) {
  Collector collector = this->collector();
  collector.feed(text(suite::Hello{}) + started("a") + ended("a") + started("b"));
  collector.conclude(InvocationEnd::crashed, "signal: killed");
  EXPECT_EQ(outcome("a"), "passed");
  EXPECT_EQ(outcome("b"), "none");
  Collector alone(ledger, recorder, "s", take_one("b"));
  alone.feed(text(suite::Hello{}) + started("b"));
  alone.conclude(InvocationEnd::crashed, "signal: killed");
  EXPECT_EQ(outcome("b"), "crashed");
  EXPECT_EQ(outcome("c"), "none");
}

TEST_F(CollectorTest, TheNextInOrderIsTheSuspectWhenNoTestIsKnownToHaveRun) {
  Collector collector = this->collector();
  collector.feed(text(suite::Hello{}) + started("a") + ended("a"));
  collector.conclude(InvocationEnd::crashed, "signal: killed");
  EXPECT_EQ(outcome("a"), "passed");
  Collector alone(ledger, recorder, "s", take_one("b"));
  alone.feed(text(suite::Hello{}));
  alone.conclude(InvocationEnd::crashed, "signal: killed");
  EXPECT_EQ(outcome("b"), "crashed");
}

TEST_F(CollectorTest, ADeathBehindTheLastTestIsNoTests) {
  Collector collector = this->collector();
  collector.feed(text(suite::Hello{}));
  for (const char* name : {"a", "b", "c", "d"}) collector.feed(started(name) + ended(name));
  collector.conclude(InvocationEnd::crashed, "signal: killed");
  EXPECT_EQ(ledger.counts().passed, 4U);
  EXPECT_EQ(outcome("[process exit]"), "crashed");
  EXPECT_TRUE(ledger.finished());
}

TEST_F(CollectorTest, AHarnessThatWasStoppedBlamesTheTestThatRan) {
  Collector collector = this->collector();
  collector.feed(text(suite::Hello{}) + started("a") + ended("a") + started("b") + text(suite::Alive{}));
  collector.conclude(InvocationEnd::silent, "the harness was stopped");
  EXPECT_EQ(outcome("a"), "passed");
  EXPECT_EQ(outcome("b"), "timed_out");
  EXPECT_EQ(take_one("c").tests.size(), 1U);
}

TEST_F(CollectorTest, AnEndMayBeChangedUntilAnotherTestStarts) {
  Collector collector = this->collector();
  collector.feed(started("a") + ended("a"));
  EXPECT_EQ(outcome("a"), "none");
  collector.feed(text(suite::TestEnded{.test = "a", .outcome = Outcome::failed, .message = "behind it"}));
  collector.feed(started("b"));
  EXPECT_EQ(outcome("a"), "failed");
  EXPECT_EQ(recorder.ends["a"].message, "behind it");
  EXPECT_TRUE(recorder.notices.empty());
}

TEST_F(CollectorTest, AnUnlistedFailureIsOneMoreResultOnce) {
  Collector collector = this->collector();
  collector.feed(started("a") + ended("a"));
  for (int i = 0; i < 2; ++i) {
    collector.feed(text(suite::TestEnded{.test = "[exit]", .unlisted = true, .outcome = Outcome::failed}));
    collector.feed(started("b"));
  }
  EXPECT_EQ(outcome("a"), "passed");
  EXPECT_EQ(outcome("[exit]"), "failed");
  EXPECT_TRUE(recorder.ends["[exit]"].unlisted);
  EXPECT_EQ(ledger.counts().failed, 1U);
  EXPECT_TRUE(recorder.notices.empty());
}

TEST_F(CollectorTest, CutStreamBlamesNobodyAtFirst) {
  Collector collector = this->collector();
  collector.feed(started("a"));
  collector.conclude(InvocationEnd::cut, "connection closed");
  EXPECT_TRUE(recorder.ends.empty());
  EXPECT_FALSE(ledger.finished());
}

TEST_F(CollectorTest, SilentTestsComeBackAndAreLostInTheEnd) {
  for (int round = 0; round < 2; ++round) {
    Collector collector = this->collector();
    collector.feed(text(suite::BatchEnded{}));
    collector.conclude(InvocationEnd::succeeded, "");
  }
  EXPECT_TRUE(ledger.finished());
  EXPECT_EQ(ledger.counts().lost, 4U);
}

TEST_F(CollectorTest, StrangersAndSecondReportsDoNotCount) {
  Collector collector = this->collector();
  collector.feed(started("zz") + ended("zz") + started("a"));
  collector.feed(text(suite::TestEnded{.test = "a", .outcome = Outcome::failed}) + started("b") + ended("a"));
  collector.feed("garbage\n");
  EXPECT_EQ(outcome("a"), "failed");
  EXPECT_EQ(ledger.counts().total(), 1U);
  EXPECT_EQ(recorder.notices.size(), 3U);
}

TEST_F(CollectorTest, OutputPastTheStreamingLimitComesFromTheLog) {
  Collector collector = this->collector();
  collector.feed(started("a"));
  collector.feed(text(suite::Output{.test = "a", .bytes = "0123", .log_offset = 4}));
  collector.feed(ended("a", 8) + started("b") + ended("b", 10) +
                 text(suite::BatchEnded{.not_run = {"c", "d"}, .output_left_out = 6}));
  EXPECT_TRUE(recorder.ends.empty());
  ASSERT_TRUE(collector.needs_log());
  collector.feed_log("01");
  collector.feed_log("234567x");
  collector.feed_log("y");
  collector.conclude(InvocationEnd::succeeded, "");
  EXPECT_EQ(recorder.ends["a"].output, "01234567");
  EXPECT_EQ(recorder.ends["b"].output, "xy");
}

TEST_F(CollectorTest, TheLastWordsOfADeadTestComeFromTheLog) {
  Collector collector = this->collector();
  collector.feed(started("a") + text(suite::Output{.test = "a", .bytes = "hello ", .log_offset = 6}));
  collector.feed_log("hello world\n");
  collector.conclude(InvocationEnd::timed_out, "Task timed out");
  EXPECT_EQ(recorder.ends["a"].output, "hello world\n");
  EXPECT_EQ(outcome("a"), "timed_out");
}

TEST_F(CollectorTest, ASuiteThatCannotStartLosesItsTestsAtOnce) {
  Collector collector = this->collector();
  collector.feed(text(suite::HarnessError{.kind = "cannot_start", .message = "no such file"}) +
                 text(suite::BatchEnded{}));
  collector.conclude(InvocationEnd::succeeded, "");
  EXPECT_EQ(ledger.counts().lost, 4U);
  EXPECT_EQ(recorder.ends["a"].message, "no such file");
}

}  // namespace
}  // namespace sortie::run
