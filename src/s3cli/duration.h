#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace sortie::s3cli {

/// A duration as Go writes it (https://pkg.go.dev/time#ParseDuration): `1h`, `60m`, `1h30m`, `1.5h`, `3600s`, `500ms`:
/// a number and a unit (ns, us, µs, ms, s, m, h), repeated, with a sign in front; `0`. Nothing when it is none, or does
/// not fit into 64 bits of nanoseconds.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace sortie::s3cli
