#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "run/event.h"

namespace sortie::report {

/// `0.012s`, `12.345s`, `3m 04.1s`.
std::string seconds(run::Microseconds duration);

/// The four-to-seven letter word for an outcome: PASS FAIL SKIP CRASH TIMEOUT OOM LOST.
std::string_view label(run::Outcome outcome);

/// Output of a test as a terminal may see it: invalid UTF-8 becomes U+FFFD; control characters other than newline and
/// tab become visible (`^@`), so that a test cannot move the cursor over an earlier line. Colour sequences stay when
/// `colour`.
std::string printable(std::string_view bytes, bool colour);

/// Output as XML 1.0 allows it (its production Char): invalid UTF-8, control characters but tab, newline and carriage
/// return, U+FFFE and U+FFFF become U+FFFD.
std::string xml_text(std::string_view bytes);

}  // namespace sortie::report
