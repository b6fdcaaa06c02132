#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
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

TEST(Json, ALogThatWasNotSeenIsNotComplete) {
  const auto said = [](bool complete) {
    const std::string line = json_line(run::InvocationFinished{.request_id = "r", .log_complete = complete});
    return boost::json::parse(line).at("log_complete").as_bool();
  };
  EXPECT_FALSE(said(false));
  EXPECT_TRUE(said(true));
}

TEST(Json, AFullDiskIsTold) {
  const auto json = JsonReporter::open("/dev/full");
  ASSERT_TRUE(json);
  (*json)->on(run::Notice{"x"});
  const auto closed = (*json)->close();
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().message, "write /dev/full: No space left on device");
}

struct JunitTest : testing::Test {
  JunitTest() : path(testing::TempDir() + "junit.xml"), opened(JunitReporter::open(path)), reporter(**opened) {}
  std::string written() {
    EXPECT_TRUE(reporter.close());
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  pugi::xml_document parse() {
    pugi::xml_document document;
    const std::string text = written();
    EXPECT_TRUE(document.load_string(text.c_str())) << text;
    return document;
  }
  pugi::xml_node only_case(const pugi::xml_document& document) {
    return document.child("testsuites").child("testsuite").child("testcase");
  }
  std::string path;
  Result<std::unique_ptr<run::Reporter>> opened;
  run::Reporter& reporter;
};

TEST_F(JunitTest, TheWholeDocument) {
  reporter.on(run::RunStarted{.tests = 2, .at = SystemTime(std::chrono::milliseconds(0))});
  TestFinished failed{.id = {"a/unit_test", "Sum.Adds"}, .outcome = run::Outcome::failed, .message = "3 is not 4"};
  failed.file = "src/sum_test.cc";
  failed.line = 19;
  failed.duration = run::Microseconds(12'000);
  reporter.on(TestFinished{.id = {"b/unit_test", "Sum.Adds"}});
  reporter.on(failed);
  EXPECT_EQ(written(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<testsuites name=\"sortie\">\n"
            "  <testsuite name=\"a/unit_test\" tests=\"1\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"0.012\" "
            "timestamp=\"1970-01-01T00:00:00\">\n"
            "    <testcase name=\"Sum.Adds\" classname=\"a/unit_test\" time=\"0.012\" file=\"src/sum_test.cc\" "
            "line=\"19\">\n"
            "      <failure message=\"3 is not 4\" type=\"failed\">src/sum_test.cc:19: 3 is not 4</failure>\n"
            "    </testcase>\n"
            "  </testsuite>\n"
            "  <testsuite name=\"b/unit_test\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\" time=\"0.000\" "
            "timestamp=\"1970-01-01T00:00:00\">\n"
            "    <testcase name=\"Sum.Adds\" classname=\"b/unit_test\" time=\"0.000\" />\n"
            "  </testsuite>\n"
            "</testsuites>\n");
}

TEST_F(JunitTest, ARunWithoutTestsIsADocumentToo) {
  EXPECT_EQ(written(), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"sortie\">\n</testsuites>\n");
}

TEST_F(JunitTest, APlaceIsSaidOnceAndIsNeverLineZero) {
  const auto text_of = [](const std::string& message, const std::string& file, int line) {
    const std::string path = testing::TempDir() + "junit-place.xml";
    const auto junit = JunitReporter::open(path);
    TestFinished failed{.id = {"s", "t"}, .outcome = run::Outcome::failed, .message = message, .file = file};
    failed.line = line;
    (*junit)->on(failed);
    EXPECT_TRUE((*junit)->close());
    pugi::xml_document document;
    EXPECT_TRUE(document.load_file(path.c_str()));
    const auto test = document.child("testsuites").child("testsuite").child("testcase");
    if (line == 0) EXPECT_FALSE(test.attribute("line"));
    return std::string(test.child("failure").text().get());
  };
  EXPECT_EQ(text_of("a.cc:19: Failure", "a.cc", 19), "a.cc:19: Failure");
  EXPECT_EQ(text_of("a.cc:19: Failure", "/home/me/a.cc", 19), "a.cc:19: Failure");
  EXPECT_EQ(text_of("/home/me/a.cc:19\nFailure", "/home/me/a.cc", 19), "/home/me/a.cc:19\nFailure");
  EXPECT_EQ(text_of("Failure", "a.cc", 19), "a.cc:19: Failure");
  EXPECT_EQ(text_of("Failure", "a.cc", 0), "a.cc: Failure");
  EXPECT_EQ(text_of("Failure", "", 0), "Failure");
}

TEST_F(JunitTest, SaysWhereTheRestOfTheOutputIs) {
  TestFinished passed{.id = {"s", "passed"}};
  passed.output = std::string(100'000, 'x');
  passed.output_bytes = passed.output.size();
  TestFinished failed{.id = {"s", "failed"}, .outcome = run::Outcome::failed};
  failed.output = "beginning\n... 5000000 bytes left out ...\nend\n";
  failed.output_bytes = 5'000'013;
  reporter.on(passed);
  reporter.on(failed);
  const pugi::xml_document document = parse();
  const auto suite = document.child("testsuites").child("testsuite");
  const auto output = [&suite](const char* name) {
    return std::string(suite.find_child_by_attribute("testcase", "name", name).child("system-out").text().get());
  };
  EXPECT_EQ(output("passed"),
            std::string(JunitReporter::k_passed_output_kept, 'x') +
                "\n... not all of 100000 bytes of output: --json FILE keeps every byte, --show-output "
                "all shows them ...\n");
  EXPECT_TRUE(output("failed").starts_with(failed.output + "... not all of 5000013 bytes")) << output("failed");
}

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
  finished.output = std::string("\0\x1b[1m]]>", 8) + "\uFFFE\uFFFF\uFFFD\uFDD0\U0010FFFF\xED\xA0\x80\x7F\r\t";
  reporter.on(finished);
  const pugi::xml_document document = parse();
  const pugi::xml_node test = document.child("testsuites").child("testsuite").child("testcase");
  EXPECT_STREQ(test.attribute("name").value(), "<&\"\uFFFD>");
  EXPECT_STREQ(test.child("system-out").text().get(),
               "\uFFFD\uFFFD[1m]]>\uFFFD\uFFFD\uFFFD\uFDD0\U0010FFFF\uFFFD\uFFFD\uFFFD\x7F\n\t")
      << "a carriage return is a line end in XML";
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
