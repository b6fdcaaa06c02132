#include "emulator/emulator.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "emulator/core/test_support.h"
#include "wire/uri.h"

namespace sortie::emulator {
namespace {

namespace fs = std::filesystem;

class EmulatorTest : public testing::Test {
 protected:
  EmulatorTest() {
    std::string name = (fs::temp_directory_path() / "emulator-test-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~EmulatorTest() override { fs::remove_all(folder_); }

  std::unique_ptr<Emulator> make(bool kept = false) {
    Options options;
    options.account = "123456789012";
    if (kept) options.state_folder = folder_ / "state";
    auto made = Emulator::create(io.get_executor(), clock, options);
    EXPECT_TRUE(made) << describe(made.error());
    return *std::move(made);
  }

  /// Sends a request signed by root and gives status and body.
  std::pair<int, std::string> send(Emulator& emulator, std::string_view service, http::Request request) {
    const RootCredentials& root = emulator.root_credentials();
    request.headers.set("Host", request.host);
    testing_support::sign(request, {root.access_key_id, root.secret_access_key, ""}, service, "us-east-1", clock.now());
    return receive(emulator, std::move(request));
  }

  std::pair<int, std::string> receive(Emulator& emulator, http::Request request) {
    std::pair<int, std::string> answer;
    asio::co_spawn(
        io,
        [](Emulator& to, http::Request what, std::pair<int, std::string>& out) -> Task<void> {
          auto response = co_await to.handle(std::move(what));
          if (!response) co_return;
          out.first = response->status;
          out.second = (co_await response->body.read_all(1 << 20)).value_or("(unreadable)");
        }(emulator, std::move(request), answer),
        asio::detached);
    io.restart();
    while (answer.first == 0 && io.run_one() > 0) {
    }
    io.poll();
    return answer;
  }

  static http::Request form(std::string host, std::vector<std::pair<std::string, std::string>> fields) {
    http::Request request;
    request.method = "POST";
    request.host = std::move(host);
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    request.body = wire::build_query(fields);
    return request;
  }

  static http::Request s3(std::string method, std::string path, std::string body = "") {
    http::Request request;
    request.method = std::move(method);
    request.host = "s3.us-east-1.amazonaws.com";
    request.path = std::move(path);
    request.headers.add("Content-Length", std::to_string(body.size()));
    request.body = std::move(body);
    return request;
  }

  asio::io_context io;
  FakeClock clock;
  fs::path folder_;
};

TEST_F(EmulatorTest, AnswersForEachService) {
  const auto emulator = make();
  const auto identity = send(*emulator, "sts", form("sts.us-east-1.amazonaws.com", {{"Action", "GetCallerIdentity"}}));
  EXPECT_EQ(identity.first, 200);
  EXPECT_NE(identity.second.find("arn:aws:iam::123456789012:root"), std::string::npos);
  EXPECT_EQ(send(*emulator, "iam", form("iam.amazonaws.com", {{"Action", "ListRoles"}})).first, 200);
  EXPECT_EQ(send(*emulator, "s3", s3("PUT", "/bucket")).first, 200);
  http::Request logs = form("logs.us-east-1.amazonaws.com", {});
  logs.headers.set("Content-Type", "application/x-amz-json-1.1");
  logs.headers.set("X-Amz-Target", "Logs_20140328.DescribeLogGroups");
  logs.body = std::string("{}");
  EXPECT_EQ(send(*emulator, "logs", std::move(logs)).first, 200);
  http::Request lambda;
  lambda.host = "lambda.us-east-1.amazonaws.com";
  lambda.path = "/2015-03-31/functions/";
  EXPECT_EQ(send(*emulator, "lambda", std::move(lambda)).first, 200);
}

TEST_F(EmulatorTest, BelievesNobodyUnsigned) {
  const auto emulator = make();
  http::Request lambda;
  lambda.host = "lambda.us-east-1.amazonaws.com";
  lambda.path = "/2015-03-31/functions/";
  EXPECT_EQ(receive(*emulator, std::move(lambda)).first, 403);
  EXPECT_EQ(receive(*emulator, form("iam.amazonaws.com", {{"Action", "ListRoles"}})).first, 403);
  EXPECT_EQ(receive(*emulator, s3("GET", "/")).first, 403);
}

TEST_F(EmulatorTest, NamesAServiceThatIsNotThere) {
  const auto emulator = make();
  const auto answer = send(*emulator, "sqs", form("sqs.us-east-1.amazonaws.com", {{"Action", "ListQueues"}}));
  EXPECT_EQ(answer.first, 501);
  EXPECT_NE(answer.second.find("sqs"), std::string::npos);
}

TEST_F(EmulatorTest, KeepsItsState) {
  RootCredentials root;
  {
    const auto emulator = make(true);
    root = emulator->root_credentials();
    ASSERT_EQ(send(*emulator, "s3", s3("PUT", "/bucket")).first, 200);
    ASSERT_EQ(send(*emulator, "s3", s3("PUT", "/bucket/key", "the object")).first, 200);
  }
  const auto again = make(true);
  EXPECT_EQ(again->root_credentials().secret_access_key, root.secret_access_key);
  EXPECT_EQ(send(*again, "s3", s3("GET", "/bucket/key")).second, "the object");
}

TEST_F(EmulatorTest, HasRandomCredentials) {
  EXPECT_NE(make()->root_credentials().secret_access_key, make()->root_credentials().secret_access_key);
}

TEST_F(EmulatorTest, RefusesAFolderInUse) {
  const auto first = make(true);
  Options options;
  options.state_folder = folder_ / "state";
  EXPECT_EQ(Emulator::create(io.get_executor(), clock, options).error().kind, ErrorKind::config);
}

TEST_F(EmulatorTest, RefusesAWrongAccount) {
  Options options;
  options.account = "123";
  EXPECT_EQ(Emulator::create(io.get_executor(), clock, options).error().kind, ErrorKind::config);
}

}  // namespace
}  // namespace sortie::emulator
