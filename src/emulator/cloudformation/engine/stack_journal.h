#pragma once

#include <string>

#include "base/clock.h"
#include "emulator/cloudformation/stack/stack.h"
#include "emulator/cloudformation/stack/stack_store.h"

namespace sortie::emulator::cloudformation {

/// Changes the status of stacks and resources: each change is committed and has its event before the next one. The
/// references must outlive it; io_context thread only.
class StackJournal {
 public:
  StackJournal(const Clock& clock, StackStore& stacks) : clock_(clock), stacks_(stacks) {}

  void set_status(Stack& stack, std::string status, std::string reason = {});
  void set_status(const Stack& stack, Resource& resource, std::string status, std::string reason = {});
  /// The event alone, of a resource that the stack does not have any more.
  void add_event(const Stack& stack, const Resource& resource);

 private:
  const Clock& clock_;
  StackStore& stacks_;
};

}  // namespace sortie::emulator::cloudformation
