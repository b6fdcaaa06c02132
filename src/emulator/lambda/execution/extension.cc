#include "emulator/lambda/execution/extension.h"

#include <algorithm>

namespace sortie::emulator::lambda {

std::string_view to_string(ExtensionState state) {
  switch (state) {
    case ExtensionState::started: return "Started";
    case ExtensionState::registered: return "Registered";
    case ExtensionState::ready: return "Ready";
    case ExtensionState::running: return "Running";
    case ExtensionState::init_error: return "InitError";
    case ExtensionState::exit_error: return "ExitError";
    case ExtensionState::launch_error: return "LaunchError";
  }
  return "Unknown";
}

std::optional<ExtensionState> transition(ExtensionState state, ExtensionEvent event) {
  using State = ExtensionState;
  using Event = ExtensionEvent;
  struct Edge {
    State from;
    Event event;
    State to;
  };
  static constexpr std::array k_edges{
      Edge{State::started, Event::registers, State::registered},
      Edge{State::started, Event::fails_to_launch, State::launch_error},
      Edge{State::registered, Event::asks, State::ready},
      Edge{State::registered, Event::reports_init_error, State::init_error},
      Edge{State::registered, Event::reports_exit_error, State::exit_error},
      // One whose long poll broke may ask again.
      Edge{State::ready, Event::asks, State::ready},
      Edge{State::ready, Event::is_told, State::running},
      Edge{State::ready, Event::reports_exit_error, State::exit_error},
      Edge{State::running, Event::asks, State::ready},
      Edge{State::running, Event::reports_exit_error, State::exit_error},
  };
  for (const auto& edge : k_edges) {
    if (edge.from == state && edge.event == event) return edge.to;
  }
  return std::nullopt;
}

bool Extension::apply(ExtensionEvent what) {
  auto next = transition(state, what);
  if (!next) return false;
  state = *next;
  return true;
}

bool Extension::notify(std::string document) {
  if (!apply(ExtensionEvent::is_told)) return false;
  event = std::move(document);
  work.notify();
  return true;
}

std::vector<std::string_view> Extension::events() const {
  std::vector<std::string_view> names;
  if (wants_invoke) names.emplace_back("INVOKE");
  if (wants_shutdown) names.emplace_back("SHUTDOWN");
  return names;
}

std::shared_ptr<Extension> Extensions::add(const Executor& executor, std::string name, bool external) {
  return all_.emplace_back(std::make_shared<Extension>(executor, std::move(name), external));
}

std::shared_ptr<Extension> Extensions::find_by_id(std::string_view id) const {
  auto found = std::ranges::find_if(all_, [id](const auto& each) { return !each->id.empty() && each->id == id; });
  return found == all_.end() ? nullptr : *found;
}

std::shared_ptr<Extension> Extensions::find_by_name(std::string_view name) const {
  auto found = std::ranges::find_if(all_, [name](const auto& each) { return each->name == name; });
  return found == all_.end() ? nullptr : *found;
}

bool Extensions::all_registered() const {
  return std::ranges::none_of(all_, [](const auto& each) { return each->state == ExtensionState::started; });
}

bool Extensions::all_ready() const {
  return std::ranges::all_of(all_,
                             [](const auto& each) { return each->state == ExtensionState::ready && !each->gone; });
}

bool Extensions::has(bool external) const {
  return std::ranges::any_of(all_, [external](const auto& each) { return each->external == external; });
}

bool Extensions::any_process() const {
  return std::ranges::any_of(all_, [](const auto& each) { return each->process && !each->gone; });
}

void Extensions::clear() {
  for (const auto& each : all_) {
    each->gone = true;
    each->work.notify();
  }
  all_.clear();
}

}  // namespace sortie::emulator::lambda
