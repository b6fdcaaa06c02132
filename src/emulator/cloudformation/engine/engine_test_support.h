#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "emulator/cloudformation/engine/engine.h"
#include "emulator/cloudformation/template/read_template.h"
#include "emulator/core/ports.h"
#include "emulator/core/store.h"

/// For the engine's tests alone.
namespace sortie::emulator::cloudformation::testing_support {

/// Services that write down what they are asked, as `ssm PutParameter /name`, and answer `{}` or what the test wants.
class ScriptedServices final : public ServiceCalls {
 public:
  Task<http::Response> call(const Call& /*on_behalf_of*/, const std::string& service, http::Request request) override {
    const std::string line = service + " " + describe(request);
    calls.push_back(line);
    if (on_call) on_call(line);
    http::Response response{.status = 200, .headers = {}, .body = std::string("{}")};
    const auto failure = std::ranges::find(failures, line, &std::pair<std::string, std::string>::first);
    if (failure != failures.end()) {
      response.status = 400;
      response.body = R"({"__type":"ValidationException","message":")" + failure->second + "\"}";
      failures.erase(failure);
    }
    co_return response;
  }

  /// The next request `line` fails with `message`.
  void fail(std::string line, std::string message) { failures.emplace_back(std::move(line), std::move(message)); }
  std::vector<std::string> take() { return std::exchange(calls, {}); }

  std::vector<std::string> calls;
  std::vector<std::pair<std::string, std::string>> failures;
  std::function<void(const std::string& line)> on_call;

 private:
  static std::string describe(const http::Request& request) {
    const std::string target(request.headers.get_or("X-Amz-Target", ""));
    if (target.empty()) return request.method + " " + request.path;
    const auto body = boost::json::parse(std::string(request.body.bytes())).as_object();
    const auto* name = body.if_contains("Name");
    return target.substr(target.find('.') + 1) + (name == nullptr ? "" : " " + std::string(name->as_string()));
  }
};

class NoIdentities final : public Identities {
 public:
  std::optional<Key> find_key(std::string_view /*access_key_id*/) override { return std::nullopt; }
  AwsResult<void> check_assumable(const std::string& /*role_arn*/, const std::string& /*service*/) override {
    return {};
  }
  AwsResult<SessionCredentials> assume_for_service(const std::string& role_arn, const std::string& /*service*/,
                                                   const std::string& /*session*/,
                                                   std::chrono::seconds /*duration*/) override {
    return aws_fail(403, "AccessDenied", role_arn);
  }
};

class NoObjects final : public ObjectSource {
 public:
  Task<AwsResult<std::string>> get_object(const Call& /*call*/, const std::string& /*bucket*/,
                                          const std::string& /*key*/, const std::string& /*version*/,
                                          std::size_t /*limit*/) override {
    co_return aws_fail(404, "NoSuchKey", "none");
  }
};

/// `A: …` for a resource of type AWS::SSM::Parameter; `more` stands beside Type and Properties: `, DeletionPolicy:
/// Retain`.
inline std::string parameter(const std::string& id, const std::string& name, const std::string& value,
                             const std::string& more = {}) {
  return "  " + id + ": {Type: AWS::SSM::Parameter, Properties: {Name: " + name + ", Type: String, Value: " + value +
         "}" + more + "}\n";
}

/// An engine over scripted services, and stacks in it.
class EngineTest : public testing::Test {
 protected:
  static constexpr const char* k_region = "eu-west-1";

  static Definition definition(const std::string& resources, const std::string& outputs = {}) {
    Definition made;
    made.template_body = "Resources:\n" + resources + (outputs.empty() ? "" : "Outputs:\n" + outputs);
    return made;
  }
  static std::string id_of(const std::string& name) {
    return "arn:aws:cloudformation:eu-west-1:111111111111:stack/" + name + "/1";
  }

  Stack& add(const std::string& name, Definition what) {
    Stack stack;
    stack.id = id_of(name);
    stack.name = name;
    stack.region = k_region;
    stack.created = clock.now();
    stack.now = std::move(what);
    return engine->stacks().add(std::move(stack));
  }
  /// Creates a stack, runs everything to its end, and forgets the requests that it took.
  Stack& created(const std::string& name, Definition what) {
    Stack& stack = add(name, std::move(what));
    engine->begin_create(stack, caller(), std::nullopt);
    run();
    EXPECT_EQ(stack.status, "CREATE_COMPLETE") << stack.status_reason;
    services.take();
    last_event[stack.id] = 0;
    events(stack);
    return stack;
  }
  void update(Stack& stack, Definition next) {
    engine->begin_update(stack, std::move(next), caller(), std::nullopt);
    run();
  }
  void remove(Stack& stack, std::set<std::string> retained = {}) {
    engine->begin_delete(stack, std::move(retained), caller());
    run();
  }
  void run() {
    io.restart();
    io.run();
  }
  static Caller caller() {
    auto call = std::make_shared<Call>();
    call->region = k_region;
    return call;
  }

  /// `A CREATE_COMPLETE`, oldest first, since the last time that this was asked of the stack.
  std::vector<std::string> events(const Stack& stack) {
    const auto page = engine->stacks().events(stack.id, std::numeric_limits<std::int64_t>::max(), 1000);
    std::vector<std::string> lines;
    for (auto event = page.events.rbegin(); event != page.events.rend(); ++event) {
      lines.push_back(event->logical_id + " " + event->status);
    }
    const std::size_t seen = std::exchange(last_event[stack.id], lines.size());
    return {lines.begin() + static_cast<std::ptrdiff_t>(seen), lines.end()};
  }

  using Lines = std::vector<std::string>;

  asio::io_context io;
  FakeClock clock;
  std::unique_ptr<Store> store = Store::ephemeral().value();
  ScriptedServices services;
  NoIdentities identities;
  NoObjects objects;
  std::shared_ptr<Engine> engine = std::make_shared<Engine>(io.get_executor(), clock, *store, identities, services,
                                                            objects, CloudFormationOptions{.account = "111111111111"});
  std::map<std::string, std::size_t> last_event;  ///< by stack id
};

}  // namespace sortie::emulator::cloudformation::testing_support
