#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/cloudformation/stack/stack.h"
#include "emulator/core/sql.h"
#include "emulator/core/store.h"

namespace sortie::emulator::cloudformation {

/// Stacks, change sets and events: in memory, and in the store at each change. Deleted stacks stay for 90 days, as in
/// AWS. io_context thread only; the store must outlive it until `close`.
class StackStore {
 public:
  /// Makes the tables and reads what is there.
  StackStore(Store& store, SystemTime now);

  /// By name: the stack of that name that is not deleted; by ARN: any. Null when there is none.
  [[nodiscard]] Stack* find(std::string_view region, std::string_view name_or_id);
  [[nodiscard]] Stack* find_by_id(std::string_view id);
  /// Committed when it returns. The reference stays valid.
  Stack& add(Stack stack);
  /// The stack without its resources.
  void save(const Stack& stack);
  void save(const Stack& stack, const Resource& resource);
  void erase(const Stack& stack, const std::string& logical_id);
  /// A change set's stack that was never made.
  void remove(const Stack& stack);
  /// Newest first, deleted ones included.
  [[nodiscard]] std::vector<Stack*> all(std::string_view region);
  /// Of every region, in no order.
  [[nodiscard]] std::vector<Stack*> all();

  void add_event(const Event& event);
  struct EventPage {
    std::vector<Event> events;    ///< newest first
    std::int64_t next_below = 0;  ///< 0: that was all
  };
  EventPage events(const std::string& stack_id, std::int64_t below, std::size_t limit);

  [[nodiscard]] ChangeSet* find_change_set(std::string_view stack_id, std::string_view name_or_id);
  /// By its ARN alone.
  [[nodiscard]] ChangeSet* find_change_set(std::string_view id);
  ChangeSet& add_change_set(ChangeSet change_set);
  void save(const ChangeSet& change_set);
  void erase_change_set(const std::string& id);
  [[nodiscard]] std::vector<ChangeSet*> change_sets(std::string_view stack_id);

  /// The stack that exports `name`, and its output; nulls when nobody does.
  struct Export {
    const Stack* stack = nullptr;
    const Output* output = nullptr;
  };
  [[nodiscard]] Export find_export(std::string_view region, std::string_view name);
  [[nodiscard]] std::vector<Export> exports(std::string_view region);
  /// The macro of that name (a resource of type AWS::CloudFormation::Macro); null when nobody has made one.
  struct MacroResource {
    const Stack* stack = nullptr;
    const Resource* resource = nullptr;
  };
  [[nodiscard]] MacroResource find_macro(std::string_view region, std::string_view name) const;
  /// Names of the stacks that import `name`.
  [[nodiscard]] std::vector<std::string> importers(std::string_view region, std::string_view name);

  /// Nothing is written any more; true afterwards for `closed`.
  void close() { statements_.reset(); }
  [[nodiscard]] bool closed() const { return !statements_; }

 private:
  void load(SystemTime now);

  std::optional<Statements> statements_;
  std::map<std::string, std::unique_ptr<Stack>, std::less<>> stacks_;           ///< by ARN
  std::map<std::string, std::unique_ptr<ChangeSet>, std::less<>> change_sets_;  ///< by ARN
};

}  // namespace sortie::emulator::cloudformation
