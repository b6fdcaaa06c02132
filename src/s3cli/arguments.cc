#include "s3cli/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "s3cli/duration.h"
#include "s3cli/go_flags.h"

namespace sortie::s3cli {

namespace {

using Words = std::span<const std::string>;

/// SigV4's own default for a URL that says nothing (Amazon S3, "Authenticating requests: using query parameters"),
/// which AWS's SDKs take for a duration of 0.
constexpr std::chrono::seconds k_default_validity{900};

struct VerbShape {
  std::string_view name;
  std::string_view title;  ///< s3cli's word for it in messages; empty: storage-cli's alone
  Verb verb;
  std::size_t least;  ///< arguments behind it
  std::size_t most;
};

constexpr std::array<VerbShape, 10> k_verbs = {{{"put", "Put", Verb::put, 2, 2},
                                                {"get", "Get", Verb::get, 2, 2},
                                                {"delete", "Delete", Verb::remove, 1, 1},
                                                {"exists", "Exists", Verb::exists, 1, 1},
                                                {"sign", "Sign", Verb::sign, 3, 3},
                                                {"list", "", Verb::list, 0, 1},
                                                {"copy", "", Verb::copy, 2, 2},
                                                {"delete-recursive", "", Verb::remove_recursive, 0, 1},
                                                {"properties", "", Verb::properties, 1, 1},
                                                {"ensure-storage-exists", "", Verb::ensure_storage_exists, 0, 0}}};

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorKind::config, std::move(message));
}

std::optional<Log::Level> level_of(std::string_view name) {
  constexpr std::pair<std::string_view, Log::Level> levels[] = {{"debug", Log::Level::debug},
                                                                {"info", Log::Level::info},
                                                                {"warn", Log::Level::warning},
                                                                {"error", Log::Level::error}};
  for (const auto& [known, level] : levels) {
    if (known == name) return level;
  }
  return std::nullopt;
}

struct Flags {
  std::string provider;
  std::string level;
};

Result<Words> parse_flags(Words words, Arguments& out, Flags& flags) {
  constexpr std::size_t k_common_flags = 2;  // the others are storage-cli's
  const GoFlag known[] = {
      {"v", true, [&](std::string_view value) { out.show_version = value == "true"; }},
      {"c", false, [&](std::string_view value) { out.config_path = value; }},
      {"s", false, [&](std::string_view value) { flags.provider = value; }},
      {"log-file", false, [&](std::string_view value) { out.log_file = value; }},
      {"log-level", false, [&](std::string_view value) { flags.level = value; }},
  };
  const std::size_t count = out.dialect == Dialect::storage_cli ? std::size(known) : k_common_flags;
  return parse_go_flags(words, std::span(known).first(count), [&out] { out.show_help = true; });
}

Result<void> check_flags(const Flags& flags, Arguments& out) {
  if (out.dialect == Dialect::s3cli) return {};
  if (flags.provider.empty()) return wrong("storage provider not specified: storage-cli -s s3 …");
  if (flags.provider != "s3") {
    return wrong(
        fmt::format("storage provider '{}' is not here: this program is storage-cli for 's3' alone", flags.provider));
  }
  if (flags.level.empty()) return {};
  const auto level = level_of(flags.level);
  if (!level) return wrong(fmt::format("unknown log level '{}': debug, info, warn or error", flags.level));
  out.log_level = *level;
  return {};
}

/// A duration of less than a second but more than none is one second: URLs count whole ones.
Result<void> parse_sign(Words words, Arguments& out) {
  const auto& method = words[1];
  if (method != "get" && method != "put") {
    const auto* action = out.dialect == Dialect::s3cli ? "Action" : "action";
    return wrong(fmt::format("{} not implemented: {}. Available actions are 'get' and 'put'", action, method));
  }
  out.signed_method = method == "get" ? SignedMethod::get : SignedMethod::put;
  const auto duration = parse_duration(words[2]);
  if (!duration) {
    return wrong(
        fmt::format("Expiration should be in the format of a duration i.e. 1h, 60m, 3600s. Got: {}", words[2]));
  }
  if (duration->count() < 0) return wrong(fmt::format("Expiration must not be negative. Got: {}", words[2]));
  out.valid_for = duration->count() == 0
                      ? k_default_validity
                      : std::max(std::chrono::seconds(1), std::chrono::duration_cast<std::chrono::seconds>(*duration));
  return {};
}

/// The shape of the verb in front of `words`, with the right number of arguments behind it.
Result<VerbShape> shape_of(Words words, Dialect dialect) {
  const auto count = words.size() - 1;
  if (dialect == Dialect::storage_cli && words[0].starts_with("sign-")) {
    return wrong(fmt::format("{} is for other storage providers than s3", words[0]));
  }
  const auto* shape = std::ranges::find(k_verbs, words[0], &VerbShape::name);
  if (shape == k_verbs.end() || (dialect == Dialect::s3cli && shape->title.empty())) {
    return wrong(fmt::format("unknown command: '{}'", words[0]));
  }
  if (count >= shape->least && count <= shape->most) return *shape;
  if (dialect == Dialect::s3cli) {  // which counts the command itself
    return wrong(fmt::format("{} method expected {} arguments got {}", shape->title, shape->most + 1, count + 1));
  }
  return wrong(fmt::format("{} method expected {} arguments got {}", shape->name, shape->most, count));
}

void take_names(Words words, Arguments& out) {
  switch (out.verb) {
    case Verb::put:
      out.file = words[0];
      out.key = words[1];
      break;
    case Verb::get:
      out.key = words[0];
      out.file = words[1];
      break;
    case Verb::copy:
      out.key = words[0];
      out.destination = words[1];
      break;
    default:
      if (!words.empty()) out.key = words[0];
  }
}

bool needs_key(Verb verb) {
  return verb != Verb::list && verb != Verb::remove_recursive && verb != Verb::ensure_storage_exists;
}

}  // namespace

Dialect dialect_of(std::string_view program, const std::vector<std::string>& words) {
  const auto name = program.substr(program.rfind('/') + 1);
  if (name.starts_with("storage-cli")) return Dialect::storage_cli;
  for (std::size_t i = 0; i < words.size() && words[i].size() >= 2 && words[i].front() == '-'; ++i) {
    std::string_view flag = words[i];
    flag.remove_prefix(flag.starts_with("--") ? 2 : 1);
    if (flag == "s" || flag.starts_with("s=")) return Dialect::storage_cli;
    if (flag == "c" || flag == "log-file" || flag == "log-level") ++i;  // its value
  }
  return Dialect::s3cli;
}

Result<Arguments> parse_arguments(std::string_view program, const std::vector<std::string>& words) {
  Arguments out;
  out.dialect = dialect_of(program, words);
  Flags flags;
  ASSIGN_OR_RETURN(const Words rest, parse_flags(words, out, flags));
  if (out.show_version || out.show_help) return out;
  RETURN_IF_ERROR(check_flags(flags, out));
  const bool is_s3cli = out.dialect == Dialect::s3cli;
  if (out.config_path.empty()) {
    return wrong(is_s3cli ? "no configuration given: s3cli -c CONFIG.json COMMAND …"
                          : "no configuration given: storage-cli -s s3 -c CONFIG.json COMMAND …");
  }
  if (is_s3cli && rest.size() < 2) {
    return wrong(fmt::format("Expected at least two arguments got {}", rest.size()));
  }
  if (rest.empty()) return wrong("no command given: storage-cli -s s3 -c CONFIG.json COMMAND …");
  ASSIGN_OR_RETURN(const VerbShape shape, shape_of(rest, out.dialect));
  out.verb = shape.verb;
  out.verb_name = rest[0];
  const Words names = rest.subspan(1);
  take_names(names, out);
  // S3 would take it for an operation on the bucket.
  if (needs_key(out.verb) && (out.key.empty() || (out.verb == Verb::copy && out.destination.empty()))) {
    return wrong("the key must not be empty");
  }
  if (out.verb == Verb::sign) RETURN_IF_ERROR(parse_sign(names, out));
  return out;
}

}  // namespace sortie::s3cli
