#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

/// The command line of s3cli: `s3cli [-v] -c CONFIG.json COMMAND ARGS`, with flags as Go's `flag` package reads them.
namespace sortie::s3cli {

enum class Verb : std::uint8_t { put, get, remove, exists, sign };
enum class SignedMethod : std::uint8_t { get, put };

struct Arguments {
  bool show_version = false;
  bool show_help = false;
  std::string config_path;
  Verb verb = Verb::put;
  std::string verb_name;  ///< as the user wrote it: `delete`
  std::string key;
  std::string file;                                ///< put and get
  SignedMethod signed_method = SignedMethod::get;  ///< sign
  std::chrono::seconds valid_for{0};               ///< sign; at least a second
};

/// ErrorKind::usage for a wrong flag, ErrorKind::config for everything else: each has its own message.
/// `words` is without the program's name.
Result<Arguments> parse_arguments(const std::vector<std::string>& words);

/// `1h`, `60m`, `1h30m`, `1.5h`, `3600s`, `500ms`: a number and a unit (ns, us, µs, ms, s, m, h), repeated, with a sign
/// in front; `0`. Nothing when it is none, or does not fit into 64 bits of nanoseconds.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

std::string_view usage();

}  // namespace sortie::s3cli
