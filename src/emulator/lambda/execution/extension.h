#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/signal.h"
#include "sandbox/sandbox.h"

/// The extensions of one execution environment and their lives.
/// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
namespace sortie::emulator::lambda {

/// An environment may have this many, external and internal together.
inline constexpr std::size_t k_extension_limit = 10;

/// Named as Lambda's log names them.
enum class ExtensionState : std::uint8_t {
  started,       ///< its process was started, it has not registered
  registered,    ///< it has not asked for an event yet
  ready,         ///< it waits for an event
  running,       ///< it was given one, and has not asked again
  init_error,    ///< it has reported that it cannot start
  exit_error,    ///< it has reported that it ends
  launch_error,  ///< its process could not be started
};

enum class ExtensionEvent : std::uint8_t {
  registers,
  asks,                ///< GET /extension/event/next
  is_told,             ///< an event is handed over
  reports_init_error,  ///< POST /extension/init/error
  reports_exit_error,  ///< POST /extension/exit/error
  fails_to_launch,
};

inline constexpr std::array k_extension_states{
    ExtensionState::started,    ExtensionState::registered, ExtensionState::ready,       ExtensionState::running,
    ExtensionState::init_error, ExtensionState::exit_error, ExtensionState::launch_error};
inline constexpr std::array k_extension_events{ExtensionEvent::registers,
                                               ExtensionEvent::asks,
                                               ExtensionEvent::is_told,
                                               ExtensionEvent::reports_init_error,
                                               ExtensionEvent::reports_exit_error,
                                               ExtensionEvent::fails_to_launch};

/// `Started`, as the log and the API's errors say it.
std::string_view to_string(ExtensionState state);

/// The state after `event`, or nothing: whatever is not listed is denied.
std::optional<ExtensionState> transition(ExtensionState state, ExtensionEvent event);

/// One extension. External: a program of `/opt/extensions`; internal: a part of the runtime's process. Shared with the
/// long poll that it waits in.
struct Extension {
  Extension(const Executor& executor, std::string name, bool external)
      : name(std::move(name)), external(external), work(executor) {}

  std::string name;
  std::string id;  ///< which it was given at registration; empty before
  bool external;
  bool wants_invoke = false;
  bool wants_shutdown = false;
  ExtensionState state = ExtensionState::started;
  std::string error_type;  ///< that it has reported, or why it could not be started

  std::optional<std::string> event;  ///< that waits to be fetched
  std::uint64_t poll = 0;            ///< the last long poll
  bool gone = false;                 ///< nothing comes of it any more: its process has ended, or the environment has
  Signal work;                       ///< wakes the long poll
  std::unique_ptr<sandbox::Companion> process;  ///< external ones that were started

  /// Moves and returns true, or stays and returns false when the transition is denied.
  bool apply(ExtensionEvent what);
  /// Hands over an event; false when it is not waiting for one.
  bool notify(std::string document);
  /// `INVOKE`, `SHUTDOWN`: what it has registered for.
  [[nodiscard]] std::vector<std::string_view> events() const;
};

/// All of an environment's. Empty costs nothing.
class Extensions {
 public:
  [[nodiscard]] bool empty() const { return all_.empty(); }
  [[nodiscard]] std::size_t size() const { return all_.size(); }
  [[nodiscard]] auto begin() const { return all_.begin(); }
  [[nodiscard]] auto end() const { return all_.end(); }

  /// A new one, without looking at the limit.
  std::shared_ptr<Extension> add(const Executor& executor, std::string name, bool external);
  [[nodiscard]] std::shared_ptr<Extension> find_by_id(std::string_view id) const;
  [[nodiscard]] std::shared_ptr<Extension> find_by_name(std::string_view name) const;
  /// Each external one has registered.
  [[nodiscard]] bool all_registered() const;
  /// Each one is there and waits for an event.
  [[nodiscard]] bool all_ready() const;
  [[nodiscard]] bool has(bool external) const;
  /// An external one's process is there.
  [[nodiscard]] bool any_process() const;
  /// Ends their long polls and forgets them.
  void clear();

 private:
  std::vector<std::shared_ptr<Extension>> all_;
};

}  // namespace sortie::emulator::lambda
