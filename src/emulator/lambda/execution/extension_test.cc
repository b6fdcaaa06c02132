#include "emulator/lambda/execution/extension.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>

#include "emulator/lambda/execution/extension_api.h"

namespace sortie::emulator::lambda {
namespace {

using State = ExtensionState;

constexpr char k_denied[] = "-";

/// The whole matrix: one row a state, one column an event, in the order of k_extension_events.
const std::map<State, std::array<const char*, k_extension_events.size()>> k_matrix{
    //                     registers    asks    is_told    init error  exit error  fails to launch
    {State::started, {"Registered", k_denied, k_denied, k_denied, k_denied, "LaunchError"}},
    {State::registered, {k_denied, "Ready", k_denied, "InitError", "ExitError", k_denied}},
    {State::ready, {k_denied, "Ready", "Running", k_denied, "ExitError", k_denied}},
    {State::running, {k_denied, "Ready", k_denied, k_denied, "ExitError", k_denied}},
    {State::init_error, {k_denied, k_denied, k_denied, k_denied, k_denied, k_denied}},
    {State::exit_error, {k_denied, k_denied, k_denied, k_denied, k_denied, k_denied}},
    {State::launch_error, {k_denied, k_denied, k_denied, k_denied, k_denied, k_denied}},
};

TEST(Extension, EveryTransitionOfTheMatrix) {
  for (auto state : k_extension_states) {
    for (std::size_t i = 0; i < k_extension_events.size(); ++i) {
      auto next = transition(state, k_extension_events[i]);
      EXPECT_EQ(next ? std::string(to_string(*next)) : k_denied, k_matrix.at(state)[i]) << to_string(state) << " " << i;
    }
  }
}

TEST(ExtensionApi, Paths) {
  using Kind = ExtensionCall::Kind;
  EXPECT_EQ(parse_extension_call("POST", "/2020-01-01/extension/register").kind, Kind::registration);
  EXPECT_EQ(parse_extension_call("GET", "/2020-01-01/extension/event/next").kind, Kind::next);
  EXPECT_EQ(parse_extension_call("POST", "/2020-01-01/extension/init/error").kind, Kind::init_error);
  EXPECT_EQ(parse_extension_call("POST", "/2020-01-01/extension/exit/error").kind, Kind::exit_error);
  EXPECT_EQ(parse_extension_call("PUT", "/2022-07-01/telemetry/").kind, Kind::telemetry);
  EXPECT_EQ(parse_extension_call("PUT", "/2020-08-15/logs").kind, Kind::logs);
  EXPECT_EQ(parse_extension_call("GET", "/2020-01-01/extension/register").kind, Kind::wrong_method);
  EXPECT_EQ(parse_extension_call("GET", "/2020-01-01/extension/events").kind, Kind::unknown);
  EXPECT_EQ(parse_extension_call("GET", "").kind, Kind::unknown);
}

TEST(ExtensionApi, Registrations) {
  auto both = parse_registration(R"({"events":["INVOKE","SHUTDOWN"]})", true);
  ASSERT_TRUE(both);
  EXPECT_TRUE(both->invoke && both->shutdown);
  auto none = parse_registration("{}", false);
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->invoke || none->shutdown);
  EXPECT_TRUE(parse_registration(R"({"events":null})", true));
  auto type_of = [](std::string_view body, bool external) {
    auto refused = parse_registration(body, external);
    return refused ? std::string("(taken)") : refused.error().type;
  };
  EXPECT_EQ(type_of(R"({"events":["SHUTDOWN"]})", false), "Extension.InvalidEventType");
  EXPECT_EQ(type_of(R"({"events":["LUNCH"]})", true), "Extension.InvalidEventType");
  for (auto body : {"", "{", "[]", "7", R"({"events":7})", R"({"events":[7]})", R"({"configurationKeys":["a"]})"}) {
    EXPECT_EQ(type_of(body, true), "InvalidRequestFormat") << body;
  }
  EXPECT_EQ(parse_registration(R"({"events":["LUNCH"]})", true).error().message, "LUNCH: ErrorInvalidEventType");
}

TEST(ExtensionApi, Features) {
  EXPECT_TRUE(wants_account_id("accountId"));
  EXPECT_TRUE(wants_account_id("else, accountId ,"));
  EXPECT_FALSE(wants_account_id(""));
  EXPECT_FALSE(wants_account_id("accountIds"));
}

TEST(ExtensionApi, Identifiers) {
  EXPECT_TRUE(is_extension_id("8f5a8c6e-0000-4000-8000-00000000000A"));
  EXPECT_FALSE(is_extension_id("8f5a8c6e-0000-4000-8000-00000000000"));
  EXPECT_FALSE(is_extension_id("8f5a8c6e000004000080000000000000000a"));
  EXPECT_FALSE(is_extension_id("xf5a8c6e-0000-4000-8000-00000000000a"));
}

TEST(ExtensionApi, Events) {
  EXPECT_EQ(shutdown_event(7, "spindown"), R"({"eventType":"SHUTDOWN","deadlineMs":7,"shutdownReason":"spindown"})");
}

}  // namespace
}  // namespace sortie::emulator::lambda
