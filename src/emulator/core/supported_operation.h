#pragma once

#include <string_view>

#include "emulator/core/operation_table.h"
#include "emulator/core/protocol.h"

namespace sortie::emulator {

/// The row of an operation that is there; 501 NotImplemented by name for any other. `service` is a signing name.
template <class Row>
AwsResult<const Row*> supported_operation(const OperationTable<Row>& table, std::string_view service,
                                          std::string_view operation) {
  const Row* row = table.find(operation);
  if (row == nullptr || row->handler == nullptr) return std::unexpected(not_implemented(service, operation));
  return row;
}

}  // namespace sortie::emulator
