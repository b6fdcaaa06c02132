#pragma once

#include "base/error.h"

namespace sortie::sandbox {

/// The supervisor program (supervisor/main.cc) as a descriptor to execute; made at the first call, never closed.
Result<int> supervisor_image();

}  // namespace sortie::sandbox
