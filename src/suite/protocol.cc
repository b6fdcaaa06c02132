#include "suite/protocol.h"

#include <boost/json.hpp>
#include <limits>

#include "base/utf8.h"
#include "suite/text.h"

namespace sortie::suite {
namespace {

namespace json = boost::json;

constexpr std::size_t k_request_limit = 6'000'000;
constexpr std::size_t k_line_limit = 1UL << 20;
constexpr std::size_t k_batch_ended_limit = 16UL << 20;
constexpr std::size_t k_listed_limit = 64UL << 20;
constexpr std::size_t k_nesting_limit = 16;
/// JSON text is UTF-8; a field that is not is carried under its name with this suffix.
constexpr const char* k_base64_suffix = "_base64";

constexpr std::string_view k_outcome_names[] = {"passed",    "failed",        "skipped", "crashed",
                                                "timed_out", "out_of_memory", "lost"};

struct Malformed {
  std::string what;
};

void put(json::object& object, std::string_view key, const std::string& bytes) {
  if (is_valid_utf8(bytes)) {
    object[key] = bytes;
  } else {
    object[std::string(key) + k_base64_suffix] = base64_encode(bytes);
  }
}

void put_unless_empty(json::object& object, std::string_view key, const std::string& bytes) {
  if (!bytes.empty()) put(object, key, bytes);
}

void put_unless_zero(json::object& object, std::string_view key, std::uint64_t value) {
  if (value != 0) object[key] = value;
}

/// A list element or map value: a string, or an object with the one field `base64`.
json::value to_json(const std::string& bytes) {
  if (is_valid_utf8(bytes)) return json::string(bytes);
  return json::object{{"base64", base64_encode(bytes)}};
}

std::string decode_base64(const json::value& value) {
  if (!value.is_string()) throw Malformed{"base64 is not a string"};
  auto bytes = base64_decode(value.get_string());
  if (!bytes) throw Malformed{"bad base64"};
  return *std::move(bytes);
}

std::string string_from(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (const json::object* object = value.if_object()) {
    if (const json::value* encoded = object->if_contains("base64")) return decode_base64(*encoded);
  }
  throw Malformed{"a string is expected"};
}

std::string get(const json::object& object, std::string_view key) {
  if (const json::value* value = object.if_contains(key)) return string_from(*value);
  if (const json::value* value = object.if_contains(std::string(key) + k_base64_suffix)) return decode_base64(*value);
  return {};
}

std::string get_required(const json::object& object, std::string_view key) {
  std::string value = get(object, key);
  if (value.empty()) throw Malformed{std::string(key) + " is missing"};
  return value;
}

template <class Integer>
Integer get_number(const json::object& object, std::string_view key, Integer absent) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return absent;
  json::error_code error;
  const auto number = value->to_number<Integer>(error);
  if (error || number < 0) throw Malformed{std::string(key) + " is not a number in range"};
  return number;
}

std::uint64_t get_offset(const json::object& object) {
  return get_number<std::uint64_t>(object, "log_offset", 0);
}

bool get_flag(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return false;
  if (!value->is_bool()) throw Malformed{std::string(key) + " is not true or false"};
  return value->get_bool();
}

const json::object& get_object(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_object()) throw Malformed{std::string(key) + " is not an object"};
  return value->get_object();
}

/// Absent is an empty list.
template <class Read>
auto get_list(const json::object& object, std::string_view key, Read read) {
  std::vector<decltype(read(std::declval<const json::value&>()))> list;
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return list;
  if (!value->is_array()) throw Malformed{std::string(key) + " is not a list"};
  list.reserve(value->get_array().size());
  for (const json::value& element : value->get_array()) list.push_back(read(element));
  return list;
}

json::array to_json(const std::vector<std::string>& strings) {
  json::array array;
  array.reserve(strings.size());
  for (const std::string& string : strings) array.push_back(to_json(string));
  return array;
}

json::array to_json(const std::vector<TestCase>& tests) {
  json::array array;
  array.reserve(tests.size());
  for (const TestCase& test : tests) {
    json::object object;
    put(object, "name", test.name);
    put_unless_empty(object, "file", test.file);
    if (test.line > 0) object["line"] = test.line;
    if (test.disabled) object["disabled"] = true;
    put_unless_empty(object, "unit", test.unit);
    if (test.serial) object["serial"] = true;
    array.push_back(std::move(object));
  }
  return array;
}

TestCase test_from(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) throw Malformed{"a test is not an object"};
  return {.name = get_required(*object, "name"),
          .file = get(*object, "file"),
          .line = get_number(*object, "line", 0),
          .disabled = get_flag(*object, "disabled"),
          .unit = get(*object, "unit"),
          .serial = get_flag(*object, "serial")};
}

json::object to_json(const SuiteSpec& suite) {
  json::object env;
  for (const auto& [name, value] : suite.env) env[name] = to_json(value);
  json::object object{{"framework", suite.framework},
                      {"args", to_json(suite.args)},
                      {"env", std::move(env)},
                      {"cwd", suite.cwd == WorkingFolder::tmp ? "tmp" : "task"}};
  put(object, "name", suite.name);
  put(object, "executable", suite.executable);
  put_unless_empty(object, "loader", suite.loader);
  return object;
}

SuiteSpec suite_from(const json::object& object) {
  SuiteSpec suite{.name = get(object, "name"),
                  .executable = get_required(object, "executable"),
                  .framework = get_required(object, "framework"),
                  .args = get_list(object, "args", string_from),
                  .loader = get(object, "loader")};
  if (object.contains("env")) {
    for (const auto& [name, value] : get_object(object, "env")) suite.env[name] = string_from(value);
  }
  const std::string cwd = get(object, "cwd");
  if (cwd != "task" && cwd != "tmp") throw Malformed{"cwd is neither task nor tmp"};
  suite.cwd = cwd == "tmp" ? WorkingFolder::tmp : WorkingFolder::task;
  return suite;
}

std::chrono::milliseconds timeout_from(const json::object& object, std::string_view key) {
  constexpr std::int64_t k_day_ms = 86'400'000;
  const auto count = get_number<std::int64_t>(object, key, 0);
  if (count < 1 || count > k_day_ms) throw Malformed{std::string(key) + " is not between 1 ms and a day"};
  return std::chrono::milliseconds(count);
}

json::object to_json(const Hello& hello) {
  json::object object{{"event", "hello"}, {"cold", hello.cold}, {"protocol", hello.protocol}};
  put(object, "worker", hello.worker);
  return object;
}

json::object to_json(const Listed& listed) {
  json::object object{{"event", "listed"}, {"tests", to_json(listed.tests)}};
  if (!listed.notices.empty()) object["notices"] = to_json(listed.notices);
  return object;
}

json::object to_json(const TestStarted& started) {
  json::object object{{"event", "test_started"}};
  put(object, "test", started.test);
  put_unless_zero(object, "log_offset", started.log_offset);
  return object;
}

json::object to_json(const Output& output) {
  json::object object{{"event", "output"}};
  put_unless_empty(object, "test", output.test);
  if (output.to_stderr) object["stderr"] = true;
  put(object, "bytes", output.bytes);
  put_unless_zero(object, "log_offset", output.log_offset);
  return object;
}

json::object to_json(const TestEnded& ended) {
  json::object object{{"event", "test_ended"}};
  put(object, "test", ended.test);
  if (ended.unlisted) object["unlisted"] = true;
  object["outcome"] = to_string(ended.outcome);
  object["duration_us"] = ended.duration.count();
  put_unless_empty(object, "message", ended.message);
  put_unless_empty(object, "file", ended.file);
  if (ended.line > 0) object["line"] = ended.line;
  if (ended.leaked_processes > 0) object["leaked_processes"] = ended.leaked_processes;
  put_unless_zero(object, "log_offset", ended.log_offset);
  return object;
}

json::object to_json(const BatchEnded& ended) {
  json::object object{{"event", "batch_ended"}};
  if (!ended.not_run.empty()) object["not_run"] = to_json(ended.not_run);
  put_unless_zero(object, "output_left_out", ended.output_left_out);
  if (!ended.notices.empty()) object["notices"] = to_json(ended.notices);
  return object;
}

json::object to_json(const Alive& /*alive*/) {
  return {{"event", "alive"}};
}

json::object to_json(const HarnessError& error) {
  json::object object{{"event", "error"}};
  put(object, "kind", error.kind);
  put(object, "message", error.message);
  return object;
}

TestEnded test_ended_from(const json::object& object) {
  const auto outcome = outcome_from(get(object, "outcome"));
  if (!outcome) throw Malformed{"unknown outcome"};
  return {.test = get_required(object, "test"),
          .unlisted = get_flag(object, "unlisted"),
          .outcome = *outcome,
          .duration = std::chrono::microseconds(get_number<std::int64_t>(object, "duration_us", 0)),
          .message = get(object, "message"),
          .file = get(object, "file"),
          .line = get_number(object, "line", 0),
          .leaked_processes = get_number(object, "leaked_processes", 0),
          .log_offset = get_offset(object)};
}

HarnessEvent event_from(const json::object& object) {
  const std::string event = get(object, "event");
  if (event == "hello") {
    return Hello{.worker = get(object, "worker"),
                 .cold = get_flag(object, "cold"),
                 .protocol = get_number(object, "protocol", 0)};
  }
  if (event == "listed") {
    return Listed{get_list(object, "tests", test_from), get_list(object, "notices", string_from)};
  }
  if (event == "test_started") return TestStarted{get_required(object, "test"), get_offset(object)};
  if (event == "output") {
    return Output{get(object, "test"), get_flag(object, "stderr"), get(object, "bytes"), get_offset(object)};
  }
  if (event == "test_ended") return test_ended_from(object);
  if (event == "batch_ended") {
    return BatchEnded{get_list(object, "not_run", string_from), get_number<std::uint64_t>(object, "output_left_out", 0),
                      get_list(object, "notices", string_from)};
  }
  if (event == "alive") return Alive{};
  if (event == "error") return HarnessError{get_required(object, "kind"), get(object, "message")};
  throw Malformed{"unknown event"};
}

HarnessRequest request_from(const json::object& object) {
  const std::string request = get(object, "request");
  if (request == "list")
    return ListRequest{suite_from(get_object(object, "suite")), timeout_from(object, "timeout_ms")};
  if (request != "run") throw Malformed{"the request is neither list nor run"};

  const std::string isolation = get(object, "isolation");
  if (isolation != "batch" && isolation != "process") throw Malformed{"isolation is neither batch nor process"};
  return BatchRequest{.suite = suite_from(get_object(object, "suite")),
                      .tests = get_list(object, "tests", test_from),
                      .isolation = isolation == "process" ? Isolation::process : Isolation::batch,
                      .test_timeout = timeout_from(object, "test_timeout_ms"),
                      .attempt = get_number(object, "attempt", 1),
                      .fail_fast = get_flag(object, "fail_fast")};
}

/// Parses an object and reads it; everything that is wrong with it becomes one protocol error.
template <class T, class Read>
Result<T> read_object(std::string_view text, std::string_view what, Read read) {
  json::parse_options options;
  options.max_depth = k_nesting_limit;
  json::error_code error;
  const json::value value = json::parse(text, error, {}, options);
  if (error) return fail(ErrorKind::protocol, std::string(what) + " is not JSON: " + error.message());
  if (!value.is_object()) return fail(ErrorKind::protocol, std::string(what) + " is not an object");
  try {
    return read(value.get_object());
  } catch (const Malformed& malformed) {
    return fail(ErrorKind::protocol, std::string(what) + ": " + malformed.what);
  }
}

std::size_t line_limit(std::string_view line) {
  if (line.starts_with(R"({"event":"listed")")) return k_listed_limit;
  if (line.starts_with(R"({"event":"batch_ended")")) return k_batch_ended_limit;
  return k_line_limit;
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  return k_outcome_names[static_cast<std::size_t>(outcome)];
}

std::optional<Outcome> outcome_from(std::string_view text) {
  for (std::size_t i = 0; i < std::size(k_outcome_names); ++i) {
    if (k_outcome_names[i] == text) return static_cast<Outcome>(i);
  }
  return std::nullopt;
}

std::string encode(const HarnessEvent& event) {
  return json::serialize(std::visit([](const auto& value) { return to_json(value); }, event));
}

Result<HarnessEvent> decode_event(std::string_view line) {
  if (line.size() > line_limit(line)) {
    return fail(ErrorKind::protocol, "an event line of " + std::to_string(line.size()) + " bytes is too long");
  }
  return read_object<HarnessEvent>(line, "the event", event_from);
}

std::string encode(const HarnessRequest& request) {
  json::object object;
  if (const auto* list = std::get_if<ListRequest>(&request)) {
    object = {{"request", "list"}, {"suite", to_json(list->suite)}, {"timeout_ms", list->timeout.count()}};
  } else {
    const auto& batch = std::get<BatchRequest>(request);
    object = {{"request", "run"},
              {"suite", to_json(batch.suite)},
              {"tests", to_json(batch.tests)},
              {"isolation", batch.isolation == Isolation::process ? "process" : "batch"},
              {"test_timeout_ms", batch.test_timeout.count()},
              {"attempt", batch.attempt},
              {"fail_fast", batch.fail_fast}};
  }
  return json::serialize(object);
}

Result<HarnessRequest> decode_request(std::string_view payload) {
  if (payload.size() > k_request_limit) return fail(ErrorKind::protocol, "the request is larger than 6 MB");
  return read_object<HarnessRequest>(payload, "the request", request_from);
}

}  // namespace sortie::suite
