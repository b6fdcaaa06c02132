#include "emulator/lambda/execution/lifecycle.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace sortie::emulator::lambda {
namespace {

constexpr char k_denied[] = "-";

/// The whole matrix: one row a state, one column an event, in the order of k_events.
const std::map<State, std::array<const char*, k_events.size()>> k_matrix{
    //                     started         asked    dispatched froze     thawed   answering     answered     died
    //                     emptied  retire
    {State::empty,
     {"Initializing", k_denied, k_denied, k_denied, k_denied, k_denied, k_denied, k_denied, k_denied, "Retired"}},
    {State::initializing,
     {k_denied, "Ready", k_denied, k_denied, k_denied, k_denied, k_denied, "Stopping", k_denied, k_denied}},
    {State::ready,
     {k_denied, "Ready", "Running", "Frozen", k_denied, k_denied, k_denied, "Stopping", k_denied, k_denied}},
    {State::frozen,
     {k_denied, k_denied, k_denied, k_denied, "Ready", k_denied, k_denied, "Stopping", k_denied, k_denied}},
    {State::running,
     {k_denied, k_denied, k_denied, k_denied, k_denied, "Responding", k_denied, "Stopping", k_denied, k_denied}},
    {State::responding,
     {k_denied, k_denied, k_denied, k_denied, k_denied, k_denied, "Responded", "Stopping", k_denied, k_denied}},
    {State::responded,
     {k_denied, "Ready", k_denied, k_denied, k_denied, k_denied, k_denied, "Stopping", k_denied, k_denied}},
    {State::stopping,
     {k_denied, k_denied, k_denied, k_denied, k_denied, k_denied, k_denied, k_denied, "Empty", "Retired"}},
    {State::retired,
     {k_denied, k_denied, k_denied, k_denied, k_denied, k_denied, k_denied, k_denied, k_denied, k_denied}},
};

TEST(Lifecycle, EveryTransitionOfTheMatrix) {
  for (auto state : k_states) {
    for (std::size_t i = 0; i < k_events.size(); ++i) {
      auto next = transition(state, k_events[i]);
      EXPECT_EQ(next ? std::string(to_string(*next)) : k_denied, k_matrix.at(state)[i])
          << to_string(state) << " + " << to_string(k_events[i]);
    }
  }
}

TEST(Lifecycle, ADeniedEventChangesNothing) {
  Lifecycle lifecycle;
  EXPECT_FALSE(lifecycle.apply(Event::dispatched));
  EXPECT_EQ(lifecycle.state(), State::empty);
}

TEST(Lifecycle, GoesThroughAWarmLife) {
  Lifecycle lifecycle;
  for (auto event : {Event::started, Event::asked, Event::dispatched, Event::answering, Event::answered, Event::asked,
                     Event::froze, Event::thawed, Event::dispatched, Event::died, Event::emptied, Event::started}) {
    EXPECT_TRUE(lifecycle.apply(event)) << to_string(event);
  }
  EXPECT_EQ(lifecycle.state(), State::initializing);
}

}  // namespace
}  // namespace sortie::emulator::lambda
