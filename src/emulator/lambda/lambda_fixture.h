#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "emulator/core/protocol.h"
#include "emulator/core/store.h"
#include "emulator/lambda/catalogue/test_zip.h"
#include "emulator/lambda/lambda.h"
#include "wire/checksum.h"

/// For tests: a Lambda with everything around it faked, but its sandboxes real.
namespace sortie::emulator::lambda {

inline constexpr char k_account[] = "111111111111";
inline constexpr char k_role[] = "arn:aws:iam::111111111111:role/r";

class FakeIam final : public Authorizer, public Identities {
 public:
  std::set<std::string> denied_actions;
  std::set<std::string> bad_roles;
  std::vector<AuthorizationRequest> questions;
  SystemTime created{};  ///< of every role

  AwsResult<void> authorize(const Call& call, const AuthorizationRequest& question) override {
    questions.push_back(question);
    if (!denied_actions.contains(question.action)) return {};
    return aws_fail(403, "AccessDenied",
                    "User: " + call.principal.arn + " is not authorized to perform: " + question.action);
  }
  std::optional<Key> find_key(std::string_view id) override {
    Key key;
    key.principal.arn = "arn:aws:sts::111111111111:assumed-role/r/" + std::string(id);
    return key;
  }
  AwsResult<void> check_assumable(const std::string& role, const std::string&) override {
    if (bad_roles.contains(role)) return aws_fail(400, "X", "not assumable");
    return {};
  }
  std::optional<SystemTime> role_created(const std::string&) override { return created; }
  AwsResult<SessionCredentials> assume_for_service(const std::string& role, const std::string&, const std::string&,
                                                   std::chrono::seconds duration) override {
    if (bad_roles.contains(role)) return aws_fail(400, "X", "not assumable");
    return SessionCredentials{"ASIAFAKE", "secret", "token", SystemClock().now() + duration};
  }
};

class FakeLogs final : public LogSink {
 public:
  std::map<std::string, std::string> streams;  ///< by group and stream, joined by a blank
  std::size_t events = 0;
  bool full = false;

  void put(const std::string&, const std::string& group, const std::string& stream,
           std::vector<LogEvent> batch) override {
    if (full) throw std::runtime_error("the disk is full");
    for (auto& event : batch) streams[group + " " + stream] += event.message;
    events += batch.size();
  }
  [[nodiscard]] std::string all() const {
    std::string text;
    for (const auto& [name, content] : streams) text += content;
    return text;
  }
};

class FakeObjects final : public ObjectSource {
 public:
  std::map<std::string, std::string> objects;
  Task<AwsResult<std::string>> get_object(const Call&, const std::string& bucket, const std::string& key,
                                          const std::string&, std::size_t) override {
    auto found = objects.find(bucket + "/" + key);
    if (found == objects.end()) co_return aws_fail(404, "NoSuchKey", "The specified key does not exist.");
    co_return found->second;
  }
};

class FakeAws final : public http::Service {
 public:
  std::vector<std::string> hosts;
  Task<Result<http::Response>> handle(http::Request request) override {
    hosts.push_back(request.host);
    co_return http::Response{.status = 200, .body = std::string("hello from aws")};
  }
};

struct Reply {
  int status = 0;
  http::Headers headers;
  std::string body;
  [[nodiscard]] boost::json::object json() const { return boost::json::parse(body).as_object(); }
  [[nodiscard]] std::string member(std::string_view name) const {
    auto object = json();
    const auto* value = object.if_contains(name);
    return value == nullptr ? "(absent)" : value->is_string() ? std::string(value->get_string()) : serialize(*value);
  }
  [[nodiscard]] std::string header(std::string_view name) const {
    return std::string(headers.get_or(name, "(absent)"));
  }
};

inline const http::Headers k_tail{{"X-Amz-Log-Type", "Tail"}};

/// The log tail that came with an answer.
inline std::string tail_of(const Reply& reply) {
  return wire::base64_decode(reply.header("X-Amz-Log-Result")).value_or("?");
}

/// The payload that makes the test bootstrap do something.
inline std::string do_(const std::string& what) {
  return R"({"do":")" + what + R"("})";
}

/// The package of test_bootstrap/main.cc.
inline const std::string& own_package() {
  static const std::string zip = [] {
    std::FILE* file = std::fopen(SORTIE_TEST_BOOTSTRAP, "rb");
    std::string bytes;
    char piece[65536];
    std::size_t count = 0;
    while ((count = std::fread(piece, 1, sizeof piece, file)) > 0) bytes.append(piece, count);
    std::fclose(file);
    return make_zip({{"bootstrap", bytes, S_IFREG | 0755}});
  }();
  return zip;
}

class LambdaTest : public testing::Test {
 protected:
  LambdaTest() : store(*Store::ephemeral()) { options.account = k_account; }
  ~LambdaTest() override {
    if (service) run(service->shutdown());
    service.reset();
  }

  Lambda& lambda() {
    if (!service) {
      service = std::make_unique<Lambda>(io.get_executor(), clock, *store, iam, iam, logs, objects, pool, options);
    }
    return *service;
  }

  /// Runs the loop until the task is done.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    asio::co_spawn(
        io,
        [](Task<T> inner, std::optional<T>& out) -> Task<void> { out = co_await std::move(inner); }(std::move(task),
                                                                                                    result),
        asio::detached);
    io.restart();
    while (!result && io.run_one_for(std::chrono::seconds(60)) > 0) {
    }
    if (!result) throw std::runtime_error("the task does not end");
    return *std::move(result);
  }
  void run(Task<void> task) {
    run([](Task<void> inner) -> Task<bool> {
      co_await std::move(inner);
      co_return true;
    }(std::move(task)));
  }
  /// Runs the loop until `condition` holds; false after a long time.
  template <class Condition>
  bool run_until(Condition condition, std::chrono::seconds limit = std::chrono::seconds(30)) {
    auto deadline = std::chrono::steady_clock::now() + limit;
    io.restart();
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      io.run_one_for(std::chrono::milliseconds(100));
      if (io.stopped()) io.restart();
    }
    return true;
  }

  Call make_call(std::string method, std::string path, std::string body = {}, http::Headers headers = {}) {
    Call call{.service = "lambda", .region = "us-east-1", .account = k_account, .request_id = make_request_id()};
    call.principal.arn = "arn:aws:iam::111111111111:user/tester";
    auto question = path.find('?');
    call.request.method = std::move(method);
    call.request.path = path.substr(0, question);
    if (question != std::string::npos) call.request.query = path.substr(question + 1);
    call.request.headers = std::move(headers);
    call.request.body = http::Body(std::move(body));
    return call;
  }
  static Task<Reply> exchange(Lambda& service, Call call) {
    auto response = co_await service.handle(std::move(call));
    auto body = co_await response.body.read_all(300 << 20);
    co_return Reply{response.status, std::move(response.headers),
                    body ? *std::move(body) : "cut: " + describe(body.error())};
  }
  Reply call(std::string method, std::string path, std::string body = {}, http::Headers headers = {}) {
    return run(exchange(lambda(), make_call(std::move(method), std::move(path), std::move(body), std::move(headers))));
  }

  /// The document of CreateFunction; `more` overrides.
  static boost::json::object function_document(const std::string& name, boost::json::object more = {}) {
    boost::json::object document{
        {"FunctionName", name}, {"Runtime", "provided.al2023"},
        {"Role", k_role},       {"Handler", "main"},
        {"Timeout", 10},        {"Code", boost::json::object{{"ZipFile", wire::base64_encode(own_package())}}}};
    for (auto& [key, value] : more) document.insert_or_assign(key, value);
    return document;
  }
  Reply create(const std::string& name, boost::json::object more = {}) {
    return call("POST", "/2015-03-31/functions", serialize(function_document(name, std::move(more))));
  }
  /// Creates it and waits until it is active.
  void make_function(const std::string& name, boost::json::object more = {}) {
    auto reply = create(name, std::move(more));
    ASSERT_EQ(reply.status, 201) << reply.body;
    wait_settled(name);
  }
  void wait_settled(const std::string& name) {
    for (int i = 0; i < 1000; ++i) {
      auto reply = call("GET", "/2015-03-31/functions/" + name + "/configuration");
      if (reply.member("LastUpdateStatus") == "Successful") return;
      run(sleep_for(std::chrono::milliseconds(1)));
    }
    FAIL() << name << " does not become active";
  }
  Reply invoke(const std::string& name, const std::string& payload = "{}", http::Headers headers = {}) {
    return call("POST", "/2015-03-31/functions/" + name + "/invocations", payload, std::move(headers));
  }

  asio::io_context io;
  SystemClock clock;
  std::unique_ptr<Store> store;
  FakeIam iam;
  FakeLogs logs;
  FakeObjects objects;
  FakeAws aws;
  BlockingPool pool;
  LambdaOptions options;
  std::unique_ptr<Lambda> service;
};

}  // namespace sortie::emulator::lambda
