#pragma once

#include <span>
#include <string>

#include "emulator/core/call.h"
#include "emulator/core/ports.h"
#include "wire/query_protocol.h"

namespace sortie::emulator::sts {

/// One request to STS and what it works on.
struct Operation {
  Authorizer& authorizer;
  Identities& identities;
  Sessions& sessions;
  const Call& call;
  const wire::QueryInput& input;
};

/// The answer is the content of the operation's result element.
using Row = OperationRow<Operation, AwsResult<std::string>>;

std::span<const Row> session_operations();
std::span<const Row> unsupported_operations();

}  // namespace sortie::emulator::sts
