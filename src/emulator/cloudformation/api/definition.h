#pragma once

#include <optional>
#include <vector>

#include "emulator/cloudformation/api/operation.h"

namespace sortie::emulator::cloudformation {

/// What a request makes of a stack.
struct Reading {
  Definition definition;
  Template whole;                          ///< with `unprocessed`: what read_declarations gives
  std::optional<Unprocessed> unprocessed;  ///< the template has macros
};

/// Of a stack that has `before` (empty for a new one) and is what `facts` say; checks the template and capabilities.
AwsResult<Reading> read_definition(const Operation& operation, const Definition& before, const StackFacts& facts,
                                   bool for_change_set);

/// `Parameters.member.N`
std::vector<GivenParameter> read_parameters(const wire::QueryInput& input);

}  // namespace sortie::emulator::cloudformation
