#include <gtest/gtest.h>

#include <algorithm>

#include "suite/frameworks.h"
#include "suite/libtest_reader.h"
#include "suite/reading.h"

namespace sortie::suite {
namespace {

constexpr std::string_view k_executable = "…a::failsa::passesa::ignünï::code…";

ListOutput listing(std::string text, std::string ignored = "0 tests, 0 benchmarks\n") {
  ListOutput output{.standard_output = std::move(text), .executable = k_executable};
  output.further.push_back({.standard_output = std::move(ignored)});
  return output;
}

TEST(LibtestList, KnowsWhatIsIgnored) {
  const auto listed =
      libtest().read_list(listing("a::fails: test\na::ign: test\na::speed: benchmark\n\n2 tests, 1 benchmark\n",
                                  "a::ign: test\n\n1 test, 0 benchmarks\n"));
  ASSERT_TRUE(listed) << describe(listed.error());
  ASSERT_EQ(listed->tests.size(), 2U);
  EXPECT_FALSE(listed->tests[0].disabled);
  EXPECT_TRUE(listed->tests[1].disabled);
}

TEST(LibtestList, IsReadWhateverIsPrintedAroundIt) {
  const auto listed = libtest().read_list(
      listing("a line\nloading configa::fails: test\nünï::code: test\n\n2 tests, 0 benchmarks\nbye\n"));
  ASSERT_TRUE(listed) << describe(listed.error());
  ASSERT_EQ(listed->tests.size(), 2U);
  EXPECT_EQ(listed->tests[0].name, "a::fails");
  EXPECT_EQ(listed->tests[1].name, "ünï::code");
}

TEST(LibtestList, IsNeverSmallerThanTheSuite) {
  EXPECT_FALSE(libtest().read_list(listing("a::fails: test\n\n2 tests, 0 benchmarks\n")));
  EXPECT_FALSE(libtest().read_list(listing("a::fails: test\n")));
  EXPECT_FALSE(libtest().read_list(listing("")));
  EXPECT_FALSE(libtest().read_list(listing("a::fails: test\nunknown\n2 tests, 0 benchmarks\n")));
}

TEST(LibtestList, AsksForTheIgnoredOnesUnlessTheUserChoosesThem) {
  EXPECT_TRUE(libtest().further_listing({}, "/s"));
  EXPECT_FALSE(libtest().further_listing({.args = {"--include-ignored"}}, "/s"));
  EXPECT_FALSE(libtest().further_listing({.further = {{}}}, "/s"));
}

TEST(LibtestSelection, NamesEachTestExactly) {
  const auto args = libtest().selection(named({"a::fails", "a::passes"}), "/s").args;
  EXPECT_NE(std::ranges::find(args, "--exact"), args.end());
  EXPECT_EQ(args.back(), "a::passes");
  EXPECT_LT(libtest().selection_limit(named(std::vector<std::string>(9000, std::string(100, 'x')))), 9000U);
}

constexpr const char* k_output = R"(
running 7 tests
test a::exits ... ok
test a::fails ... no newlineFAILED
test a::ign ... ignored, needs the net
test a::passes ... hello
ok
test a::sp - should panic ... FAILED
test a::zlast ... ok
test ünï::code ... ok
test a::passes ... FAILED
ok

failures:

---- a::sp stdout ----
note: panic did not contain expected string

failures:
    a::fails
    a::sp

test result: FAILED. 4 passed; 2 failed; 1 ignored; 0 measured; 1 filtered out; finished in 0.27s

)";
const std::vector<std::string> k_names{"a::exits", "a::fails", "a::ign", "a::passes", "a::sp", "a::zlast", "ünï::code"};

TEST(LibtestReader, ReadsAllKindsOfEnds) {
  for (const std::size_t piece : {1UL, 7UL, 100'000UL}) {
    const Reading reading = read_output(libtest(), k_names, k_output, {.code = 101}, {}, piece);
    EXPECT_EQ(reading.started, k_names);
    EXPECT_EQ(reading.ended.size(), k_names.size());
    EXPECT_EQ(reading.outcome("a::exits"), Outcome::passed);
    EXPECT_EQ(reading.outcome("a::fails"), Outcome::failed);
    EXPECT_EQ(reading.outcome("a::ign"), Outcome::skipped);
    EXPECT_EQ(reading.message("a::ign"), "needs the net");
    EXPECT_EQ(reading.outcome("a::passes"), Outcome::passed);
    EXPECT_EQ(reading.outcome("a::sp"), Outcome::failed);
    EXPECT_EQ(reading.outcome("ünï::code"), Outcome::passed);
  }
}

TEST(LibtestReader, WhoEndsTheProcessHasNotEnded) {
  const Reading reading = read_output(libtest(), {"a", "b"}, "\nrunning 2 tests\ntest a ... ok\ntest b ... ", {});
  EXPECT_EQ(reading.outcome("a"), Outcome::passed);
  EXPECT_EQ(reading.started.back(), "b");
  EXPECT_FALSE(reading.ended.contains("b"));
  const Reading forged = read_output(libtest(), {"a", "b"}, "test a ... ok\ntest b ... ok\n", {});
  EXPECT_FALSE(forged.ended.contains("b"));
}

TEST(LibtestReader, TheListOfFailuresIsBelievedBeforeTheOutput) {
  // The test prints an end, the start of the next one, and fails.
  const Reading reading = read_output(libtest(), {"a", "b"},
                                      "test a ... ok\ntest b ... FAILED\ntest b ... ok\n\nfailures:\n\nfailures:\n"
                                      "    a\n\ntest result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured\n",
                                      {.code = 101});
  EXPECT_EQ(reading.outcome("[a in the list of failures]"), Outcome::failed);
  EXPECT_EQ(reading.outcome("[a after it had printed an end]"), Outcome::failed);
  EXPECT_EQ(reading.outcome("b"), Outcome::passed);
  // The last one prints a whole end of libtest's own.
  const Reading last =
      read_output(libtest(), {"a"},
                  "test a ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored;\nFAILED\n\nfailures:\n    a\n\n"
                  "test result: FAILED. 0 passed; 1 failed; 0 ignored;\n",
                  {.code = 101});
  EXPECT_EQ(last.outcome("a"), Outcome::failed);
}

TEST(LibtestReader, AnEndWithOtherCountsIsATestsOutput) {
  const Reading reading =
      read_output(libtest(), {"a", "b"}, "test a ... ok\n\ntest result: ok. 9 passed; 0 failed; 0 ignored;\n", {});
  EXPECT_TRUE(reading.ended.empty());
  const Reading printed = read_output(libtest(), {"a", "b"},
                                      "test a ... FAILED\ntest b ... FAILED\n\nfailures:\n    b\nok\ntest b ... ok\n\n"
                                      "test result: ok. 2 passed; 0 failed; 0 ignored;\n",
                                      {});
  EXPECT_EQ(printed.outcome("b"), Outcome::passed);
}

TEST(LibtestReader, AnExitStatusThatNoTestExplainsIsAResult) {
  const Reading reading =
      read_output(libtest(), {"a"}, "test a ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored;\n", {.code = 3});
  EXPECT_EQ(reading.outcome("a"), Outcome::passed);
  EXPECT_EQ(reading.outcome(std::string(k_process_exit)), Outcome::failed);
}

TEST(LibtestReader, TellsWhatThePanicSaid) {
  LibtestReader reader(named({"a", "b"}));
  reader.feed("test a ... ");
  reader.feed_errors("\nthread 'a' (12) panicked at src/x.rs:4:46:\nassertion `left == right` failed\n  left: 1\n");
  reader.feed_errors(" right: 2\nnote: run with `RUST_BACKTRACE=1`\nnoise\n");
  reader.feed_errors("thread 'b' panicked at 'old words', src/y.rs:7:1\n");
  auto progress = reader.feed(
      "FAILED\ntest b ... FAILED\n\nfailures:\n    a\n    b\n\ntest result: FAILED. 0 passed; 2 failed; 0 ignored;\n");
  std::erase_if(progress, [](const Progress& step) { return step.kind != Progress::Kind::ended; });
  ASSERT_EQ(progress.size(), 2U);
  EXPECT_EQ(progress[0].message, "assertion `left == right` failed\n  left: 1\n right: 2");
  EXPECT_EQ(progress[0].file, "src/x.rs");
  EXPECT_EQ(progress[0].line, 4);
  EXPECT_EQ(progress[1].message, "old words");
  EXPECT_EQ(progress[1].line, 7);
}

}  // namespace
}  // namespace sortie::suite
