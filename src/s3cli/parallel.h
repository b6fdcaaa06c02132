#pragma once

#include <functional>

#include "base/error.h"
#include "base/task.h"

namespace sortie::s3cli {

/// Runs `count` tasks beside each other and waits until all have ended. The first that fails cancels the others, and
/// its error is the result. Cancelled from outside it cancels them all: ErrorKind::cancelled.
Task<Result<void>> run_parallel(int count, std::function<Task<Result<void>>(int index)> make);

}  // namespace sortie::s3cli
