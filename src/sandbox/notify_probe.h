#pragma once

#include "base/error.h"

namespace sortie::sandbox {

/// Tries out, on a child process, what a Notifier needs: the filter, the caller's memory, a redirected connect. The
/// error says what is in the way. A millisecond or two.
Result<void> try_notifications();

}  // namespace sortie::sandbox
