#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "emulator/cloudformation/engine.h"

/// Private to the engine's files.
namespace sortie::emulator::cloudformation {

struct Engine::Work {
  Work(Stack& the_stack, Caller the_caller, Template the_template, StackFacts the_facts)
      : stack(the_stack), caller(std::move(the_caller)), whole(std::move(the_template)), facts(std::move(the_facts)) {}

  Stack& stack;
  Caller caller;
  Template whole;
  StackFacts facts;
  std::unique_ptr<Evaluator> evaluator;
  std::set<std::string> imports;
  std::vector<std::string> failed_to_create;
  std::vector<std::string> failed_to_update;
  std::string failure;  ///< of the stack as a whole

  [[nodiscard]] std::string reason() const {
    std::string text;
    if (!failed_to_create.empty()) text += failed_resources("create", failed_to_create);
    if (!failed_to_update.empty()) text += failed_resources("update", failed_to_update);
    return failure.empty() ? text : failure + " " + text;
  }
};

}  // namespace sortie::emulator::cloudformation
