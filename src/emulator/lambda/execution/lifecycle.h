#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

/// The life of one execution environment, as states and the one function that moves between them.
/// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
namespace sortie::emulator::lambda {

enum class State : std::uint8_t {
  empty,         ///< the sandbox is there, nothing runs in it: before the first start, and after a reset
  initializing,  ///< the bootstrap runs and has not asked for work yet
  ready,         ///< it waits for work
  frozen,        ///< the same, stopped by the freezer
  running,       ///< it was given an invocation and has not answered
  responding,    ///< it is sending its answer
  responded,     ///< it has answered and has not asked again
  stopping,      ///< its process ended or is being killed
  retired,       ///< gone for good
};

enum class Event : std::uint8_t {
  started,     ///< the bootstrap was executed
  asked,       ///< GET /invocation/next
  dispatched,  ///< an invocation was handed over
  froze,
  thawed,
  answering,  ///< the header of POST /response or /error arrived
  answered,   ///< its body arrived completely
  died,       ///< the process ended by itself, or is killed
  emptied,    ///< nothing of it is left; /tmp stays
  retire,     ///< the environment is not to be used again
};

inline constexpr std::array k_states{State::empty,     State::initializing, State::ready,
                                     State::frozen,    State::running,      State::responding,
                                     State::responded, State::stopping,     State::retired};
inline constexpr std::array k_events{Event::started, Event::asked,     Event::dispatched, Event::froze,
                                     Event::thawed,  Event::answering, Event::answered,   Event::died,
                                     Event::emptied, Event::retire};

std::string_view to_string(State state);
std::string_view to_string(Event event);

/// The state after `event`, or nothing: whatever is not listed is denied.
std::optional<State> transition(State state, Event event);

/// One environment's state. Holds it, and nothing else.
class Lifecycle {
 public:
  [[nodiscard]] State state() const { return state_; }
  /// Moves and returns true, or stays and returns false when the transition is denied.
  [[nodiscard]] bool apply(Event event);
  /// The process ended, or is being killed: moves to `stopping` from wherever a process is there.
  void stop() {
    if (auto next = transition(state_, Event::died)) state_ = *next;
  }
  /// True when a process is there.
  [[nodiscard]] bool occupied() const { return state_ != State::empty && state_ != State::retired; }

 private:
  State state_ = State::empty;
};

}  // namespace sortie::emulator::lambda
