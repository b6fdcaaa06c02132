#include "emulator/logs/logs.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>

#include "emulator/core/test_support.h"
#include "emulator/logs/log_store.h"

namespace sortie::emulator {
namespace {

namespace json = boost::json;

struct Answer {
  int status = 0;
  json::object body;
  [[nodiscard]] std::string code() const { return body.contains("__type") ? json::serialize(body.at("__type")) : ""; }
  [[nodiscard]] std::string message() const {
    const auto* text = body.if_contains("message");
    if (text == nullptr) text = body.if_contains("Message");
    return text != nullptr ? std::string(text->as_string()) : "";
  }
};

constexpr std::int64_t k_now = 1'700'000'000'000;

class LogsTest : public testing::Test {
 protected:
  LogsTest() : store_(Store::ephemeral().value()) {
    clock_.set(SystemTime(std::chrono::milliseconds(k_now)));
    logs_ = std::make_unique<Logs>(io_.get_executor(), clock_, *store_, authorizer_);
  }

  Answer call(const std::string& operation, const json::object& input, const std::string& region = "us-east-1") {
    Call call;
    call.region = region;
    call.account = "111111111111";
    call.request_id = "id";
    call.request.headers.add("X-Amz-Target", "Logs_20140328." + operation);
    call.request.body = json::serialize(input);
    Answer answer;
    asio::co_spawn(
        io_,
        [](Logs& logs, Call call, Answer& answer) -> Task<void> {
          auto response = co_await logs.handle(std::move(call));
          answer.status = response.status;
          auto text = co_await response.body.read_all(16 << 20);
          if (text && !text->empty()) answer.body = json::parse(*text).as_object();
        }(*logs_, std::move(call), answer),
        [](const std::exception_ptr& failure) {
          if (failure) std::rethrow_exception(failure);
        });
    io_.restart();
    io_.run();
    return answer;
  }

  void make(const std::string& group, const std::string& stream) {
    call("CreateLogGroup", {{"logGroupName", group}});
    call("CreateLogStream", {{"logGroupName", group}, {"logStreamName", stream}});
  }

  Answer put(const std::string& group, const std::string& stream,
             std::vector<std::pair<std::int64_t, std::string>> events) {
    json::array list;
    for (const auto& [time, message] : events) list.push_back(json::object{{"timestamp", time}, {"message", message}});
    return call("PutLogEvents", {{"logGroupName", group}, {"logStreamName", stream}, {"logEvents", list}});
  }

  static std::vector<std::string> messages(const Answer& answer) {
    std::vector<std::string> found;
    for (const auto& event : answer.body.at("events").as_array()) {
      found.emplace_back(event.at("message").as_string());
    }
    return found;
  }

  static LogEvent event(std::int64_t time, std::string message) {
    return {SystemTime(std::chrono::milliseconds(time)), std::move(message)};
  }

  asio::io_context io_;
  FakeClock clock_;
  testing_support::FakeAuthorizer authorizer_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Logs> logs_;
};

using Strings = std::vector<std::string>;

TEST_F(LogsTest, AGroupIsMadeOnceAndDescribed) {
  EXPECT_EQ(call("CreateLogGroup", {{"logGroupName", "/g"}}).status, 200);
  const Answer again = call("CreateLogGroup", {{"logGroupName", "/g"}});
  EXPECT_EQ(again.code(), "\"ResourceAlreadyExistsException\"");
  EXPECT_EQ(again.message(), "The specified log group already exists");

  const Answer described = call("DescribeLogGroups", {{"logGroupNamePrefix", "/g"}});
  const auto& group = described.body.at("logGroups").at(0).as_object();
  EXPECT_EQ(group.at("arn"), "arn:aws:logs:us-east-1:111111111111:log-group:/g:*");
  EXPECT_EQ(group.at("logGroupArn"), "arn:aws:logs:us-east-1:111111111111:log-group:/g");
  EXPECT_EQ(group.at("creationTime"), k_now);
  EXPECT_FALSE(group.contains("retentionInDays"));
}

TEST_F(LogsTest, RegionsAreApart) {
  call("CreateLogGroup", {{"logGroupName", "g"}}, "eu-west-1");
  EXPECT_TRUE(call("DescribeLogGroups", {}).body.at("logGroups").as_array().empty());
  EXPECT_EQ(call("DeleteLogGroup", {{"logGroupName", "g"}}).message(), "The specified log group does not exist.");
}

TEST_F(LogsTest, GroupsComeInPages) {
  for (const char* name : {"a", "b", "c"}) call("CreateLogGroup", {{"logGroupName", name}});
  const Answer first = call("DescribeLogGroups", {{"limit", 2}});
  ASSERT_EQ(first.body.at("logGroups").as_array().size(), 2U);
  const Answer second = call("DescribeLogGroups", {{"limit", 2}, {"nextToken", first.body.at("nextToken")}});
  EXPECT_EQ(second.body.at("logGroups").at(0).at("logGroupName"), "c");
  EXPECT_FALSE(second.body.contains("nextToken"));
  EXPECT_EQ(call("DescribeLogGroups", {{"nextToken", "x"}}).message(), "The specified nextToken is invalid.");
  EXPECT_EQ(call("DescribeLogGroups", {{"logGroupNamePrefix", "a"}, {"logGroupNamePattern", "a"}}).message(),
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
}

TEST_F(LogsTest, NamesAreChecked) {
  EXPECT_EQ(call("CreateLogGroup", {{"logGroupName", "a b"}}).code(), "\"InvalidParameterException\"");
  EXPECT_EQ(call("CreateLogGroup", {}).code(), "\"InvalidParameterException\"");
  EXPECT_EQ(call("CreateLogGroup", {{"logGroupName", 5}}).code(), "\"SerializationException\"");
  call("CreateLogGroup", {{"logGroupName", "g"}});
  EXPECT_EQ(call("CreateLogStream", {{"logGroupName", "g"}, {"logStreamName", "a:b"}}).code(),
            "\"InvalidParameterException\"");
}

TEST_F(LogsTest, AnUnknownOperationIsNamed) {
  const Answer answer = call("StartQuery", {});
  EXPECT_EQ(answer.status, 501);
  EXPECT_NE(answer.message().find("StartQuery"), std::string::npos);
}

TEST_F(LogsTest, EventsComeBackInOrderOfTime) {
  make("g", "s");
  EXPECT_EQ(put("g", "s", {{k_now, "two"}, {k_now + 5, "four"}}).status, 200);
  put("g", "s", {{k_now - 5, "one"}, {k_now, "three"}});
  const Answer page = call("GetLogEvents", {{"logGroupName", "g"}, {"logStreamName", "s"}, {"startFromHead", true}});
  EXPECT_EQ(messages(page), (Strings{"one", "two", "three", "four"}));
  EXPECT_EQ(page.body.at("events").at(0).at("ingestionTime"), k_now);
}

TEST_F(LogsTest, ForwardPagesEndWithTheSameTokenAndGoOnLater) {
  make("g", "s");
  put("g", "s", {{k_now, "a"}, {k_now, "b"}, {k_now + 1, "c"}});
  json::object input{{"logGroupName", "g"}, {"logStreamName", "s"}, {"startFromHead", true}, {"limit", 2}};
  const Answer first = call("GetLogEvents", input);
  EXPECT_EQ(messages(first), (Strings{"a", "b"}));
  input["nextToken"] = first.body.at("nextForwardToken");
  const Answer second = call("GetLogEvents", input);
  EXPECT_EQ(messages(second), (Strings{"c"}));
  input["nextToken"] = second.body.at("nextForwardToken");
  const Answer third = call("GetLogEvents", input);
  EXPECT_TRUE(messages(third).empty());
  EXPECT_EQ(third.body.at("nextForwardToken"), input.at("nextToken"));
  put("g", "s", {{k_now + 2, "d"}});
  EXPECT_EQ(messages(call("GetLogEvents", input)), (Strings{"d"}));
  input["nextToken"] = third.body.at("nextBackwardToken");
  EXPECT_EQ(messages(call("GetLogEvents", input)), (Strings{"b", "c"}));
}

TEST_F(LogsTest, WithoutATokenTheNewestComeAndPagesGoBack) {
  make("g", "s");
  put("g", "s", {{k_now, "a"}, {k_now + 1, "b"}, {k_now + 2, "c"}});
  json::object input{{"logGroupName", "g"}, {"logStreamName", "s"}, {"limit", 2}};
  const Answer newest = call("GetLogEvents", input);
  EXPECT_EQ(messages(newest), (Strings{"b", "c"}));
  input["nextToken"] = newest.body.at("nextBackwardToken");
  const Answer older = call("GetLogEvents", input);
  EXPECT_EQ(messages(older), (Strings{"a"}));
  input["nextToken"] = older.body.at("nextBackwardToken");
  const Answer none = call("GetLogEvents", input);
  EXPECT_TRUE(messages(none).empty());
  EXPECT_EQ(none.body.at("nextBackwardToken"), input.at("nextToken"));
  input["nextToken"] = none.body.at("nextForwardToken");
  EXPECT_EQ(messages(call("GetLogEvents", input)), (Strings{"a", "b"}));
}

TEST_F(LogsTest, AnEmptyStreamHasTokensThatWorkLater) {
  make("g", "s");
  json::object input{{"logGroupName", "g"}, {"logStreamName", "s"}, {"startFromHead", true}};
  input["nextToken"] = call("GetLogEvents", input).body.at("nextForwardToken");
  put("g", "s", {{k_now, "late"}});
  EXPECT_EQ(messages(call("GetLogEvents", input)), (Strings{"late"}));
}

TEST_F(LogsTest, TheEndOfARangeIsOutsideForGetAndInsideForFilter) {
  make("g", "s");
  put("g", "s", {{k_now, "a"}, {k_now + 1, "b"}, {k_now + 2, "c"}});
  json::object range{{"logGroupName", "g"}, {"startTime", k_now + 1}, {"endTime", k_now + 2}};
  EXPECT_EQ(messages(call("FilterLogEvents", range)), (Strings{"b", "c"}));
  range["logStreamName"] = "s";
  EXPECT_EQ(messages(call("GetLogEvents", range)), (Strings{"b"}));
}

TEST_F(LogsTest, APageHoldsAMegabyte) {
  make("g", "s");
  for (int i = 0; i < 3; ++i) put("g", "s", {{k_now + i, std::string(600'000, 'x')}});
  json::object input{{"logGroupName", "g"}, {"logStreamName", "s"}, {"startFromHead", true}};
  EXPECT_EQ(messages(call("GetLogEvents", input)).size(), 1U);
  EXPECT_EQ(messages(call("FilterLogEvents", {{"logGroupName", "g"}})).size(), 1U);
}

TEST_F(LogsTest, BatchesHaveLimits) {
  make("g", "s");
  EXPECT_EQ(put("g", "s", {{k_now, std::string(1'048'550, 'x')}}).status, 200);
  EXPECT_EQ(put("g", "s", {{k_now, std::string(1'048'551, 'x')}}).message(),
            "Upload too large: 1048577 bytes exceeds limit of 1048576");
  EXPECT_EQ(put("g", "s", {{k_now + 1, "b"}, {k_now, "a"}}).message(),
            "Log events in a single PutLogEvents request must be in chronological order.");
  EXPECT_EQ(put("g", "s", {{k_now - 25LL * 3600 * 1000, "b"}, {k_now, "a"}}).message(),
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
  EXPECT_EQ(put("g", "s", {}).code(), "\"InvalidParameterException\"");
  EXPECT_EQ(put("g", "s", {{k_now, ""}}).code(), "\"InvalidParameterException\"");
  EXPECT_EQ(put("g", "nope", {{k_now, "a"}}).message(), "The specified log stream does not exist.");
}

TEST_F(LogsTest, EventsOutsideTheTimeWindowAreRejectedAlone) {
  make("g", "s");
  const std::int64_t day = 24LL * 3600 * 1000;
  const Answer answer = put("g", "s", {{k_now - 15 * day, "old"}, {k_now, "now"}, {k_now + 3 * 3600 * 1000, "ahead"}});
  const auto& info = answer.body.at("rejectedLogEventsInfo").as_object();
  EXPECT_EQ(info.at("tooOldLogEventEndIndex"), 1);
  EXPECT_EQ(info.at("tooNewLogEventStartIndex"), 2);
  EXPECT_EQ(messages(call("FilterLogEvents", {{"logGroupName", "g"}})), (Strings{"now"}));
}

TEST_F(LogsTest, RetentionHidesAndRejectsWhatIsOlder) {
  make("g", "s");
  const std::int64_t day = 24LL * 3600 * 1000;
  put("g", "s", {{k_now - 2 * day, "old"}});
  put("g", "s", {{k_now, "new"}});
  EXPECT_EQ(call("PutRetentionPolicy", {{"logGroupName", "g"}, {"retentionInDays", 2000}}).status, 400);
  EXPECT_EQ(call("PutRetentionPolicy", {{"logGroupName", "g"}, {"retentionInDays", 1}}).status, 200);
  EXPECT_EQ(messages(call("FilterLogEvents", {{"logGroupName", "g"}})), (Strings{"new"}));
  EXPECT_TRUE(put("g", "s", {{k_now - 2 * day, "old"}})
                  .body.at("rejectedLogEventsInfo")
                  .as_object()
                  .contains("expiredLogEventEndIndex"));
  EXPECT_EQ(call("DescribeLogGroups", {}).body.at("logGroups").at(0).at("retentionInDays"), 1);
}

TEST_F(LogsTest, FilterMergesStreamsAndPages) {
  make("g", "a-1");
  make("g", "a-2");
  make("g", "b");
  put("g", "a-1", {{k_now, "1"}, {k_now + 4, "5"}});
  put("g", "a-2", {{k_now + 1, "2"}, {k_now + 3, "4"}});
  put("g", "b", {{k_now + 2, "3"}});
  EXPECT_EQ(messages(call("FilterLogEvents", {{"logGroupName", "g"}})), (Strings{"1", "2", "3", "4", "5"}));
  EXPECT_EQ(messages(call("FilterLogEvents", {{"logGroupName", "g"}, {"logStreamNamePrefix", "a-"}})),
            (Strings{"1", "2", "4", "5"}));
  EXPECT_EQ(messages(call("FilterLogEvents", {{"logGroupName", "g"}, {"logStreamNames", json::array{"b"}}})),
            (Strings{"3"}));
  json::object input{{"logGroupName", "g"}, {"limit", 2}};
  Strings all;
  for (int page = 0; page < 5; ++page) {
    const Answer answer = call("FilterLogEvents", input);
    for (const auto& message : messages(answer)) all.push_back(message);
    if (!answer.body.contains("nextToken")) break;
    input["nextToken"] = answer.body.at("nextToken");
  }
  EXPECT_EQ(all, (Strings{"1", "2", "3", "4", "5"}));
  EXPECT_EQ(call("FilterLogEvents", {{"logGroupName", "g"}, {"nextToken", "x"}}).message(),
            "The specified nextToken is invalid.");
}

TEST_F(LogsTest, FilterLooksAtBoundedBytesACall) {
  std::vector<LogEvent> events;
  for (int i = 0; i < 10'000; ++i) events.push_back(event(k_now + i, std::string(1000, 'x')));
  events.push_back(event(k_now + 20'000, "needle"));
  logs_->put("us-east-1", "g", "s", std::move(events));
  json::object input{{"logGroupName", "g"}, {"filterPattern", "needle"}};
  Strings found;
  int pages = 1;
  for (;; ++pages) {
    const Answer answer = call("FilterLogEvents", input);
    for (const auto& message : messages(answer)) found.push_back(message);
    if (!answer.body.contains("nextToken")) break;
    input["nextToken"] = answer.body.at("nextToken");
  }
  EXPECT_EQ(found, (Strings{"needle"}));
  EXPECT_GT(pages, 2);
  EXPECT_LT(pages, 6);
}

TEST_F(LogsTest, FilterPatternsAreUsedAndRefused) {
  make("g", "s");
  put("g", "s", {{k_now, "ERROR one"}, {k_now, "fine"}});
  EXPECT_EQ(messages(call("FilterLogEvents", {{"logGroupName", "g"}, {"filterPattern", "ERROR"}})),
            (Strings{"ERROR one"}));
  EXPECT_EQ(call("FilterLogEvents", {{"logGroupName", "g"}, {"filterPattern", "a:b"}}).message(),
            "Invalid character(s) in term 'a:b'");
}

TEST_F(LogsTest, TheSinkMakesWhatIsMissingAndKeepsOrder) {
  logs_->put("us-east-1", "/aws/lambda/f", "2023/11/14/[$LATEST]ab", {event(k_now, "START\n"), event(k_now, "END\n")});
  logs_->put("us-east-1", "/aws/lambda/f", "2023/11/14/[$LATEST]ab", {event(k_now, "REPORT\n")});
  EXPECT_EQ(messages(call("FilterLogEvents", {{"logGroupName", "/aws/lambda/f"}})),
            (Strings{"START\n", "END\n", "REPORT\n"}));
}

TEST_F(LogsTest, TheSinkMakesADeletedGroupAgain) {
  logs_->put("us-east-1", "g", "s", {event(k_now, "one")});
  call("DeleteLogGroup", {{"logGroupName", "g"}});
  logs_->put("us-east-1", "g", "s", {event(k_now, "two")});
  EXPECT_EQ(messages(call("FilterLogEvents", {{"logGroupName", "g"}})), (Strings{"two"}));
}

TEST_F(LogsTest, TheSinkSplitsLongEventsAndMendsText) {
  const std::string longest(3'000'000, 'x');
  logs_->put("us-east-1", "g", "s", {event(k_now, longest), event(k_now + 1, "bad\xff\0end"), event(k_now + 2, "")});
  json::object input{{"logGroupName", "g"}, {"logStreamName", "s"}, {"startFromHead", true}};
  std::string text;
  std::string token;
  for (;;) {
    const Answer page = call("GetLogEvents", input);
    for (const auto& message : messages(page)) text += message;
    if (token == page.body.at("nextForwardToken").as_string()) break;
    token = std::string(page.body.at("nextForwardToken").as_string());
    input["nextToken"] = token;
  }
  EXPECT_EQ(text, longest + "bad\xEF\xBF\xBD");
}

TEST_F(LogsTest, StreamsAreListedByNameAndByTime) {
  for (const char* name : {"a", "b", "c"}) make("g", name);
  put("g", "b", {{k_now + 2, "x"}});
  put("g", "a", {{k_now + 1, "x"}});
  auto names = [&](json::object input) {
    input["logGroupName"] = "g";
    Strings found;
    for (;;) {
      const Answer page = call("DescribeLogStreams", input);
      for (const auto& stream : page.body.at("logStreams").as_array()) {
        found.emplace_back(stream.at("logStreamName").as_string());
      }
      if (!page.body.contains("nextToken")) return found;
      input["nextToken"] = page.body.at("nextToken");
    }
  };
  EXPECT_EQ(names({{"limit", 1}}), (Strings{"a", "b", "c"}));
  EXPECT_EQ(names({{"descending", true}, {"limit", 2}}), (Strings{"c", "b", "a"}));
  EXPECT_EQ(names({{"orderBy", "LastEventTime"}, {"descending", true}, {"limit", 1}}), (Strings{"b", "a", "c"}));
  EXPECT_EQ(names({{"logStreamNamePrefix", "b"}}), (Strings{"b"}));
  EXPECT_EQ(
      call("DescribeLogStreams", {{"logGroupName", "g"}, {"orderBy", "LastEventTime"}, {"logStreamNamePrefix", "b"}})
          .message(),
      "Cannot order by LastEventTime with a logStreamNamePrefix.");
}

TEST_F(LogsTest, TagsThroughBothApis) {
  call("CreateLogGroup", {{"logGroupName", "g"}, {"tags", json::object{{"env", "t"}}}});
  const std::string arn = "arn:aws:logs:us-east-1:111111111111:log-group:g";
  call("TagResource", {{"resourceArn", arn}, {"tags", json::object{{"a", "1"}}}});
  call("TagLogGroup", {{"logGroupName", "g"}, {"tags", json::object{{"b", "2"}}}});
  call("UntagResource", {{"resourceArn", arn}, {"tagKeys", json::array{"env"}}});
  const json::object expected{{"a", "1"}, {"b", "2"}};
  EXPECT_EQ(call("ListTagsForResource", {{"resourceArn", arn}}).body.at("tags"), json::value(expected));
  EXPECT_EQ(call("ListTagsLogGroup", {{"logGroupName", "g"}}).body.at("tags"), json::value(expected));
}

TEST_F(LogsTest, IamIsAskedAboutTheRightResources) {
  make("g", "s");
  put("g", "s", {{k_now, "a"}});
  call("FilterLogEvents", {{"logGroupName", "g"}});
  call("ListTagsLogGroup", {{"logGroupName", "g"}});
  const std::string arn = "arn:aws:logs:us-east-1:111111111111:log-group:g";
  Strings asked;
  for (const auto& request : authorizer_.asked) asked.push_back(request.action + " " + request.resource);
  EXPECT_EQ(asked,
            (Strings{"logs:CreateLogGroup " + arn + ":log-stream:", "logs:CreateLogStream " + arn + ":log-stream:s",
                     "logs:PutLogEvents " + arn + ":log-stream:s",
                     "logs:FilterLogEvents " + arn + ":log-stream:", "logs:ListTagsLogGroup " + arn}));
}

TEST_F(LogsTest, ADenialComesBeforeAnythingElseIsTold) {
  authorizer_.forbidden = {"logs:PutLogEvents"};
  const Answer answer = put("absent", "s", {{k_now, "a"}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.code(), "\"AccessDeniedException\"");
}

TEST_F(LogsTest, ADeletedGroupTakesItsEventsAlong) {
  make("g", "s");
  put("g", "s", {{k_now, "a"}});
  EXPECT_EQ(call("DeleteLogGroup", {{"logGroupName", "g"}}).status, 200);
  make("g", "s");
  EXPECT_TRUE(messages(call("FilterLogEvents", {{"logGroupName", "g"}})).empty());
}

TEST(LogsState, IsKeptInTheFolder) {
  std::string folder = (std::filesystem::temp_directory_path() / "sortie-logs-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  asio::io_context io;
  FakeClock clock{SystemTime{std::chrono::milliseconds{k_now}}};
  testing_support::FakeAuthorizer authorizer;
  {
    auto store = Store::open(folder + "/state").value();
    Logs logs(io.get_executor(), clock, *store, authorizer);
    logs.put("us-east-1", "g", "s", {{clock.now(), "kept"}});
  }
  {
    auto store = Store::open(folder + "/state").value();
    logs::LogStore kept(*store);
    const auto stream = kept.find_stream(kept.find_group("us-east-1", "g").value(), "s");
    const auto events = kept.read_forward(stream.value(), {}, {}, {});
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events.front().message, "kept");
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sortie::emulator
