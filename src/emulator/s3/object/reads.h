#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "emulator/s3/operation/operation.h"

namespace sortie::emulator::s3 {

enum class ReadBody : bool { no, yes };

/// GetObject, or HeadObject: the same without a body.
Answer read_object(const Operation& operation, ReadBody body);
/// GetObject for other services: the whole object, at most `limit` bytes.
Task<AwsResult<std::string>> read_bytes(const Operation& operation, std::size_t limit);

/// The customer's key that the object's bytes are encrypted with, from the request; nothing when they are not.
AwsResult<std::optional<CustomerKey>> object_key(const Operation& operation, const Object& object,
                                                 KeyHeaders which = KeyHeaders::own);
/// Whether the object was uploaded in parts.
bool is_multipart(const Object& object);

}  // namespace sortie::emulator::s3
