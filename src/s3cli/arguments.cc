#include "s3cli/arguments.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

namespace sortie::s3cli {

namespace {

using Words = std::span<const std::string>;

struct VerbShape {
  std::string_view name;
  std::string_view title;
  Verb verb;
  std::size_t words;  ///< with its own
};

constexpr std::array<VerbShape, 5> k_verbs = {{{"put", "Put", Verb::put, 3},
                                               {"get", "Get", Verb::get, 3},
                                               {"delete", "Delete", Verb::remove, 2},
                                               {"exists", "Exists", Verb::exists, 2},
                                               {"sign", "Sign", Verb::sign, 4}}};

std::unexpected<Error> wrong_flag(std::string message) {
  return fail(ErrorKind::usage, std::move(message));
}

/// Go's words for true and false.
std::optional<bool> parse_bool(std::string_view text) {
  for (const auto* yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const auto* no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

/// Takes the flags off the front; what is left begins with the first word that is none, or follows `--`.
Result<Words> parse_flags(Words words, Arguments& out) {
  while (!words.empty()) {
    std::string_view word = words.front();
    if (word.size() < 2 || word.front() != '-') break;
    words = words.subspan(1);
    if (word == "--") break;
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    const auto equals = word.find('=');
    const auto name = word.substr(0, equals);
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) value = word.substr(equals + 1);
    if (name.empty() || name.front() == '-') return wrong_flag(fmt::format("bad flag syntax: -{}", word));
    if (name == "v") {
      const auto yes = parse_bool(value.value_or("true"));
      if (!yes) return wrong_flag(fmt::format("invalid boolean value \"{}\" for -v", *value));
      out.show_version = *yes;
    } else if (name == "c") {
      if (!value && words.empty()) return wrong_flag("flag needs an argument: -c");
      out.config_path = value ? std::string(*value) : words.front();
      if (!value) words = words.subspan(1);
    } else if (name == "h" || name == "help") {
      out.show_help = true;
      return Words{};
    } else {
      return wrong_flag(fmt::format("flag provided but not defined: -{}", name));
    }
  }
  return words;
}

Result<void> parse_sign(Words words, Arguments& out) {
  const auto& method = words[2];
  if (method != "get" && method != "put") {
    return fail(ErrorKind::config,
                fmt::format("Action not implemented: {}. Available actions are 'get' and 'put'", method));
  }
  out.signed_method = method == "get" ? SignedMethod::get : SignedMethod::put;
  const auto duration = parse_duration(words[3]);
  if (!duration) {
    return fail(ErrorKind::config,
                fmt::format("Expiration should be in the format of a duration i.e. 1h, 60m, 3600s. Got: {}", words[3]));
  }
  out.valid_for = std::chrono::duration_cast<std::chrono::seconds>(*duration);
  if (out.valid_for < std::chrono::seconds(1)) {
    return fail(ErrorKind::config, fmt::format("Expiration must be at least one second. Got: {}", words[3]));
  }
  return {};
}

/// What a number of `unit` is in nanoseconds; 0 for no unit.
double unit_of(std::string_view unit) {
  constexpr std::array<std::pair<std::string_view, double>, 8> units = {{{"ns", 1},
                                                                         {"us", 1e3},
                                                                         {"\xc2\xb5s", 1e3},
                                                                         {"\xce\xbcs", 1e3},
                                                                         {"ms", 1e6},
                                                                         {"s", 1e9},
                                                                         {"m", 60e9},
                                                                         {"h", 3600e9}}};
  for (const auto& [name, size] : units) {
    if (name == unit) return size;
  }
  return 0;
}

bool is_number_char(char c) {
  return (c >= '0' && c <= '9') || c == '.';
}

/// `12.5` without sign or exponent; nothing for `.` and `1.2.3`.
std::optional<double> parse_decimal(std::string_view text) {
  double value = 0;
  double scale = 0;  // of the next digit behind the point; 0: in front of it
  bool has_digit = false;
  for (const char c : text) {
    if (c == '.') {
      if (scale != 0) return std::nullopt;
      scale = 0.1;
      continue;
    }
    has_digit = true;
    value = scale == 0 ? value * 10 + (c - '0') : value + (c - '0') * scale;
    if (scale != 0) scale /= 10;
  }
  return has_digit ? std::optional(value) : std::nullopt;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return std::chrono::nanoseconds(0);
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    std::size_t digits = 0;
    while (digits < text.size() && is_number_char(text[digits])) ++digits;
    std::size_t end = digits;
    while (end < text.size() && !is_number_char(text[end])) ++end;
    const auto number = parse_decimal(text.substr(0, digits));
    const double unit = unit_of(text.substr(digits, end - digits));
    if (!number || unit == 0) return std::nullopt;
    total += *number * unit;
    text.remove_prefix(end);
  }
  if (!(total < double(std::numeric_limits<std::int64_t>::max()))) return std::nullopt;
  const auto count = static_cast<std::int64_t>(std::llround(total));
  return std::chrono::nanoseconds(negative ? -count : count);
}

Result<Arguments> parse_arguments(const std::vector<std::string>& words) {
  Arguments out;
  ASSIGN_OR_RETURN(const Words rest, parse_flags(words, out));
  if (out.show_version || out.show_help) return out;
  if (out.config_path.empty()) return fail(ErrorKind::config, "no configuration given: s3cli -c CONFIG.json COMMAND …");
  if (rest.size() < 2) {
    return fail(ErrorKind::config, fmt::format("Expected at least two arguments got {}", rest.size()));
  }
  const auto* shape = std::ranges::find(k_verbs, rest[0], &VerbShape::name);
  if (shape == k_verbs.end()) return fail(ErrorKind::config, fmt::format("unknown command: '{}'", rest[0]));
  if (rest.size() != shape->words) {
    return fail(ErrorKind::config,
                fmt::format("{} method expected {} arguments got {}", shape->title, shape->words, rest.size()));
  }
  out.verb = shape->verb;
  out.verb_name = rest[0];
  out.key = out.verb == Verb::put ? rest[2] : rest[1];
  if (out.verb == Verb::put) out.file = rest[1];
  if (out.verb == Verb::get) out.file = rest[2];
  // S3 would take it for an operation on the bucket.
  if (out.key.empty()) return fail(ErrorKind::config, "the key must not be empty");
  if (out.verb == Verb::sign) RETURN_IF_ERROR(parse_sign(rest, out));
  return out;
}

std::string_view usage() {
  return R"usage(Usage of s3cli:
  s3cli [-v] -c CONFIG.json COMMAND ARGS
    put FILE KEY               upload a file
    get KEY FILE               download a blob; FILE may be /dev/stdout or a pipe
    delete KEY                 delete a blob; one that is not there is no error
    exists KEY                 exit status 0 when it exists, 3 when it does not
    sign KEY get|put DURATION  print a URL that whoever has it may use for so long: 1h, 60m, 3600s
  -c string
    	configuration path
  -v	print CLI version

CONFIG.json, with the credentials of the environment, a profile, a container or an instance:
  {"bucket_name": "blobs", "region": "eu-west-1", "credentials_source": "env_or_profile"}
with keys of its own, in a store that is not AWS's:
  {"bucket_name": "blobs", "host": "store.example", "port": 9000, "access_key_id": "…", "secret_access_key": "…"}

Examples:
  s3cli -c config.json put release.tgz releases/1.tgz
  s3cli -c config.json get releases/1.tgz /dev/stdout | tar -tz
  s3cli -c config.json exists releases/2.tgz || echo not there
  curl -o release.tgz "$(s3cli -c config.json sign releases/1.tgz get 10m)"

Exit status: 0 done, 1 failed, 2 a flag that there is not, 3 the blob of `exists` is not there.
)usage";
}

}  // namespace sortie::s3cli
