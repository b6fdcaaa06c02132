#pragma once

#include "emulator/s3/operation/operation.h"

namespace sortie::emulator::s3 {

/// PutObject, and what PostObject makes of a form.
Task<Answer> put_object(Operation& operation);

}  // namespace sortie::emulator::s3
