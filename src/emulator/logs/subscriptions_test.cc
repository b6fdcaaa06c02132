#include "emulator/logs/subscriptions.h"

#include <gtest/gtest.h>
#include <libdeflate.h>

#include <boost/json.hpp>
#include <memory>

#include "wire/checksum.h"

/// Subscription filters: which events are sent, and in which form.
namespace sortie::emulator::logs {
namespace {

namespace json = boost::json;

class FakeFunctions final : public FunctionEvents {
 public:
  AwsResult<void> check(const Source& source, const std::string& /*function_arn*/) override {
    if (source.service == admitted) return {};
    return aws_fail(403, "AccessDeniedException", "no");
  }
  void send(const Source& source, const std::string& function_arn, std::string payload) override {
    last_source = source;
    function = function_arn;
    sent.push_back(unpack(payload));
  }
  static json::object unpack(const std::string& payload) {
    const auto document = json::parse(payload).as_object();
    const std::string data(document.at("awslogs").as_object().at("data").as_string());
    const std::string packed = wire::base64_decode(data).value();
    std::string text(1 << 20, '\0');
    const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> inflater(
        libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
    std::size_t size = 0;
    EXPECT_EQ(libdeflate_gzip_decompress(inflater.get(), packed.data(), packed.size(), text.data(), text.size(), &size),
              LIBDEFLATE_SUCCESS);
    text.resize(size);
    return json::parse(text).as_object();
  }
  std::string admitted = "logs.amazonaws.com";
  Source last_source;
  std::string function;
  std::vector<json::object> sent;
};

class SubscriptionsTest : public testing::Test {
 protected:
  SubscriptionsTest() : store_(Store::ephemeral().value()), logs_(*store_) {
    group_ = logs_.create_group("eu-west-1", "g", "STANDARD", {}, 1);
    stream_ = logs_.create_stream(group_, "s", 1);
    open();
  }
  void open() {
    subscriptions_ = std::make_unique<Subscriptions>(*store_);
    subscriptions_->set_function_events(functions_);
    logs_.set_participant([this](const Stream& stream, std::span<const LogEvent> events, std::int64_t first_id) {
      subscriptions_->deliver(stream, events, first_id);
    });
  }
  void subscribe(const std::string& name, const std::string& pattern) {
    subscriptions_->put({.group = group_.id,
                         .group_name = "g",
                         .region = "eu-west-1",
                         .account = "111111111111",
                         .name = name,
                         .pattern_text = pattern,
                         .destination = "arn:aws:lambda:eu-west-1:111111111111:function:f",
                         .distribution = "ByLogStream",
                         .created = 5,
                         .pattern = FilterPattern::parse(pattern).value()});
  }
  void write(const std::vector<std::string>& messages) {
    std::vector<LogEvent> events;
    std::int64_t time = 1000;
    for (const auto& message : messages) events.push_back({SystemTime(std::chrono::milliseconds(time++)), message});
    logs_.append(stream_, events, 2000);
  }
  std::vector<std::string> messages() {
    std::vector<std::string> found;
    for (const auto& document : functions_.sent) {
      for (const auto& event : document.at("logEvents").as_array()) {
        found.emplace_back(event.as_object().at("message").as_string());
      }
    }
    functions_.sent.clear();
    return found;
  }

  std::unique_ptr<Store> store_;
  LogStore logs_;
  Group group_;
  Stream stream_;
  FakeFunctions functions_;
  std::unique_ptr<Subscriptions> subscriptions_;
};

using Strings = std::vector<std::string>;

TEST_F(SubscriptionsTest, SendWhatMatchesInLogsForm) {
  subscribe("errors", "ERROR");
  write({"fine", "ERROR one", "ERROR two"});
  ASSERT_EQ(functions_.sent.size(), 1U);
  const auto& message = functions_.sent[0];
  EXPECT_EQ(message.at("messageType"), "DATA_MESSAGE");
  EXPECT_EQ(message.at("owner"), "111111111111");
  EXPECT_EQ(message.at("logGroup"), "g");
  EXPECT_EQ(message.at("logStream"), "s");
  EXPECT_EQ(message.at("subscriptionFilters"), (json::array{"errors"}));
  const auto& events = message.at("logEvents").as_array();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].at("timestamp").to_number<int>(), 1001);
  const auto stored = logs_.read_forward(stream_, {}, {}, {});
  EXPECT_EQ(std::string(events[1].at("id").as_string()), event_id(stored.at(2).at));
  EXPECT_EQ(functions_.function, "arn:aws:lambda:eu-west-1:111111111111:function:f");
  EXPECT_EQ(functions_.last_source.arn, "arn:aws:logs:eu-west-1:111111111111:log-group:g:*");
}

TEST_F(SubscriptionsTest, NamedFieldsAreTakenOut) {
  subscribe("f", "[ip, ..., status = 4*]");
  write({"10.0.0.1 GET / 404", "10.0.0.1 GET / 200"});
  ASSERT_EQ(functions_.sent.size(), 1U);
  const auto& event = functions_.sent[0].at("logEvents").as_array().at(0).as_object();
  EXPECT_EQ(event.at("extractedFields"), (json::object{{"ip", "10.0.0.1"}, {"status", "404"}}));
}

TEST_F(SubscriptionsTest, TheRegionsPrincipalWillDo) {
  subscribe("f", "");
  functions_.admitted = "logs.eu-west-1.amazonaws.com";
  EXPECT_TRUE(subscriptions_->may_invoke(subscriptions_->of(group_.id)[0]));
  write({"a"});
  EXPECT_EQ(functions_.last_source.service, "logs.eu-west-1.amazonaws.com");
  EXPECT_EQ(messages(), (Strings{"a"}));
  functions_.admitted = "events.amazonaws.com";
  EXPECT_FALSE(subscriptions_->may_invoke(subscriptions_->of(group_.id)[0]));
  write({"b"});
  EXPECT_EQ(messages(), Strings());
}

TEST_F(SubscriptionsTest, OutliveTheProcessButNotTheirGroup) {
  subscribe("b", "");
  subscribe("a", "x");
  subscribe("b", "y");
  open();
  ASSERT_EQ(subscriptions_->of(group_.id).size(), 2U);
  EXPECT_EQ(subscriptions_->of(group_.id)[0].name, "a");
  EXPECT_EQ(subscriptions_->of(group_.id)[1].pattern_text, "y");
  EXPECT_TRUE(subscriptions_->remove(group_.id, "a"));
  EXPECT_FALSE(subscriptions_->remove(group_.id, "a"));
  logs_.delete_group(group_);
  open();
  EXPECT_TRUE(subscriptions_->of(group_.id).empty());
}

TEST_F(SubscriptionsTest, ManyEventsComeInRowsAndAllOfThem) {
  subscribe("f", "");
  write(Strings(25'000, std::string(20, 'x')));
  EXPECT_GT(functions_.sent.size(), 2U);
  EXPECT_EQ(messages().size(), 25'000U);
}

}  // namespace
}  // namespace sortie::emulator::logs
