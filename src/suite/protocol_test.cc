#include "suite/protocol.h"

#include <gtest/gtest.h>

namespace sortie::suite {
namespace {

template <class Event>
Event through_the_wire(const Event& event) {
  auto decoded = decode_event(encode(HarnessEvent(event)));
  EXPECT_TRUE(decoded) << describe(decoded.error());
  return std::get<Event>(*decoded);
}

TEST(Protocol, EventsComeBackAsTheyWere) {
  const auto hello = through_the_wire(Hello{.worker = "2026/[$LATEST]ab", .cold = true});
  EXPECT_EQ(hello.worker, "2026/[$LATEST]ab");
  EXPECT_TRUE(hello.cold);

  const std::vector<TestCase> tests{{.name = "A.b", .file = "a.cc", .line = 3},
                                    {.name = "A.c", .disabled = true},
                                    {.name = "A.d", .unit = "A", .serial = true}};
  const auto listed = through_the_wire(Listed{tests, {"exit status 23"}});
  EXPECT_EQ(listed.tests, tests);
  EXPECT_EQ(listed.notices, std::vector<std::string>{"exit status 23"});

  EXPECT_EQ(through_the_wire(TestStarted{"A.b", 12}).log_offset, 12U);

  const TestEnded ended{.test = "A.b",
                        .outcome = Outcome::out_of_memory,
                        .duration = std::chrono::microseconds(1234),
                        .message = "why\n\"so\"",
                        .file = "a.cc",
                        .line = 4,
                        .leaked_processes = 2,
                        .log_offset = 99};
  const auto back = through_the_wire(ended);
  EXPECT_FALSE(back.unlisted);
  EXPECT_EQ(back.outcome, ended.outcome);
  EXPECT_EQ(back.duration, ended.duration);
  EXPECT_EQ(back.message, ended.message);
  EXPECT_EQ(back.line, 4);
  EXPECT_EQ(back.leaked_processes, 2);
  EXPECT_EQ(back.log_offset, 99U);

  const auto last = through_the_wire(BatchEnded{.not_run = {"A.b"}, .output_left_out = 7, .notices = {"n"}});
  EXPECT_EQ(last.notices, std::vector<std::string>{"n"});
  EXPECT_EQ(last.not_run, std::vector<std::string>{"A.b"});
  EXPECT_EQ(last.output_left_out, 7U);
  through_the_wire(Alive{});
  EXPECT_EQ(through_the_wire(HarnessError{"listing_failed", "because"}).message, "because");
}

TEST(Protocol, CarriesBytesThatAreNotText) {
  const std::string bytes("nul \0 bad \xff\xfe\n", 13);
  EXPECT_EQ(through_the_wire(Output{.test = "t", .to_stderr = true, .bytes = bytes}).bytes, bytes);
  EXPECT_EQ(through_the_wire(TestStarted{.test = "name \xff"}).test, "name \xff");
  EXPECT_EQ(through_the_wire(BatchEnded{.not_run = {"\xff", "b"}}).not_run, (std::vector<std::string>{"\xff", "b"}));
}

TEST(Protocol, EventIsOneLine) {
  EXPECT_EQ(encode(HarnessEvent(Output{.bytes = "a\nb\n"})).find('\n'), std::string::npos);
}

TEST(Protocol, RequestsComeBackAsTheyWere) {
  BatchRequest request{.suite = {.name = "s", .executable = "bin/s", .framework = "gtest", .args = {"-x", "\xff"}}};
  request.suite.env = {{"K", "v"}, {"BYTES", "\xfe"}};
  request.suite.cwd = WorkingFolder::tmp;
  request.suite.loader = "lib/glibc/ld.so";
  request.tests = {{.name = "A.b"}};
  request.isolation = Isolation::process;
  request.test_timeout = std::chrono::milliseconds(1500);
  request.attempt = 3;
  request.fail_fast = true;
  const auto decoded = decode_request(encode(HarnessRequest(request)));
  ASSERT_TRUE(decoded) << describe(decoded.error());
  const auto& back = std::get<BatchRequest>(*decoded);
  EXPECT_EQ(back.suite.args, request.suite.args);
  EXPECT_EQ(back.suite.env, request.suite.env);
  EXPECT_EQ(back.suite.cwd, WorkingFolder::tmp);
  EXPECT_EQ(back.suite.loader, request.suite.loader);
  EXPECT_EQ(back.tests, request.tests);
  EXPECT_EQ(back.isolation, Isolation::process);
  EXPECT_EQ(back.test_timeout, request.test_timeout);
  EXPECT_EQ(back.attempt, 3);
  EXPECT_TRUE(back.fail_fast);
}

TEST(Protocol, RefusesWhatIsNotAnEvent) {
  for (const char* line :
       {"", "no json", "[]", "{}", R"({"event":"dance"})", R"({"event":"test_ended","test":"a","outcome":"fine"})",
        R"({"event":"test_ended","test":"a","outcome":"passed","line":-1})", R"({"event":"test_started"})",
        R"({"event":"output","bytes":7})", R"({"event":"output","bytes_base64":"?"})",
        R"({"event":"listed","tests":{}})", R"([[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]])"}) {
    const auto decoded = decode_event(line);
    ASSERT_FALSE(decoded) << line;
    EXPECT_EQ(decoded.error().kind, ErrorKind::protocol);
  }
}

TEST(Protocol, HasLimits) {
  const std::string long_text(2UL << 20, 'x');
  EXPECT_FALSE(decode_event(encode(HarnessEvent(Output{.bytes = long_text}))));
  EXPECT_TRUE(decode_event(encode(HarnessEvent(Listed{{{.name = long_text}}}))));
  EXPECT_TRUE(decode_event(encode(HarnessEvent(BatchEnded{.not_run = {long_text}}))));
  EXPECT_FALSE(decode_request(std::string(6'000'001, ' ')));
}

TEST(Protocol, RefusesWhatIsNotARequest) {
  for (const char* payload :
       {"", "{}", R"({"request":"run"})", R"({"request":"list","suite":{"executable":"x","framework":"gtest"}})",
        R"({"request":"list","timeout_ms":0,"suite":{"executable":"x","framework":"gtest","cwd":"task"}})",
        R"({"request":"list","timeout_ms":1,"suite":{"framework":"gtest","cwd":"task"}})",
        R"({"request":"list","timeout_ms":1,"suite":{"executable":"x","framework":"gtest","cwd":"home"}})"}) {
    EXPECT_FALSE(decode_request(payload)) << payload;
  }
}

TEST(Protocol, EveryOutcomeHasAName) {
  for (int i = 0; i <= static_cast<int>(Outcome::lost); ++i) {
    const auto outcome = static_cast<Outcome>(i);
    EXPECT_EQ(outcome_from(to_string(outcome)), outcome);
  }
  EXPECT_EQ(outcome_from("great"), std::nullopt);
}

}  // namespace
}  // namespace sortie::suite
