#include "emulator/lambda/execution/lifecycle.h"

namespace sortie::emulator::lambda {

std::string_view to_string(State state) {
  switch (state) {
    case State::empty: return "Empty";
    case State::initializing: return "Initializing";
    case State::ready: return "Ready";
    case State::frozen: return "Frozen";
    case State::running: return "Running";
    case State::responding: return "Responding";
    case State::responded: return "Responded";
    case State::stopping: return "Stopping";
    case State::retired: return "Retired";
  }
  return "Unknown";
}

std::string_view to_string(Event event) {
  switch (event) {
    case Event::started: return "Started";
    case Event::asked: return "Asked";
    case Event::dispatched: return "Dispatched";
    case Event::froze: return "Froze";
    case Event::thawed: return "Thawed";
    case Event::answering: return "Answering";
    case Event::answered: return "Answered";
    case Event::died: return "Died";
    case Event::emptied: return "Emptied";
    case Event::retire: return "Retire";
  }
  return "Unknown";
}

std::optional<State> transition(State state, Event event) {
  struct Edge {
    State from;
    Event event;
    State to;
  };
  static constexpr std::array k_edges{
      Edge{State::empty, Event::started, State::initializing},
      Edge{State::empty, Event::retire, State::retired},
      Edge{State::initializing, Event::asked, State::ready},
      Edge{State::initializing, Event::died, State::stopping},
      Edge{State::ready, Event::dispatched, State::running},
      Edge{State::ready, Event::froze, State::frozen},
      Edge{State::ready, Event::died, State::stopping},
      // A runtime whose long poll broke may ask again.
      Edge{State::ready, Event::asked, State::ready},
      Edge{State::frozen, Event::thawed, State::ready},
      Edge{State::frozen, Event::died, State::stopping},
      Edge{State::running, Event::answering, State::responding},
      Edge{State::running, Event::died, State::stopping},
      Edge{State::responding, Event::answered, State::responded},
      Edge{State::responding, Event::died, State::stopping},
      Edge{State::responded, Event::asked, State::ready},
      Edge{State::responded, Event::died, State::stopping},
      Edge{State::stopping, Event::emptied, State::empty},
      Edge{State::stopping, Event::retire, State::retired},
  };
  for (const auto& edge : k_edges) {
    if (edge.from == state && edge.event == event) return edge.to;
  }
  return std::nullopt;
}

bool Lifecycle::apply(Event event) {
  auto next = transition(state_, event);
  if (!next) return false;
  state_ = *next;
  return true;
}

}  // namespace sortie::emulator::lambda
