#include "report/terminal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace sortie::report {
namespace {

using run::TestFinished;

/// What a reporter writes for some events.
std::string shown(const std::vector<run::Event>& events, TerminalOptions options = {}) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* file = open_memstream(&text, &size);
  {
    TerminalReporter reporter(file, options);
    for (const run::Event& event : events) reporter.on(event);
  }
  std::fclose(file);
  std::string result(text, size);
  std::free(text);
  return result;
}

TestFinished finished(const std::string& test, run::Outcome outcome) {
  TestFinished event{.id = {"blobstore_test", test}, .outcome = outcome};
  event.duration = run::Microseconds(12'000);
  return event;
}

TEST(Terminal, AWholeRun) {
  TestFinished failure = finished("Blob.DeniedElsewhere", run::Outcome::failed);
  failure.duration = run::Microseconds(9'000);
  failure.output = "blobstore_test.cc:41: Failure\nExpected: (status) == (0), actual: 1 vs 0\n";
  failure.output_bytes = failure.output.size();
  run::RunFinished end{.duration = run::Microseconds(310'000),
                       .invocations = 12,
                       .gb_seconds = 0.55,
                       .dollars = 0.0000093,
                       .exit_status = 1};
  end.counts.passed = 1;
  end.counts.failed = 1;
  EXPECT_EQ(shown({run::StepFinished{
                       .step = "Package", .text = "blobstore_test + 1 asset", .duration = run::Microseconds(30'000)},
                   run::RunStarted{.tests = 2, .workers = 2}, finished("Blob.PutThenGet", run::Outcome::passed),
                   failure, end}),
            "   Package  blobstore_test + 1 asset                                            0.03s\n"
            "       Run  2 tests, 2 workers\n"
            "      PASS  [   0.012s] blobstore_test::Blob.PutThenGet\n"
            "      FAIL  [   0.009s] blobstore_test::Blob.DeniedElsewhere\n"
            "            blobstore_test.cc:41: Failure\n"
            "            Expected: (status) == (0), actual: 1 vs 0\n"
            "   Summary  2 tests: 1 passed, 1 failed, 0 lost                                 0.31s\n"
            "            on AWS about $0.0000093 (0.55 GB-s, 12 invocations)\n");
}

TEST(Terminal, EveryOutcomeHasItsWord) {
  using run::Outcome;
  const std::string text =
      shown({finished("a", Outcome::passed), finished("b", Outcome::failed), finished("c", Outcome::skipped),
             finished("d", Outcome::crashed), finished("e", Outcome::timed_out), finished("f", Outcome::out_of_memory),
             finished("g", Outcome::lost)});
  for (const char* line : {"      PASS  [   0.012s] blobstore_test::a\n", "      FAIL  [   0.012s] blobstore_test::b\n",
                           "      SKIP  [   0.012s] blobstore_test::c\n", "     CRASH  [   0.012s] blobstore_test::d\n",
                           "   TIMEOUT  [   0.012s] blobstore_test::e\n", "       OOM  [   0.012s] blobstore_test::f\n",
                           "      LOST  [   0.012s] blobstore_test::g\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

TEST(Terminal, ASkippedTestSaysWhy) {
  TestFinished skipped = finished("a", run::Outcome::skipped);
  skipped.message = "a_test.cc:7: Skipped\nno database here";
  EXPECT_NE(shown({skipped}).find("      SKIP  [   0.012s] blobstore_test::a\n"
                                  "            a_test.cc:7: Skipped\n            no database here\n"),
            std::string::npos);
}

TEST(Terminal, RetriesAndFlakyTestsAreMarked) {
  TestFinished first = finished("a", run::Outcome::failed);
  first.final = false;
  TestFinished second = finished("a", run::Outcome::passed);
  second.attempt = 2;
  second.flaky = true;
  const std::string text = shown({first, second});
  EXPECT_NE(text.find("     RETRY  [   0.012s] blobstore_test::a (attempt 1)\n"), std::string::npos);
  EXPECT_NE(text.find("     FLAKY  [   0.012s] blobstore_test::a (attempt 2)\n"), std::string::npos);
}

TEST(Terminal, OutputOfPassedTestsOnlyWhenAsked) {
  TestFinished passed = finished("a", run::Outcome::passed);
  passed.output = "hello\n";
  EXPECT_EQ(shown({passed}).find("hello"), std::string::npos);
  EXPECT_NE(shown({passed}, {.show_output = ShowOutput::all}).find("            hello\n"), std::string::npos);
}

TEST(Terminal, HostileOutputCannotMoveTheCursor) {
  TestFinished failure = finished("a\x1b[2J", run::Outcome::failed);
  failure.output = std::string("x\x1b[1A\x1b[31mred\x1b[0m\0\xFF\r\n", 22);
  const std::string text = shown({failure});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\0'), std::string::npos);
  EXPECT_NE(text.find("x^[[1Ared^@\uFFFD\n"), std::string::npos);
}

TEST(Terminal, SaysWhatItDoesNotShow) {
  TestFinished failure = finished("a", run::Outcome::crashed);
  failure.message = "signal 11 (Segmentation fault)";
  failure.output = "short\n";
  failure.output_bytes = 5'000'000;
  failure.leaked_processes = 2;
  const std::string text = shown({failure});
  EXPECT_NE(text.find("=> signal 11 (Segmentation fault)\n"), std::string::npos);
  EXPECT_NE(text.find("=> 5000000 bytes of output in all; --show-output all shows and --json FILE keeps every byte\n"),
            std::string::npos);
  EXPECT_NE(text.find("left 2 processes behind, killed\n"), std::string::npos);
}

/// `lines` times 60 bytes of one running test, and its end with what an event keeps of them.
std::vector<run::Event> talkative(int lines, run::Outcome outcome) {
  std::vector<run::Event> events{run::TestStarted{.id = {"s", "t"}}};
  std::uint64_t bytes = 0;
  for (int i = 0; i < lines; ++i) {
    run::TestOutput output{.id = {"s", "t"}, .bytes = std::to_string(i) + " " + std::string(50, 'x') + "\n"};
    bytes += output.bytes.size();
    events.emplace_back(std::move(output));
  }
  TestFinished end{.id = {"s", "t"}, .outcome = outcome};
  end.output = "beginning\n... many bytes left out ...\nend\n";
  end.output_bytes = bytes;
  events.emplace_back(end);
  return events;
}

TEST(Terminal, AllMeansAll) {
  constexpr int lines = 100'000;
  for (const run::Outcome outcome : {run::Outcome::passed, run::Outcome::crashed}) {
    const std::string text = shown(talkative(lines, outcome), {.show_output = ShowOutput::all});
    EXPECT_EQ(std::ranges::count(text, '\n'), lines + 1);
    EXPECT_NE(text.find("\n            0 xxx"), std::string::npos);
    EXPECT_NE(text.find("\n            50000 xxx"), std::string::npos);
    EXPECT_NE(text.find("\n            99999 xxx"), std::string::npos);
    EXPECT_EQ(text.find("left out"), std::string::npos);
  }
}

TEST(Terminal, FailedMeansWhatTheEventKeeps) {
  const std::string text = shown(talkative(10, run::Outcome::failed));
  EXPECT_NE(text.find("            ... many bytes left out ...\n"), std::string::npos);
  EXPECT_NE(text.find("--show-output all"), std::string::npos);
}

TEST(Terminal, OutputOfAnAttemptThatAWorkerTookWithItIsNotShownTwice) {
  auto events = talkative(5, run::Outcome::passed);
  const auto again = events;
  events.pop_back();
  events.insert(events.end(), again.begin(), again.end());
  const std::string text = shown(events, {.show_output = ShowOutput::all});
  EXPECT_EQ(std::ranges::count(text, '\n'), 6);
}

TEST(Terminal, AllOfWhatASuitePrintsOutsideOfItsTests) {
  std::vector<run::Event> events{run::TestOutput{.id = {"s", ""}, .bytes = "\n"}};
  for (int i = 0; i < 20'000; ++i) events.emplace_back(run::TestOutput{.id = {"s", ""}, .bytes = "loose words\n"});
  events.emplace_back(run::RunFinished{});
  const std::string text = shown(events, {.show_output = ShowOutput::all});
  EXPECT_NE(text.find("s, outside of its tests:\n"), std::string::npos);
  EXPECT_EQ(std::ranges::count(text, 'w'), 20'000);
}

TEST(Terminal, SaysThatTheDiskIsFullButNotThatNobodyReads) {
  std::FILE* const full = std::fopen("/dev/full", "w");
  {
    TerminalReporter reporter(full, {});
    reporter.on(run::Notice{"x"});
    const auto closed = reporter.close();
    ASSERT_FALSE(closed);
    EXPECT_EQ(closed.error().message, "write standard output: No space left on device");
  }
  std::fclose(full);
  std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  std::FILE* const unread = ::fdopen(ends[1], "w");
  {
    TerminalReporter reporter(unread, {});
    reporter.on(run::Notice{"x"});
    EXPECT_TRUE(reporter.close());
  }
  std::fclose(unread);
}

}  // namespace
}  // namespace sortie::report
