#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "s3cli/log.h"

/// The two command lines of the program, with flags as Go's `flag` package reads them:
///     s3cli [-v] -c CONFIG.json COMMAND ARGS
///     storage-cli -s s3 -c CONFIG.json [-log-file PATH] [-log-level LEVEL] COMMAND ARGS
namespace sortie::s3cli {

/// Which of the two the program is. They differ in flags, messages, logs, and in what `exists` says.
enum class Dialect : std::uint8_t { s3cli, storage_cli };

enum class Verb : std::uint8_t {
  put,
  get,
  remove,
  exists,
  sign,
  // Of storage-cli alone:
  list,
  copy,
  remove_recursive,
  properties,
  ensure_storage_exists,
};
enum class SignedMethod : std::uint8_t { get, put };

struct Arguments {
  Dialect dialect = Dialect::s3cli;
  bool show_version = false;
  bool show_help = false;
  std::string config_path;
  std::string log_file;                        ///< storage-cli; empty: none
  Log::Level log_level = Log::Level::warning;  ///< storage-cli
  Verb verb = Verb::put;
  std::string verb_name;                           ///< as the user wrote it: `delete`
  std::string key;                                 ///< or the prefix of list and delete-recursive; of copy: the source
  std::string file;                                ///< put and get
  std::string destination;                         ///< copy
  SignedMethod signed_method = SignedMethod::get;  ///< sign
  std::chrono::seconds valid_for{0};               ///< sign; at least a second
};

/// A program whose name begins with `storage-cli` is that, and any that is given the flag `-s`.
Dialect dialect_of(std::string_view program, const std::vector<std::string>& words);

/// ErrorKind::usage for a wrong flag, ErrorKind::config for everything else: each has its own message. `program` is the
/// name that the program was called by; `words` is without it.
Result<Arguments> parse_arguments(std::string_view program, const std::vector<std::string>& words);

std::string_view usage(Dialect dialect);

}  // namespace sortie::s3cli
