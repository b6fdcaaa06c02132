#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <pugixml.hpp>

#include "report/json.h"
#include "report/junit.h"

namespace sortie::report {
namespace {

using run::TestFinished;

TEST(Json, BytesThatAreNotTextAreBase64) {
  const run::TestOutput text{.id = {"s", "t"}, .bytes = "grün"};
  EXPECT_EQ(json_line(text),
            R"({"event":"test_output","suite":"s","test":"t","attempt":1,"stream":"stdout","output":"grün"})");
  const run::TestOutput bytes{.id = {"s", "t"}, .to_stderr = true, .bytes = std::string("\0\xFF", 2)};
  EXPECT_EQ(json_line(bytes),
            R"({"event":"test_output","suite":"s","test":"t","attempt":1,"stream":"stderr","output_base64":"AP8="})");
}

TEST(Json, EveryEventIsOneLineOfValidJson) {
  TestFinished finished{
      .id = {"s", "a\nb"}, .outcome = run::Outcome::crashed, .message = "\xFF", .file = "f.cc", .line = 3};
  for (const run::Event& event :
       std::vector<run::Event>{run::StepFinished{}, run::Notice{"a\nb"}, run::RunStarted{}, run::TestStarted{},
                               run::TestOutput{}, finished, run::InvocationFinished{}, run::RunFinished{}}) {
    const std::string line = json_line(event);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_TRUE(boost::json::parse(line).as_object().contains("event"));
  }
}

struct JunitTest : testing::Test {
  pugi::xml_document parse() {
    pugi::xml_document document;
    EXPECT_TRUE(document.load_string(reporter.document().c_str())) << reporter.document();
    return document;
  }
  JunitReporter reporter{"unused"};
};

TEST_F(JunitTest, CountsAndKinds) {
  using run::Outcome;
  int number = 0;
  for (const Outcome outcome : {Outcome::passed, Outcome::failed, Outcome::skipped, Outcome::crashed,
                                Outcome::timed_out, Outcome::out_of_memory, Outcome::lost}) {
    reporter.on(TestFinished{.id = {"s", "t" + std::to_string(number++)}, .outcome = outcome, .message = "why"});
  }
  const pugi::xml_document document = parse();
  const pugi::xml_node suite = document.child("testsuites").child("testsuite");
  EXPECT_EQ(suite.attribute("tests").as_int(), 7);
  EXPECT_EQ(suite.attribute("failures").as_int(), 1);
  EXPECT_EQ(suite.attribute("errors").as_int(), 4);
  EXPECT_EQ(suite.attribute("skipped").as_int(), 1);
  EXPECT_STREQ(suite.find_child_by_attribute("testcase", "name", "t3").child("error").attribute("type").value(),
               "crashed");
}

TEST_F(JunitTest, HostileTextStaysXml) {
  TestFinished finished{.id = {"s", "<&\"\x01>"}, .outcome = run::Outcome::failed, .message = "]]>\x02\xFF"};
  finished.output = std::string("\0\x1b[1m]]>", 8);
  reporter.on(finished);
  const pugi::xml_document document = parse();
  const pugi::xml_node test = document.child("testsuites").child("testsuite").child("testcase");
  EXPECT_STREQ(test.attribute("name").value(), "<&\"\uFFFD>");
  EXPECT_STREQ(test.child("system-out").text().get(), "\uFFFD\uFFFD[1m]]>");
}

TEST_F(JunitTest, AttemptsOfAFlakyTestAreKept) {
  TestFinished first{.id = {"s", "t"}, .final = false, .outcome = run::Outcome::crashed, .message = "signal 11"};
  first.output = "first";
  reporter.on(first);
  reporter.on(TestFinished{.id = {"s", "t"}, .attempt = 2, .outcome = run::Outcome::passed, .flaky = true});
  const pugi::xml_document document = parse();
  const pugi::xml_node test = document.child("testsuites").child("testsuite").child("testcase");
  EXPECT_STREQ(test.child("flakyError").attribute("message").value(), "signal 11");
  EXPECT_STREQ(test.child("flakyError").child("system-out").text().get(), "first");
  EXPECT_FALSE(test.child("error"));
}

}  // namespace
}  // namespace sortie::report
